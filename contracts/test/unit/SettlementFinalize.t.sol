// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";

contract SettlementFinalizeTest is BatchBuilder {
    uint96 private constant FEE = 1e18;

    function setUp() public override {
        super.setUp();
        _deposit(payer, operator, 100_000e18);
        _deposit(payer2, operator, 100_000e18);
    }

    function _two() private view returns (Calls[] memory calls) {
        calls = new Calls[](2);
        calls[0] = Calls(payer, payerKey, 3, FEE);
        calls[1] = Calls(payer2, payer2Key, 2, 2 * FEE);
    }

    function test_finalize_splitsTheMoneyAndActivatesTheRewards() public {
        bytes32 header = _settleCalls(operator, _two());
        uint256 supply = token.totalSupply();
        uint96 fee = 7 * FEE * PROTOCOL_FEE_BPS / 10_000;
        uint96 burned = fee * BURN_BPS / 10_000;
        vm.warp(block.timestamp + WINDOW);
        vm.expectEmit(address(settlement));
        emit ISettlement.BatchFinalized(operator, 1, header, 7 * FEE - fee, burned, fee - burned, anyone);
        vm.prank(anyone);
        settlement.finalize(headers[operator][1]);
        assertEq(token.totalSupply(), supply - burned);
        assertEq(token.balanceOf(treasury), fee - burned);
        assertEq(token.balanceOf(address(pool)), 7 * FEE - fee);
        assertEq(escrow.pending(), 0);
        assertEq(pool.liveRewards(operator), keccak256(abi.encode(headers[operator][1].rewards)));
        assertEq(registry.operator(operator).locked, 0);
        ISettlement.OperatorBatches memory state = settlement.batches(operator);
        assertEq(state.finalized, 1);
        assertEq(state.pendingValue, 0);
    }

    function test_finalize_failsWithinTheWindow() public {
        _settleCalls(operator, _two());
        uint64 finalAt = uint64(block.timestamp) + WINDOW;
        vm.warp(finalAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_WindowOpen.selector, finalAt));
        settlement.finalize(headers[operator][1]);
    }

    function test_finalize_failsOutOfOrderOrTwice() public {
        _settleCalls(operator, _two());
        _settleCalls(operator, _two());
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_WrongBatchIndex.selector, 2, 1));
        settlement.finalize(headers[operator][2]);
        settlement.finalize(headers[operator][1]);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_WrongBatchIndex.selector, 1, 2));
        settlement.finalize(headers[operator][1]);
        settlement.finalize(headers[operator][2]);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_NothingPending.selector, operator));
        settlement.finalize(headers[operator][2]);
    }

    function testFuzz_finalize_failsForAnotherHeader(
        uint8 field
    ) public {
        bytes32 stored = _settleCalls(operator, _two());
        vm.warp(block.timestamp + WINDOW);
        BatchHeader memory h = headers[operator][1];
        field = field % 8;
        if (field == 0) h.rewards.root = ~h.rewards.root;
        if (field == 1) h.rewards.amount += 1;
        if (field == 2) h.settledAt -= 1;
        if (field == 3) h.body.protocolFee += 1;
        if (field == 4) h.body.allocations.amount += 1;
        if (field == 5) h.body.receipts.amount -= 1;
        if (field == 6) h.body.feeVersion += 1;
        if (field == 7) h.body.parametersHash = ~h.body.parametersHash;
        bytes32 given =
            keccak256(abi.encode(keccak256(abi.encode(h.body)), keccak256(abi.encode(h.rewards)), h.settledAt));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_WrongHeader.selector, given, stored));
        settlement.finalize(h);
    }

    /// @dev A batch keeps the burn of its own fee version, whatever is in effect when it becomes final.
    function test_finalize_usesTheBatchsOwnFeeVersion() public {
        _settleCalls(operator, _two());
        vm.prank(governance);
        feePolicy.setFee(_split(100, 0, 5_000));
        vm.warp(block.timestamp + NOTICE + GRACE + 1);
        uint256 supply = token.totalSupply();
        _finalize(operator);
        assertEq(supply - token.totalSupply(), 7 * FEE * PROTOCOL_FEE_BPS / 10_000 * BURN_BPS / 10_000);
    }
}
