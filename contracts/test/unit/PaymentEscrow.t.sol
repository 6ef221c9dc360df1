// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {SettlementBase} from "../settlement/SettlementBase.sol";

/// @notice Deposits, sessions, thaw, release and pause; `collect` has a test of its own.
contract PaymentEscrowTest is SettlementBase {
    uint32 private soon;

    function setUp() public override {
        super.setUp();
        soon = uint32(block.timestamp + 1 days);
    }

    function testFuzz_deposit(
        uint96 amount,
        uint96 more
    ) public {
        amount = uint96(bound(amount, 1, 1e26));
        more = uint96(bound(more, 1, 1e26));
        _give(anyone, address(escrow), amount + more);
        vm.startPrank(anyone);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.Deposited(payer, operator, anyone, amount, amount);
        escrow.deposit(payer, operator, amount);
        escrow.deposit(payer, operator, more);
        assertEq(escrow.account(payer, operator).balance, amount + more);
        assertEq(escrow.account(anyone, operator).balance, 0);
        assertEq(escrow.account(operator, payer).balance, 0);
        assertEq(token.balanceOf(address(escrow)), amount + more);
    }

    function test_deposit_failsWithoutAddressesOrAmount() public {
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.deposit(address(0), operator, 1);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.deposit(payer, address(0), 1);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAmount.selector);
        escrow.deposit(payer, operator, 0);
    }

    function _permit(
        uint96 amount
    ) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 hash = keccak256(
            abi.encode(typehash, payer, address(escrow), uint256(amount), token.nonces(payer), uint256(soon))
        );
        return vm.sign(payerKey, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
    }

    function test_depositWithPermit() public {
        token.mint(payer, 5e18);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5e18);
        vm.prank(payer);
        escrow.depositWithPermit(payer, operator, 5e18, soon, v, r, s);
        assertEq(escrow.account(payer, operator).balance, 5e18);
    }

    function test_depositWithPermit_survivesAPermitUsedByAnother() public {
        token.mint(payer, 5e18);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5e18);
        token.permit(payer, address(escrow), 5e18, soon, v, r, s);
        vm.prank(payer);
        escrow.depositWithPermit(payer, operator, 5e18, soon, v, r, s);
        assertEq(escrow.account(payer, operator).balance, 5e18);
    }

    function test_authorizeSession() public {
        bytes32 id = escrow.channelId(payer, operator, session);
        vm.prank(payer);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.SessionAuthorized(payer, operator, session, id, 7e18, soon);
        escrow.authorizeSession(operator, session, 7e18, soon);
        IPaymentEscrow.Channel memory c = escrow.channel(id);
        assertEq(c.cap, 7e18);
        assertEq(c.expiry, soon);
        assertEq(c.collected, 0);
        assertEq(c.sequence, 0);
    }

    function testFuzz_authorizeSession_mayOnlyGrow(
        uint96 cap,
        uint32 expiry
    ) public {
        _authorize(payer, operator, session, 7e18, soon);
        cap = uint96(bound(cap, 1, 14e18));
        expiry = uint32(bound(expiry, block.timestamp + 1, soon + 1 days));
        vm.prank(payer);
        if (cap < 7e18 || expiry < soon) {
            vm.expectRevert(
                abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_SessionMayOnlyGrow.selector, uint96(7e18), soon)
            );
        }
        escrow.authorizeSession(operator, session, cap, expiry);
    }

    function test_authorizeSession_failsForBadArguments() public {
        vm.startPrank(payer);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.authorizeSession(address(0), session, 1, soon);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadSigner.selector, address(0)));
        escrow.authorizeSession(operator, address(0), 1, soon);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadSigner.selector, payer));
        escrow.authorizeSession(operator, payer, 1, soon);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAmount.selector);
        escrow.authorizeSession(operator, session, 0, soon);
        uint32 now_ = uint32(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_SessionEndsInPast.selector, now_));
        escrow.authorizeSession(operator, session, 1, now_);
    }

    function test_revokeSession() public {
        _authorize(payer, operator, session, 7e18, soon);
        bytes32 id = escrow.channelId(payer, operator, session);
        uint32 now_ = uint32(block.timestamp);
        vm.startPrank(payer);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.SessionRevoked(payer, operator, session, id, now_);
        escrow.revokeSession(operator, session);
        vm.warp(block.timestamp + 50);
        escrow.revokeSession(operator, session); // again changes nothing
        assertEq(escrow.channel(id).expiry, now_);
        escrow.authorizeSession(operator, session, 7e18, soon); // and its payer may bring it back
        assertEq(escrow.channel(id).expiry, soon);
    }

    function test_revokeSession_failsWithoutSession() public {
        vm.prank(payer);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NoSession.selector, payer, operator, session)
        );
        escrow.revokeSession(operator, session);
    }

    function testFuzz_thawAndWithdraw(
        uint96 balance,
        uint96 amount
    ) public {
        balance = uint96(bound(balance, 1, 1e26));
        amount = uint96(bound(amount, 1, balance));
        _deposit(payer, operator, balance);
        uint64 thawedAt = uint64(block.timestamp) + THAW;
        vm.startPrank(payer);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.ThawStarted(payer, operator, amount, thawedAt);
        escrow.thaw(operator, amount);
        assertEq(escrow.account(payer, operator).thawing, amount);
        vm.warp(thawedAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_StillThawing.selector, thawedAt));
        escrow.withdraw(operator);
        vm.warp(thawedAt);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.Withdrawn(payer, operator, amount, balance - amount);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), amount);
        IPaymentEscrow.Account memory a = escrow.account(payer, operator);
        assertEq(a.balance, balance - amount);
        assertEq(a.thawing, 0);
        assertEq(a.thawedAt, 0);
    }

    function test_thaw_replacesTheEarlierOne() public {
        _deposit(payer, operator, 10e18);
        vm.startPrank(payer);
        escrow.thaw(operator, 9e18);
        vm.warp(block.timestamp + 10);
        escrow.thaw(operator, 2e18);
        IPaymentEscrow.Account memory a = escrow.account(payer, operator);
        assertEq(a.thawing, 2e18);
        assertEq(a.thawedAt, block.timestamp + THAW);
    }

    function test_thaw_failsBeyondTheBalanceOrWithoutAmount() public {
        _deposit(payer, operator, 10e18);
        vm.startPrank(payer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentEscrow.PaymentEscrow_ThawBeyondBalance.selector, uint96(10e18 + 1), uint96(10e18)
            )
        );
        escrow.thaw(operator, 10e18 + 1);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAmount.selector);
        escrow.thaw(operator, 0);
    }

    function test_withdraw_failsWithNothingThawing() public {
        _deposit(payer, operator, 10e18);
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NothingThawing.selector, payer, operator));
        escrow.withdraw(operator);
    }

    function test_release_failsBeyondPending() public {
        _deposit(payer, operator, 10e18);
        vm.prank(address(settlement));
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondPending.selector, 6, 0));
        escrow.release(address(pool), 1, treasury, 2, 3);
    }

    function test_collectAndRelease_areForTheSettlementAlone() public {
        vm.startPrank(operator);
        bytes memory expected = abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NotSettlement.selector, operator);
        vm.expectRevert(expected);
        escrow.collect(operator, new bytes(167));
        vm.expectRevert(expected);
        escrow.release(address(pool), 1, treasury, 0, 0);
    }

    function test_pause_stopsDepositsOnly() public {
        _deposit(payer, operator, 10e18);
        uint64 until = uint64(block.timestamp) + LONGEST_PAUSE;
        vm.expectEmit(address(escrow));
        emit BoundedPause.Paused(until, guardian);
        vm.prank(guardian);
        escrow.pause();
        assertTrue(escrow.paused());
        vm.expectRevert(abi.encodeWithSelector(BoundedPause.BoundedPause_Paused.selector, until));
        escrow.deposit(payer, operator, 1);
        vm.prank(payer);
        escrow.thaw(operator, 10e18);
        _authorize(payer, operator, session, 1, soon);
        vm.warp(until); // ends by itself
        assertFalse(escrow.paused());
        _deposit(payer, operator, 1);
        vm.expectRevert(abi.encodeWithSelector(BoundedPause.BoundedPause_TooSoon.selector, until + LONGEST_PAUSE));
        vm.prank(guardian);
        escrow.pause();
        vm.warp(until + LONGEST_PAUSE);
        vm.prank(guardian);
        escrow.pause();
        vm.warp(block.timestamp + LONGEST_PAUSE - 1);
        // Withdrawal while paused.
        vm.warp(escrow.account(payer, operator).thawedAt);
        vm.prank(payer);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), 10e18);
    }

    function test_withdraw_whilePaused() public {
        _deposit(payer, operator, 10e18);
        vm.prank(payer);
        escrow.thaw(operator, 10e18);
        vm.warp(block.timestamp + THAW);
        vm.prank(guardian);
        escrow.pause();
        vm.prank(payer);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), 10e18);
    }

    function test_unpause() public {
        vm.startPrank(guardian);
        vm.expectRevert(BoundedPause.BoundedPause_NotPaused.selector);
        escrow.unpause();
        escrow.pause();
        vm.expectEmit(address(escrow));
        emit BoundedPause.Unpaused(guardian);
        escrow.unpause();
        vm.stopPrank();
        assertFalse(escrow.paused());
        _deposit(payer, operator, 1);
    }

    function test_pauseAndUpgrade_areRestricted() public {
        bytes memory expected = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, anyone);
        address next = address(new PaymentEscrow(escrow.token(), address(settlement), address(0), 1, 1));
        vm.startPrank(anyone);
        vm.expectRevert(expected);
        escrow.pause();
        vm.expectRevert(expected);
        escrow.unpause();
        vm.expectRevert(expected);
        escrow.upgradeToAndCall(next, "");
        vm.stopPrank();
        escrow.upgradeToAndCall(next, "");
        assertEq(escrow.thawPeriod(), 1);
    }
}
