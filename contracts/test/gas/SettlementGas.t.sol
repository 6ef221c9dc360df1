// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @notice Gas of whole transactions in the steady state behind proxies: base cost and calldata included, every slot
///         already in use, nothing warm. Run with `--isolate`, so that each call is a transaction of its own.
/// forge-config: default.isolate = true
contract SettlementGasTest is TransactionGas, BatchBuilder {
    using Math for uint256;

    uint96 private constant FEE = 12_345_678_901_230_000; // about a hundredth of an OPEN

    function _calls(
        uint256 channels,
        uint32 each
    ) private returns (Calls[] memory calls) {
        calls = new Calls[](channels);
        for (uint256 i = 0; i < channels; ++i) {
            address from = makeAddr(string.concat("gas payer", vm.toString(i)));
            // As with API keys: each channel is a session key's, which costs more to check than the payer's own.
            (address signer, uint256 key) = makeAddrAndKey(string.concat("gas session", vm.toString(i)));
            if (escrow.account(from, operator).balance == 0) {
                _deposit(from, operator, 1_000e18);
                _authorize(from, operator, signer, 1_000e18, uint32(block.timestamp + 1 days));
            }
            calls[i] = Calls(from, key, each, FEE);
        }
    }

    /// @dev External, so that the memory of building is given back.
    function settleFinal(
        Calls[] memory calls
    ) external {
        _settleFinal(operator, calls);
    }

    function settleOne(
        Calls[] memory calls
    ) external {
        _settleCalls(operator, calls);
    }

    function build(
        Calls[] memory calls
    ) external view returns (Batch memory) {
        return _build(operator, calls);
    }

    function _settleGas(
        string memory name,
        uint256 channels,
        uint32 each
    ) private returns (uint256 used, uint256 size) {
        Calls[] memory calls = _calls(channels, 1);
        this.settleFinal(calls); // first use of every slot
        this.settleOne(calls); // another batch waits for its window
        calls = _calls(channels, each);
        Batch memory b = this.build(calls);
        bytes memory data = abi.encodeCall(ISettlement.settle, (b.body, b.rewards, b.previous, b.channels, b.data));
        size = data.length;
        vm.prank(operator);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
        used = _measure(name, data);
    }

    function test_settle_1024CallsIn16Channels() public {
        (uint256 used, uint256 size) = _settleGas("settle_1024_16", 16, 64);
        vm.snapshotValue(GROUP, "per_call_1024_16", used.ceilDiv(1_024));
        vm.snapshotValue(GROUP, "calldata_bytes_per_call_1024_16", size.ceilDiv(1_024));
    }

    /// @dev What a batch costs follows its channels; calls only add to its trees.
    function test_settle_otherSizes() public {
        uint256[2][5] memory sizes =
            [[uint256(1), 1], [uint256(64), 1], [uint256(64), 16], [uint256(64), 64], [uint256(1_024), 64]];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < sizes.length; ++i) {
            (uint256 calls, uint256 channels) = (sizes[i][0], sizes[i][1]);
            string memory name = string.concat("settle_", vm.toString(calls), "_", vm.toString(channels));
            _settleGas(name, channels, uint32(calls / channels));
            vm.revertToState(snapshot);
        }
    }

    function test_settle_oneMoreChannel() public {
        uint256 snapshot = vm.snapshotState();
        (uint256 sixteen,) = _settleGas("settle_16_16", 16, 1);
        vm.revertToState(snapshot);
        (uint256 seventeen,) = _settleGas("settle_17_17", 17, 1);
        vm.snapshotValue(GROUP, "per_further_channel", seventeen - sixteen);
    }

    function test_finalize() public {
        Calls[] memory calls = _calls(16, 1);
        this.settleFinal(calls);
        this.settleOne(calls);
        this.settleOne(calls); // another batch still waits
        vm.warp(block.timestamp + WINDOW);
        BatchHeader memory header = headers[operator][2];
        settlement.finalize(header);
        _measure("finalize", abi.encodeCall(ISettlement.finalize, (header)));
    }
}
