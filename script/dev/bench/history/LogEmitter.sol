// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Emits the logs it is told to. A benchmark puts its code in the place of every indexed contract, on a chain
///         made for the purpose, to have a long history in a minute.
contract LogEmitter {
    struct Entry {
        LogEmitter emitter;
        bytes32[] topics;
        bytes data;
    }

    /// @notice Has each entry emitted by its emitter, in order.
    function relay(
        Entry[] calldata entries
    ) external {
        for (uint256 i; i < entries.length; ++i) {
            entries[i].emitter.emitLog(entries[i].topics, entries[i].data);
        }
    }

    /// @notice Emits one log of one to four topics.
    function emitLog(
        bytes32[] calldata topics,
        bytes calldata data
    ) external {
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, data.offset, data.length)
            let t := topics.offset
            switch topics.length
            case 1 { log1(at, data.length, calldataload(t)) }
            case 2 { log2(at, data.length, calldataload(t), calldataload(add(t, 32))) }
            case 3 { log3(at, data.length, calldataload(t), calldataload(add(t, 32)), calldataload(add(t, 64))) }
            case 4 {
                log4(
                    at,
                    data.length,
                    calldataload(t),
                    calldataload(add(t, 32)),
                    calldataload(add(t, 64)),
                    calldataload(add(t, 96))
                )
            }
            default { revert(0, 0) }
        }
    }
}
