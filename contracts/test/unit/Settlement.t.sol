// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Vm} from "forge-std/Vm.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";

contract SettlementTest is BatchBuilder {
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

    function _try(
        Batch memory b,
        bytes memory expected
    ) private {
        vm.expectRevert(expected);
        vm.prank(operator);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
    }

    // ── settle ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_storesTheHeaderAndLocksStake() public {
        Calls[] memory calls = _two();
        Batch memory b = _build(operator, calls);
        bytes32 header = _settle(b, calls);
        bytes32 bodyHash = keccak256(abi.encode(b.body));
        assertEq(settlement.hashBody(b.body), bodyHash);
        assertEq(header, keccak256(abi.encode(bodyHash, keccak256(abi.encode(b.rewards)), uint64(block.timestamp))));
        assertEq(settlement.headerHash(operator, 1), header);
        ISettlement.OperatorBatches memory state = settlement.batches(operator);
        assertEq(state.settled, 1);
        assertEq(state.finalized, 0);
        assertEq(state.pendingValue, 7 * FEE);
        assertEq(registry.operator(operator).locked, 14 * FEE);
        assertEq(escrow.pending(), 7 * FEE);
        assertEq(escrow.account(payer, operator).balance, 100_000e18 - 3 * FEE);
        assertEq(escrow.account(payer2, operator).balance, 100_000e18 - 4 * FEE);
    }

    function test_settle_emitsEveryFieldOfTheBatch() public {
        Calls[] memory calls = _two();
        Batch memory b = _build(operator, calls);
        vm.recordLogs();
        bytes32 header = _settle(b, calls);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory log = logs[logs.length - 1];
        assertEq(log.emitter, address(settlement));
        assertEq(log.topics[0], ISettlement.BatchSettled.selector);
        assertEq(log.topics[1], bytes32(uint256(uint160(operator))));
        assertEq(log.topics[2], bytes32(uint256(1)));
        assertEq(log.topics[3], header);
        // The fields of the event are those of the struct, whose encoding has one more word, its offset.
        Settlement.SettledFields memory f =
            abi.decode(bytes.concat(bytes32(uint256(32)), log.data), (Settlement.SettledFields));
        assertEq(f.bodyHash, keccak256(abi.encode(b.body)));
        assertEq(f.receipts, 5);
        assertEq(f.collected, 7 * FEE);
        assertEq(f.allocated, b.body.allocations.amount);
        assertEq(f.protocolFee, b.body.protocolFee);
        assertEq(f.feeVersion, 1);
        assertEq(f.dayIndex, 0);
        assertEq(f.receiptsRoot, b.body.receipts.root);
        assertEq(f.allocationsRoot, b.body.allocations.root);
        assertEq(f.rewardsRoot, b.rewards.root);
        assertEq(f.rewardsAmount, b.rewards.amount);
        assertEq(f.rewardsWeight, b.rewards.weight);
        assertEq(f.finalAt, block.timestamp + WINDOW);
        assertEq(f.dataCommitment, b.data);
    }

    function test_settle_maySignerOfTheOperator() public {
        Batch memory b = _build(operator, _two());
        vm.prank(operatorSigner);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
        assertEq(settlement.batches(operator).settled, 1);
    }

    function test_settle_failsForAnyoneElse() public {
        Batch memory b = _build(operator, _two());
        vm.prank(operator2);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_NotOperator.selector, operator2, operator));
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
    }

    function test_settle_failsForAnInactiveOperator() public {
        Batch memory b = _build(operator, _two());
        vm.prank(operator);
        registry.unbond(STAKE);
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_OperatorInactive.selector, operator));
    }

    function test_settle_failsBeyondEightPending() public {
        for (uint256 i = 0; i < 8; ++i) {
            _settleCalls(operator, _one(payer, payerKey, 1, FEE));
        }
        _try(
            _build(operator, _one(payer, payerKey, 1, FEE)),
            abi.encodeWithSelector(ISettlement.Settlement_TooManyPending.selector, operator)
        );
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        _settleCalls(operator, _one(payer, payerKey, 1, FEE));
        assertEq(settlement.batches(operator).pendingValue, 8 * FEE);
    }

    function testFuzz_settle_failsForAWrongIndex(
        uint32 index
    ) public {
        Batch memory b = _build(operator, _two());
        vm.assume(index != 1);
        b.body.batchIndex = index;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongBatchIndex.selector, index, 1));
    }

    function test_settle_failsForAWrongPreviousHash() public {
        bytes32 stored = _settleCalls(operator, _two());
        Batch memory b = _build(operator, _two());
        b.body.previousHash = 0;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongPreviousBatch.selector, bytes32(0), stored));
    }

    function testFuzz_settle_failsForAWrongOpeningOfThePreviousBatch(
        uint8 field
    ) public {
        bytes32 stored = _settleCalls(operator, _two());
        Batch memory b = _build(operator, _two());
        field = field % 6;
        if (field == 0) b.previous.bodyHash = ~b.previous.bodyHash;
        if (field == 1) b.previous.rewards.root = ~b.previous.rewards.root;
        if (field == 2) b.previous.rewards.count += 1;
        if (field == 3) b.previous.rewards.amount += 1;
        if (field == 4) b.previous.rewards.weight += 1;
        if (field == 5) b.previous.settledAt += 1;
        bytes32 opened =
            keccak256(abi.encode(b.previous.bodyHash, keccak256(abi.encode(b.previous.rewards)), b.previous.settledAt));
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongPreviousBatch.selector, opened, stored));
    }

    function test_settle_failsForAnOpeningBeforeTheFirstBatch() public {
        Batch memory b = _build(operator, _two());
        b.previous.rewards.amount = 1;
        bytes32 opened = keccak256(abi.encode(bytes32(0), keccak256(abi.encode(b.previous.rewards)), uint64(0)));
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongPreviousBatch.selector, opened, bytes32(0)));
    }

    function test_settle_failsForWrongHashesOfChannelsAndData() public {
        Batch memory b = _build(operator, _two());
        bytes32 right = b.body.channelsHash;
        b.body.channelsHash = 0;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongChannelsHash.selector, bytes32(0), right));
        b.body.channelsHash = right;
        right = b.body.dataHash;
        b.body.dataHash = 0;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongDataHash.selector, bytes32(0), right));
        b.data = "";
        b.body.dataHash = keccak256("");
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_NoData.selector));
    }

    function test_settle_takesTodayAndYesterday() public {
        vm.warp(block.timestamp + 3 days);
        assertEq(settlement.dayIndex(), 3);
        Batch memory b = _build(operator, _two());
        b.body.dayIndex = 4;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongDay.selector, 4, 3));
        b.body.dayIndex = 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongDay.selector, 1, 3));
        b.body.dayIndex = type(uint32).max;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongDay.selector, type(uint32).max, 3));
        b.body.dayIndex = 2;
        _settle(b, _two());
        b = _build(operator, _two());
        assertEq(b.body.dayIndex, 3);
        _settle(b, _two());
    }

    function test_settle_failsForWrongReceipts() public {
        Batch memory b = _build(operator, _two());
        b.body.receipts.amount += 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongReceiptsAmount.selector, 7 * FEE + 1, 7 * FEE));
        b.body.receipts.amount -= 1;
        b.body.receipts.weight += 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongReceiptsCount.selector, 7, 6, 5));
        b.body.receipts.weight -= 1;
        b.body.receipts.count += 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongReceiptsCount.selector, 8, 5, 5));
    }

    function test_settle_failsForInexactFees() public {
        Batch memory b = _build(operator, _one(payer, payerKey, 1, FEE + 1));
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_InexactFees.selector, FEE + 1));
    }

    function test_settle_failsForWrongSplit() public {
        Batch memory b = _build(operator, _two());
        uint96 fee = b.body.protocolFee;
        b.body.protocolFee = fee - 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongProtocolFee.selector, fee - 1, fee));
        b.body.protocolFee = fee;
        uint96 net = 7 * FEE - fee;
        b.body.allocations.amount = net + 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongAllocationsAmount.selector, net + 1, net));
    }

    function test_settle_failsForWrongRewards() public {
        _settleCalls(operator, _two());
        Batch memory b = _build(operator, _two());
        uint96 right = b.rewards.amount;
        b.rewards.amount = right + 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongRewardsAmount.selector, right + 1, right));
        b.rewards.amount = right;
        right = b.rewards.weight;
        b.rewards.weight = right - 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_WrongRewardsWeight.selector, right - 1, right));
    }

    function test_settle_failsWithoutSentinels() public {
        Batch memory b = _build(operator, _two());
        uint32 rewards = b.rewards.count;
        uint32 allocations = b.body.allocations.count;
        b.rewards.count = 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_MissingSentinels.selector, allocations, 1));
        b.rewards.count = rewards;
        b.body.allocations.count = 1;
        _try(b, abi.encodeWithSelector(ISettlement.Settlement_MissingSentinels.selector, 1, rewards));
    }

    function test_settle_failsForAFeeNotInEffect() public {
        vm.prank(governance);
        feePolicy.setFee(_split(100, 5_000, 5_000));
        Batch memory b = _build(operator, _two());
        b.body.feeVersion = 2;
        _try(b, abi.encodeWithSelector(IFeePolicy.FeePolicy_NotInEffect.selector, 2, uint64(block.timestamp) + NOTICE));
        b.body.feeVersion = 3;
        _try(b, abi.encodeWithSelector(IFeePolicy.FeePolicy_UnknownVersion.selector, 3));
    }

    function test_settle_failsWithoutStakeForTwiceTheValue() public {
        _deposit(payer, operator, 1_000_000e18);
        Batch memory b = _build(operator, _one(payer, payerKey, 1, STAKE / 2 + 10_000));
        _try(b, abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_StakeLocked.selector, STAKE + 20_000, STAKE));
    }

    function test_settle_failsWhilePaused_finalizeDoesNot() public {
        _settleCalls(operator, _two());
        Batch memory b = _build(operator, _two());
        vm.prank(guardian);
        settlement.pause();
        _try(
            b,
            abi.encodeWithSelector(BoundedPause.BoundedPause_Paused.selector, uint64(block.timestamp) + LONGEST_PAUSE)
        );
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        vm.prank(guardian);
        settlement.unpause();
        _settle(b, _two());
    }

    function test_settle_failsForCallsSettledBefore() public {
        Calls[] memory calls = _one(payer, payerKey, 1, FEE);
        Batch memory old = _build(operator, calls);
        _settle(old, calls);
        Batch memory b = _build(operator, calls);
        b.channels = old.channels;
        b.body.channelsHash = old.body.channelsHash;
        vm.expectRevert();
        vm.prank(operator);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
    }

    function test_operatorsDoNotShareBatches() public {
        _deposit(payer, operator2, 100e18);
        _settleCalls(operator, _one(payer, payerKey, 1, FEE));
        _settleCalls(operator2, _one(payer, payerKey, 1, FEE));
        assertEq(settlement.batches(operator).settled, 1);
        assertEq(settlement.batches(operator2).settled, 1);
        assertNotEq(settlement.headerHash(operator, 1), settlement.headerHash(operator2, 1));
    }

    function test_upgrade_isForTheAdminAlone() public {
        address next = _implementation(_today());
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian));
        settlement.upgradeToAndCall(next, "");
        settlement.upgradeToAndCall(next, "");
        assertEq(settlement.window(), 1);
    }

    function test_upgrade_failsForOtherDays() public {
        address next = _implementation(_today() + 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_WrongFirstDay.selector, _today() + 1, _today()));
        settlement.upgradeToAndCall(next, "");
    }

    function _implementation(
        uint32 firstDay
    ) private returns (address) {
        return address(
            new Settlement(
                escrow,
                registry,
                feePolicy,
                pool,
                treasury,
                address(fraudProofs),
                address(evidenceProofs),
                dataRequests,
                1,
                1,
                firstDay
            )
        );
    }

    /// @dev Bits above a short field would change the hash without changing the value: every such field is checked.
    function test_settle_failsForDirtyBits() public {
        Batch memory b = _build(operator, _two());
        bytes memory call = abi.encodeCall(ISettlement.settle, (b.body, b.rewards, b.previous, b.channels, b.data));
        // Words of the call that hold fields shorter than a word: of the body, and of the rewards (words 17–20).
        uint8[14] memory words = [0, 1, 4, 5, 6, 8, 9, 10, 11, 12, 13, 18, 19, 20];
        for (uint256 i = 0; i < 14; ++i) {
            uint256 at = 4 + 32 * uint256(words[i]);
            call[at] = 0x01;
            vm.prank(operator);
            (bool done, bytes memory reason) = address(settlement).call(call);
            assertFalse(done);
            assertEq(reason.length, 0, "refused by the decoder, not by a check further on");
            call[at] = 0x00;
        }
        vm.prank(operator);
        (bool ok,) = address(settlement).call(call);
        assertTrue(ok);
    }
}
