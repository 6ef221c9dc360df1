// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";

/// @notice Gas of whole transactions in the steady state behind proxies: base cost and calldata included, every slot
///         already in use, nothing warm. Run with `--isolate`, so that each call is a transaction of its own.
contract SettlementGasTest is BatchBuilder {
    string private constant GROUP = "settlement";
    uint96 private constant FEE = 123_456_780_000;

    /// @dev 16 bytes of base cost per non-zero byte, 4 per zero byte; the floor of EIP-7623 is far below.
    function _measure(string memory name, bytes memory data) private returns (uint256 used) {
        used = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue(GROUP, name, used);
        vm.snapshotValue(GROUP, string.concat(name, "_calldata_bytes"), data.length);
        uint256 tokens;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        assertGe(used, 21_000 + 4 * tokens, "base cost and calldata are not counted: run with --isolate");
        assertGe(used, 21_000 + 10 * tokens, "the calldata floor of EIP-7623 would be more");
    }

    function _calls(uint256 channels, uint32 each) private returns (Calls[] memory calls) {
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
    function settleFinal(Calls[] memory calls) external {
        _settleFinal(operator, calls);
    }

    function settleOne(Calls[] memory calls) external {
        _settleCalls(operator, calls);
    }

    function build(Calls[] memory calls) external view returns (Batch memory) {
        return _build(operator, calls);
    }

    function _settleGas(string memory name, uint256 channels, uint32 each) private returns (uint256 used, uint256 size) {
        Calls[] memory calls = _calls(channels, 1);
        this.settleFinal(calls); // first use of every slot
        this.settleOne(calls); // another batch waits for its window
        calls = _calls(channels, each);
        Batch memory b = this.build(calls);
        bytes memory data =
            abi.encodeCall(ISettlement.settle, (b.body, b.rewards, b.previous, b.channels, b.data));
        size = data.length;
        vm.prank(operator);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
        used = _measure(name, data);
    }

    function test_settle_1024CallsIn16Channels() public {
        (uint256 used, uint256 size) = _settleGas("settle_1024_16", 16, 64);
        vm.snapshotValue(GROUP, "per_call_1024_16", used / 1_024);
        vm.snapshotValue(GROUP, "calldata_bytes_per_call_1024_16", (size + 1_023) / 1_024);
        assertLe(used / 1_024, 400);
        assertLe(size, 5 * 1_024);
    }

    function test_settle_17Channels() public {
        _settleGas("settle_17_17", 17, 1);
    }

    function test_settle_16Channels() public {
        _settleGas("settle_16_16", 16, 1);
    }
}
