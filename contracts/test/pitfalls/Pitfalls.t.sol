// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {Voucher} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice What audits found in contracts of this kind elsewhere, tried on these (README.md beside this file).
contract PitfallsTest is FraudBase {
    /// @dev A payer that owes an operator runs a service itself, and its own batch "collects" all it can before the other's.
    function testFuzz_fakeService_cannotDrainWhatAnotherOperatorIsOwed(
        uint96 owed
    ) public {
        owed = uint96(bound(owed, 1, 10)) * FEE;
        address fake = mallory;
        _give(fake, address(registry), STAKE);
        vm.prank(fake);
        registry.register(fake, "", "", STAKE);
        _deposit(payer, fake, 5 * FEE);
        uint96 forTheHonest = escrow.account(payer, operator).balance;

        // More than was deposited for the fake service, though the payer has plenty elsewhere: nothing moves.
        Calls[] memory calls = _one(payer, payerKey, 6, FEE);
        Batch memory b = _build(fake, calls);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondBalance.selector, payer, 6 * FEE, 5 * FEE)
        );
        vm.prank(fake);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);

        _settleCalls(fake, _one(payer, payerKey, 5, FEE));
        assertEq(escrow.account(payer, operator).balance, forTheHonest);
        _settleCalls(operator, _one(payer, payerKey, uint32(owed / FEE), FEE));
        assertEq(escrow.account(payer, operator).balance, forTheHonest - owed);
    }

    /// @dev A session key is revoked, authorised anew and by another payer too: each voucher still counts in one channel,
    ///      once.
    function test_repointedSigner_cannotCollectTwice() public {
        _authorize(payer, operator, session, 50e18, uint32(block.timestamp + 1 days));
        Voucher memory v = _voucher(operator, Calls(payer, sessionKey, 0, 0));
        bytes memory entry = _signedEntry(v, sessionKey, 3e18, 1);
        vm.prank(address(settlement));
        escrow.collect(operator, entry);

        vm.prank(payer);
        escrow.revokeSession(operator, session);
        _authorize(payer, operator, session, 50e18, uint32(block.timestamp + 2 days));
        bytes32 id = escrow.channelId(payer, operator, session);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentEscrow.PaymentEscrow_WrongPreviousSequence.selector, id, uint40(0), uint32(1)
            )
        );
        vm.prank(address(settlement));
        escrow.collect(operator, entry);

        // The same key for another payer: the signature names the first one.
        _authorize(payer2, operator, session, 50e18, uint32(block.timestamp + 2 days));
        (bytes32 r, bytes32 vs) = _signCompact(sessionKey, escrow.hashVoucher(v));
        v.payer = payer2;
        entry = _entry(v, 3e18, 0, 1, r, vs);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentEscrow.PaymentEscrow_BadSignature.selector, escrow.channelId(payer2, operator, session)
            )
        );
        vm.prank(address(settlement));
        escrow.collect(operator, entry);
        assertEq(escrow.channel(id).collected, 3e18);
    }

    /// @dev A root that becomes live while a claim is on its way makes that claim fail, and costs the account nothing: the
    ///      new root owes it all that the old one did.
    function testFuzz_newRoot_doesNotKillWhatAClaimInFlightWasOwed(
        uint8 later
    ) public {
        _settleHonest(_two());
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        address account = _contributor(2);
        IRewardPool.Claim memory inFlight = _claimOf(operator, account);
        for (uint256 i = 0; i < 1 + later % 3; ++i) {
            _settleHonest(_one(payer, payerKey, 1, FEE)); // pays others only
            vm.warp(block.timestamp + WINDOW);
            _finalize(operator);
        }
        vm.expectPartialRevert(IRewardPool.RewardPool_StaleRewards.selector);
        pool.claim(inFlight);
        IRewardPool.Claim memory anew = _claimOf(operator, account);
        assertEq(anew.amount, inFlight.amount);
        assertEq(pool.claim(anew), inFlight.amount);
        assertEq(token.balanceOf(account), inFlight.amount);
    }

    /// @dev Whatever an operator thaws, in whatever order and up to the largest number, a proof takes the same from it.
    function testFuzz_thawCutAndProvision_leaveTheSlashWhole(
        uint96[4] memory thaws,
        uint32 wait
    ) public {
        Story memory good = _settleHonest(_two());
        Story memory bad = _settleBad(_two());
        uint96 value = bad.batch.body.receipts.amount;
        for (uint256 i = 0; i < thaws.length; ++i) {
            if (i % 2 == 0) thaws[i] = uint96(bound(thaws[i], 1, STAKE)); // the others are mostly too much
            vm.prank(operator);
            if (thaws[i] == 0 || thaws[i] > STAKE) {
                vm.expectRevert();
                registry.unbond(thaws[i]);
                continue;
            }
            registry.unbond(thaws[i]);
        }
        // Nor does waiting help: the window is shorter than the unbonding.
        vm.warp(block.timestamp + wait % WINDOW);
        if (registry.operator(operator).unbonding != 0) {
            vm.expectRevert();
            vm.prank(operator);
            registry.withdraw();
        }
        uint256 supply = token.totalSupply();
        uint256 had = token.balanceOf(watchtower);
        _void(good, bad);
        IOperatorRegistry.Operator memory o = registry.operator(operator);
        assertEq(uint256(o.stake) + o.unbonding, STAKE - 2 * value);
        assertEq(supply - token.totalSupply() + token.balanceOf(watchtower) - had, 2 * value);
    }

    function test_thaw_cannotOverflowTheBalanceItIsTakenFrom() public {
        uint96 balance = escrow.account(payer, operator).balance;
        vm.startPrank(payer);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_ThawBeyondBalance.selector, type(uint96).max, balance)
        );
        escrow.thaw(operator, type(uint96).max);
        escrow.thaw(operator, balance);
        vm.stopPrank();
        // What is thawing can still be collected: it left nothing out of the operator's reach.
        _settleHonest(_two());
        vm.warp(block.timestamp + THAW);
        vm.prank(payer);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), balance - 3 * FEE);
    }

    /// @dev The operator proves its own batch wrong through an accomplice, who is also its only caller: together they lose
    ///      four fifths of twice the value, and gain nothing.
    function testFuzz_selfSlash_forTheBountyLosesFourFifths(
        uint32 calls
    ) public {
        calls = uint32(bound(calls, 1, 20));
        uint256 before = _wealth();
        Story memory none;
        Story memory s = _settleBad(_one(payer, payerKey, calls, FEE));
        _void(none, s);
        _refundAll(s);
        uint256 value = uint256(calls) * FEE;
        assertEq(before - _wealth(), 2 * value - 2 * value / 5);
    }

    /// @dev All that operator, challenger (this test) and payer have in these contracts.
    function _wealth() private view returns (uint256) {
        IOperatorRegistry.Operator memory o = registry.operator(operator);
        return uint256(o.stake) + o.unbonding + escrow.account(payer, operator).balance + token.balanceOf(watchtower);
    }
}
