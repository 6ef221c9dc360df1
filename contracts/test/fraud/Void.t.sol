// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {Accused} from "../../src/types/Proofs.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice What follows when a batch is void: the chain stops there, its payers get their money back, stake is lost once.
contract VoidTest is FraudBase {
    uint96 private constant VALUE = 7 * FEE; // of a batch over `_two`

    function _id(
        address from
    ) private view returns (bytes32) {
        return escrow.channelId(from, operator, from);
    }

    /// @dev One good batch, a bad one on it, and a good one on that.
    function _three() private returns (Story memory good, Story memory bad, Story memory after_) {
        good = _settleHonest(_two());
        bad = _settleBad(_two());
        after_ = _settleHonest(_two());
    }

    function _expect(
        bytes memory error
    ) private {
        vm.expectRevert(error);
    }

    // ── Void ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_void_killsTheBatchAndAllBuiltOnIt() public {
        (Story memory good, Story memory bad,) = _three();
        bytes32 header = settlement.headerHash(operator, 2);
        Accused memory accused = _accuse(bad);
        vm.expectEmit(address(settlement));
        emit ISettlement.BatchVoided(operator, 2, header, 3, 2 * VALUE, 4 * VALUE, watchtower);
        _void(good, bad);
        ISettlement.OperatorBatches memory state = _state();
        assertEq(state.voidedFrom, 2);
        assertEq(state.pendingValue, VALUE);
        assertEq(registry.operator(operator).locked, 2 * VALUE);
        vm.warp(block.timestamp + WINDOW);
        settlement.finalize(headers[operator][1]); // what was good becomes final all the same
        BatchHeader memory dead = headers[operator][2];
        _expect(abi.encodeWithSelector(ISettlement.Settlement_BatchVoid.selector, operator, 2));
        settlement.finalize(dead);
        dead = headers[operator][3];
        _expect(abi.encodeWithSelector(ISettlement.Settlement_WrongBatchIndex.selector, 3, 2));
        settlement.finalize(dead);
        assertEq(accused.earlier.length, 1);
    }

    function test_void_slashesTwiceTheValueOnce() public {
        (Story memory good, Story memory bad,) = _three();
        uint256 supply = token.totalSupply();
        uint256 had = token.balanceOf(watchtower);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.Slashed(operator, watchtower, 4 * VALUE, 4 * VALUE / 5, STAKE - 4 * VALUE, 0);
        _void(good, bad);
        assertEq(token.balanceOf(watchtower) - had, 4 * VALUE / 5);
        assertEq(supply - token.totalSupply(), 4 * VALUE - 4 * VALUE / 5);
        IOperatorRegistry.Operator memory o = registry.operator(operator);
        assertEq(o.stake, STAKE - 4 * VALUE);
        assertEq(o.locked, 2 * VALUE);
        // Neither the same batch nor one built on it can be proven once more.
        bytes memory call = abi.encodeCall(
            IFraudProofs.proveMisaccounting,
            (_accuse(bad), _sums(good, bad, address(uint160(bad.rewards[1].key >> 96))))
        );
        _refused(call, abi.encodeWithSelector(ISettlement.Settlement_BatchVoid.selector, operator, 2));
    }

    /// @dev Proof of an earlier fault afterwards slashes only what has not been.
    function test_void_ofAnEarlierBatchSlashesTheRest() public {
        Story memory good = _settleHonest(_two());
        Story memory bad = _settleBad(_two());
        Story memory worse = _settleBad(_two());
        _void(bad, worse);
        assertEq(registry.operator(operator).stake, STAKE - 2 * VALUE);
        assertEq(_state().voidedFrom, 3);
        _void(good, bad);
        assertEq(registry.operator(operator).stake, STAKE - 4 * VALUE);
        assertEq(_state().voidedFrom, 2);
        assertEq(_state().pendingValue, VALUE);
    }

    function test_void_takesStakeThatIsUnbonding() public {
        (Story memory good, Story memory bad,) = _three();
        vm.prank(operator);
        registry.unbond(STAKE);
        _void(good, bad);
        IOperatorRegistry.Operator memory o = registry.operator(operator);
        assertEq(o.stake, 0);
        assertEq(o.unbonding, STAKE - 4 * VALUE);
        vm.warp(block.timestamp + UNBONDING);
        vm.prank(operator);
        _expect(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_StakeLocked.selector, 2 * VALUE, 0));
        registry.withdraw();
    }

    function test_void_skipsEarlierBatchesThatAreFinalByNow() public {
        (Story memory good, Story memory bad,) = _three();
        Accused memory accused = _accuse(bad); // names batch 1, which is still pending
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        fraudProofs.proveMisaccounting(accused, _sums(good, bad, address(uint160(bad.rewards[1].key >> 96))));
        assertEq(_state().pendingValue, 0);
    }

    function test_void_failsForTheFinalAndTheUnknown() public {
        Story memory none;
        Story memory bad = _settleBad(_two());
        Accused memory accused = _accuse(bad);
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        bytes memory call = abi.encodeCall(
            IFraudProofs.proveMisaccounting, (accused, _sums(none, bad, address(uint160(bad.rewards[1].key >> 96))))
        );
        _refused(call, abi.encodeWithSelector(ISettlement.Settlement_NotPending.selector, operator, 1));
        accused.header.body.batchIndex = 2;
        call = abi.encodeCall(
            IFraudProofs.proveMisaccounting, (accused, _sums(none, bad, address(uint160(bad.rewards[1].key >> 96))))
        );
        _refused(call, abi.encodeWithSelector(ISettlement.Settlement_NotPending.selector, operator, 2));
    }

    function test_void_failsForAnotherHeader() public {
        Story memory none;
        Story memory bad = _settleBad(_two());
        Accused memory accused = _accuse(bad);
        accused.header.body.parametersHash = "another";
        BatchHeader memory h = accused.header;
        bytes32 given =
            keccak256(abi.encode(keccak256(abi.encode(h.body)), keccak256(abi.encode(h.rewards)), h.settledAt));
        bytes memory call = abi.encodeCall(
            IFraudProofs.proveMisaccounting, (accused, _sums(none, bad, address(uint160(bad.rewards[1].key >> 96))))
        );
        bytes32 stored = settlement.headerHash(operator, 1);
        _refused(call, abi.encodeWithSelector(ISettlement.Settlement_WrongHeader.selector, given, stored));
    }

    function test_void_failsWithoutTheEarlierBatches() public {
        (Story memory good,, Story memory after_) = _three();
        Accused memory accused = _accuse(after_);
        vm.startPrank(address(fraudProofs));
        _expect(abi.encodeWithSelector(ISettlement.Settlement_WrongEarlierBatches.selector, 0, 2));
        settlement.voidBatch(accused.header, new BatchHeader[](0), watchtower);
        (accused.earlier[0], accused.earlier[1]) = (accused.earlier[1], accused.earlier[0]);
        _expect(abi.encodeWithSelector(ISettlement.Settlement_WrongEarlierBatches.selector, 2, 2));
        settlement.voidBatch(accused.header, accused.earlier, watchtower);
        vm.stopPrank();
        assertEq(good.calls.length, 2);
    }

    function test_voidAndSlash_failForEverybodyButFraudProofs() public {
        Story memory bad = _settleBad(_two());
        Accused memory accused = _accuse(bad);
        address[4] memory callers = [operator, guardian, address(this), address(registry)];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.startPrank(callers[i]);
            bytes memory error = abi.encodeWithSelector(ISettlement.Settlement_NotFraudProofs.selector, callers[i]);
            _expect(error);
            settlement.voidBatch(accused.header, accused.earlier, callers[i]);
            _expect(error);
            settlement.slashEquivocation(operator, callers[i]);
            _expect(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_NotSettlement.selector, callers[i]));
            registry.slash(operator, 1, callers[i]);
            _expect(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NotSettlement.selector, callers[i]));
            escrow.refund(operator, bad.batch.channels, 0, 2);
            vm.stopPrank();
        }
    }

    // ── Slash ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev All of it leaves the operator; the challenger never gets more than a fifth.
    function testFuzz_slash_isExactAndNeverRoundsForTheOperator(
        uint96 amount,
        uint96 unbonding
    ) public {
        unbonding = uint96(bound(unbonding, 1, STAKE));
        vm.prank(operator);
        registry.unbond(unbonding);
        uint256 supply = token.totalSupply();
        uint256 held = token.balanceOf(address(registry));
        vm.prank(address(settlement));
        uint96 slashed = registry.slash(operator, amount, mallory);
        IOperatorRegistry.Operator memory o = registry.operator(operator);
        assertEq(slashed, amount < STAKE ? amount : STAKE);
        assertEq(uint256(o.stake) + o.unbonding, STAKE - slashed);
        assertEq(held - token.balanceOf(address(registry)), slashed);
        assertEq(token.balanceOf(mallory), slashed / 5);
        assertEq(supply - token.totalSupply(), slashed - slashed / 5);
    }

    // ── Refunds ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_refund_undoesExactlyWhatTheBatchesTook() public {
        Story memory good = _settleHonest(_two());
        uint96 balance = escrow.account(payer, operator).balance;
        IPaymentEscrow.Channel memory channel = escrow.channel(_id(payer));
        Story memory bad = _settleBad(_two());
        Story memory after_ = _settleHonest(_two());
        _void(good, bad);
        uint256 held = token.balanceOf(address(escrow));
        vm.prank(mallory); // anyone
        _refundAll(after_);
        assertEq(_state().refunded, 1);
        assertEq(escrow.channel(_id(payer)).sequence, channel.sequence + 3);
        _refundAll(bad);
        assertEq(escrow.account(payer, operator).balance, balance);
        assertEq(abi.encode(escrow.channel(_id(payer))), abi.encode(channel));
        assertEq(escrow.pending(), VALUE);
        assertEq(token.balanceOf(address(escrow)), held);
        ISettlement.OperatorBatches memory state = _state();
        assertEq(state.settled, 1);
        assertEq(state.voidedFrom, 0);
        assertEq(state.refunded, 0);
        assertEq(state.pendingValue, VALUE);
    }

    function test_refund_canBeTakenByOnePayerAlone() public {
        Story memory none;
        Story memory bad = _settleBad(_two());
        _void(none, bad);
        bytes32 first = escrow.channelId(bad.calls[0].payer, operator, bad.calls[0].payer);
        uint96 amount = bad.calls[0].fee * bad.calls[0].calls;
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.Refunded(bad.calls[0].payer, operator, first, amount, 100_000e18, 0, bad.calls[0].payer);
        settlement.refund(headers[operator][1], bad.batch.channels, 0, 1);
        assertEq(_state().voidedFrom, 1);
        settlement.refund(headers[operator][1], bad.batch.channels, 0, 1); // again: nothing
        assertEq(escrow.account(bad.calls[0].payer, operator).balance, 100_000e18);
        assertEq(_state().voidedFrom, 1);
        settlement.refund(headers[operator][1], bad.batch.channels, 0, 2);
        assertEq(_state().voidedFrom, 0);
        assertEq(escrow.pending(), 0);
    }

    function test_refund_ofTheLaterBatchComesFirst() public {
        (Story memory good, Story memory bad, Story memory after_) = _three();
        _void(good, bad);
        BatchHeader memory h = headers[operator][2];
        bytes32 first = escrow.channelId(bad.calls[0].payer, operator, bad.calls[0].payer);
        uint32 each = bad.calls[0].calls;
        _expect(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_LaterRefundFirst.selector, first, 3 * each, 2 * each)
        );
        settlement.refund(h, bad.batch.channels, 0, 2);
        _refundAll(after_);
        _refundAll(after_); // done already: changes nothing
        assertEq(_state().refunded, 1);
        _refundAll(bad);
        assertEq(_state().settled, 1);
    }

    /// @dev No channel of the operator can settle before; afterwards honest receipts are settled again, on the last
    ///      good batch, under the same sequences and the same index.
    function test_settle_waitsForTheRefundsAndThenGoesOn() public {
        (Story memory good, Story memory bad, Story memory after_) = _three();
        _void(good, bad);
        vm.prank(operator);
        _expect(abi.encodeWithSelector(ISettlement.Settlement_RefundsPending.selector, operator, 2));
        settlement.settle(bad.batch.body, bad.batch.rewards, bad.batch.previous, bad.batch.channels, bad.batch.data);
        _refundAll(after_);
        _refundAll(bad);
        Story memory again = _settleHonest(_two());
        assertEq(again.batch.body.batchIndex, 2);
        assertEq(again.opened[0].sequence, bad.opened[0].sequence);
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        _finalize(operator);
        pool.claim(_claimOf(operator, _developer()));
        assertEq(escrow.pending(), 0);
    }

    /// @dev The very same batch in the same second has the same header hash: refunds of the first do not count for it.
    function test_refund_worksForTheSameBatchAgain() public {
        Story memory none;
        for (uint256 i = 0; i < 2; ++i) {
            Story memory bad = _settleBad(_two());
            _void(none, bad);
            _refundAll(bad);
            assertEq(escrow.account(payer, operator).balance, 100_000e18);
            assertEq(escrow.account(payer2, operator).balance, 100_000e18);
            assertEq(escrow.pending(), 0);
        }
        assertEq(registry.operator(operator).stake, STAKE - 4 * VALUE);
    }

    /// @dev A thaw that ran before does not let refunded money out before honest receipts can be settled again.
    function test_refund_staysLockedForAThaw() public {
        Story memory none;
        vm.prank(payer);
        escrow.thaw(operator, 100_000e18);
        Story memory bad = _settleBad(_two());
        vm.warp(block.timestamp + THAW);
        _void(none, bad);
        _refundAll(bad);
        vm.prank(payer);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), 100_000e18 - 3 * FEE);
        assertEq(escrow.account(payer, operator).balance, 3 * FEE);
        vm.prank(payer);
        _expect(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NothingThawing.selector, payer, operator));
        escrow.withdraw(operator);
    }

    function test_refund_failsForWhatIsNotVoid() public {
        (Story memory good, Story memory bad,) = _three();
        BatchHeader memory h = headers[operator][1];
        bytes memory error = abi.encodeWithSelector(ISettlement.Settlement_NotVoid.selector, operator, 1);
        _expect(error);
        settlement.refund(h, good.batch.channels, 0, 2);
        _void(good, bad);
        _expect(error);
        settlement.refund(h, good.batch.channels, 0, 2);
    }

    function test_refund_failsForAnotherListOrRange() public {
        Story memory none;
        Story memory bad = _settleBad(_two());
        _void(none, bad);
        BatchHeader memory h = headers[operator][1];
        bytes memory channels = bad.batch.channels;
        channels[51] ^= 0x01; // an amount
        bytes32 expected = h.body.channelsHash;
        _expect(
            abi.encodeWithSelector(ISettlement.Settlement_WrongChannelsHash.selector, expected, keccak256(channels))
        );
        settlement.refund(h, channels, 0, 2);
        channels[51] ^= 0x01;
        _expect(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadRange.selector, 1, 1, 2));
        settlement.refund(h, channels, 1, 1);
        _expect(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadRange.selector, 0, 3, 2));
        settlement.refund(h, channels, 0, 3);
    }

    // ── Conservation ────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Every wei before is somewhere after: with the payers, in the pool, with the challenger, or burned.
    function testFuzz_noWeiAppearsOrVanishes(
        uint16 price,
        uint16 price2,
        uint8 number
    ) public {
        Calls[] memory calls = _two();
        (calls[0].fee, calls[1].fee) = ((uint96(price) + 1) * PRICE, (uint96(price2) + 1) * PRICE);
        calls[0].calls = 1 + number % 5;
        Story memory good = _settleHonest(calls);
        uint256 supply = token.totalSupply();
        uint256 held = token.balanceOf(address(escrow));
        uint256 balances = uint256(escrow.account(payer, operator).balance) + escrow.account(payer2, operator).balance;
        uint256 staked = token.balanceOf(address(registry));
        uint256 reward = token.balanceOf(watchtower);
        Story memory bad = _settleBad(calls);
        Story memory after_ = _settleHonest(calls);
        _void(good, bad);
        _refundAll(after_);
        _refundAll(bad);
        assertEq(token.balanceOf(address(escrow)), held);
        assertEq(uint256(escrow.account(payer, operator).balance) + escrow.account(payer2, operator).balance, balances);
        assertEq(token.balanceOf(address(pool)), 0);
        uint256 lost = staked - token.balanceOf(address(registry));
        assertEq(lost, 2 * (uint256(bad.batch.body.receipts.amount) + after_.batch.body.receipts.amount));
        assertEq(lost, (token.balanceOf(watchtower) - reward) + (supply - token.totalSupply()));
    }
}
