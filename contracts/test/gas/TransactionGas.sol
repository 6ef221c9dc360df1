// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";

/// @notice Measures the transaction that a test has just sent, base cost and calldata included. Only under `--isolate`,
///         which makes each call of a test a transaction of its own, with nothing warm.
abstract contract TransactionGas is Test {
    string internal constant GROUP = "settlement"; // snapshots/settlement.json

    /// @param data calldata of the transaction
    function _measure(
        string memory name,
        bytes memory data
    ) internal returns (uint256 used) {
        used = vm.lastCallGas().gasTotalUsed;
        uint256 tokens;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        assertGe(used, 21_000 + 4 * tokens, "base cost and calldata are not counted: run with --isolate");
        // 4 gas a zero byte and 16 another; EIP-7623, which this EVM (cancun) does not have, asks for 10 and 40 at least
        // of what computes little.
        uint256 floor = 21_000 + 10 * tokens;
        if (used < floor) used = floor;
        vm.snapshotValue(GROUP, name, used);
        vm.snapshotValue(GROUP, string.concat(name, "_calldata_bytes"), data.length);
    }
}
