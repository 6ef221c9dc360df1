// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {IPrepayments} from "../../src/settlement/IPrepayments.sol";
import {PrepaymentsBase} from "../settlement/PrepaymentsBase.sol";

contract PrepaymentsTest is PrepaymentsBase {
    bytes32 private constant NONCE = "nonce";
    uint96 private constant VALUE = 10e18;

    function _channel(
        address from
    ) private view returns (IPaymentEscrow.Channel memory) {
        return escrow.channel(escrow.channelId(from, operator, operatorSigner));
    }

    function _balance(
        address from
    ) private view returns (uint96) {
        return escrow.account(from, operator).balance;
    }

    // ── Paying ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_pay_isASessionForWhatWasPaid() public {
        vm.expectEmit(address(prepayments));
        emit IPrepayments.Prepaid(payer, operator, operatorSigner, NONCE, VALUE, anyone);
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        assertEq(_balance(payer), VALUE);
        assertEq(_channel(payer).cap, VALUE);
        assertEq(_channel(payer).expiry, block.timestamp + escrow.PREPAID_PERIOD());
        assertTrue(prepayments.isCredited(payer, NONCE));
        assertEq(token.balanceOf(prepayments.vaultOf(operator)), 0);
        assertEq(token.balanceOf(address(prepayments)), 0);
        assertEq(token.allowance(address(prepayments), address(escrow)), 0);
    }

    function testFuzz_pay_addsUp(
        uint96[4] memory values,
        uint8 who
    ) public {
        uint96[2] memory sums;
        for (uint256 i; i < values.length; ++i) {
            values[i] = uint96(bound(values[i], 1, 200e18));
            bool first = who >> i & 1 == 0;
            _pay(operator, _payment(first ? payer : payer2, values[i], bytes32(i)), first ? payerKey : payer2Key);
            sums[first ? 0 : 1] += values[i];
        }
        assertEq(_balance(payer), sums[0]);
        assertEq(_channel(payer).cap, sums[0]);
        assertEq(_balance(payer2), sums[1]);
        assertEq(_channel(payer2).cap, sums[1]);
        assertEq(token.balanceOf(address(escrow)), uint256(sums[0]) + sums[1]);
        assertEq(token.balanceOf(payer), 1_000e18 - sums[0]);
    }

    function test_pay_whatSomebodyElseSent_isCreditedOnce() public {
        IPrepayments.Payment memory p = _payment(payer, VALUE, NONCE);
        _sendOutside(prepayments.vaultOf(operator), p, payerKey); // before the vault is there
        assertEq(_balance(payer), 0);
        _pay(operator, p, payerKey);
        assertEq(_balance(payer), VALUE);
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_AlreadyCredited.selector, payer, NONCE));
        prepayments.credit(operator, payer, NONCE);
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_AlreadyCredited.selector, payer, NONCE));
        prepayments.pay(operator, p, 0, 0, 0);
    }

    function test_credit_needsNoSignatureOnceItHasArrived() public {
        _sendOutside(prepayments.vaultOf(operator), _payment(payer, VALUE, NONCE), payerKey);
        vm.warp(block.timestamp + 1 days); // long after the authorisation ended
        vm.prank(makeAddr("stranger"));
        prepayments.credit(operator, payer, NONCE);
        assertEq(_balance(payer), VALUE);
    }

    function test_credit_notWhatWasCancelled() public {
        // Another payment lies in the vault, which a false credit would take.
        _sendOutside(prepayments.vaultOf(operator), _payment(payer2, VALUE, NONCE), payer2Key);
        _cancel(payer, payerKey, NONCE);
        assertTrue(token.authorizationState(payer, NONCE));
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_NotPaid.selector, payer, NONCE));
        prepayments.credit(operator, payer, NONCE);
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_NotPaid.selector, payer, NONCE));
        prepayments.pay(operator, _payment(payer, VALUE, NONCE), 0, 0, 0);
        prepayments.credit(operator, payer2, NONCE);
        assertEq(_balance(payer2), VALUE);
        assertEq(_balance(payer), 0);
    }

    function test_credit_notWhatWasNeverUsed() public {
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_NotPaid.selector, payer, NONCE));
        prepayments.credit(operator, payer, NONCE);
    }

    function test_credit_notWhatWentElsewhere() public {
        _sendOutside(prepayments.vaultOf(operator), _payment(payer2, VALUE, NONCE), payer2Key);
        _sendOutside(payer2, _payment(payer, 1, NONCE), payerKey); // the nonce of a payment that was announced
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_PaidElsewhere.selector, payer, NONCE, payer2));
        prepayments.pay(operator, _payment(payer, VALUE, NONCE), 0, 0, 0);
    }

    function test_credit_notToAnotherOperator() public {
        address vault = prepayments.vaultOf(operator);
        _sendOutside(vault, _payment(payer, VALUE, NONCE), payerKey);
        vm.expectRevert(abi.encodeWithSelector(IPrepayments.Prepayments_PaidElsewhere.selector, payer, NONCE, vault));
        prepayments.credit(operator2, payer, NONCE);
        prepayments.credit(operator, payer, NONCE);
    }

    function test_pay_failsWithAWrongSignature() public {
        IPrepayments.Payment memory p = _payment(payer, VALUE, NONCE);
        Signature memory sig = _signTransfer(p, prepayments.vaultOf(operator), payer2Key);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        prepayments.pay(operator, p, sig.v, sig.r, sig.s);
        sig = _signTransfer(p, prepayments.vaultOf(operator), payerKey);
        p.value += 1;
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        prepayments.pay(operator, p, sig.v, sig.r, sig.s);
        p.value -= 1;
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        prepayments.pay(operator2, p, sig.v, sig.r, sig.s);
    }

    function test_pay_failsWhenItsTimeIsOver() public {
        IPrepayments.Payment memory p = _payment(payer, VALUE, NONCE);
        Signature memory sig = _signTransfer(p, prepayments.vaultOf(operator), payerKey);
        vm.warp(p.validBefore);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009Upgradeable.ERC3009InvalidAuthorizationTime.selector, 0, p.validBefore)
        );
        prepayments.pay(operator, p, sig.v, sig.r, sig.s);
    }

    function test_pay_movesNothingWhilePaused() public {
        IPrepayments.Payment memory p = _payment(payer, VALUE, NONCE);
        Signature memory sig = _signTransfer(p, prepayments.vaultOf(operator), payerKey);
        vm.prank(guardian);
        escrow.pause();
        vm.expectPartialRevert(BoundedPause.BoundedPause_Paused.selector);
        prepayments.pay(operator, p, sig.v, sig.r, sig.s);
        assertEq(token.balanceOf(payer), 1_000e18);
        // What somebody sends meanwhile waits.
        _sendOutside(prepayments.vaultOf(operator), p, payerKey);
        vm.prank(guardian);
        escrow.unpause();
        prepayments.credit(operator, payer, NONCE);
        assertEq(_balance(payer), VALUE);
    }

    function test_pay_withoutASignerOfItsOwn_isADeposit() public {
        address unknown = makeAddr("unknown");
        _pay(unknown, _payment(payer, VALUE, NONCE), payerKey);
        assertEq(escrow.account(payer, unknown).balance, VALUE);
        vm.prank(operator);
        registry.update(payer, "https://operator.example", "");
        _pay(operator, _payment(payer, VALUE, "second"), payerKey);
        assertEq(_balance(payer), VALUE);
        assertEq(escrow.channel(escrow.channelId(payer, operator, payer)).cap, 0);
    }

    function test_open_anybodyMay_andItIsTheSame() public {
        address vault = prepayments.vaultOf(operator);
        assertEq(vault.code.length, 0);
        vm.expectEmit(address(prepayments));
        emit IPrepayments.VaultOpened(operator, vault);
        assertEq(prepayments.open(operator), vault);
        assertEq(prepayments.open(operator), vault);
        assertEq(prepayments.vaultOf(operator), vault);
        assertNotEq(prepayments.vaultOf(operator2), vault);
        assertEq(token.allowance(vault, address(prepayments)), type(uint256).max);
        vm.expectRevert(IPrepayments.Prepayments_ZeroAddress.selector);
        prepayments.open(address(0));
    }

    // ── Spending ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_settle_withNoVoucherOfThePayer() public {
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        Calls[] memory calls = _one(payer, operatorSignerKey, 3, 1e18);
        _settleFinal(operator, calls);
        assertEq(_balance(payer), VALUE - 3e18);
        assertEq(_channel(payer).collected, 3e18);
    }

    function test_settle_neverBeyondWhatWasPaid() public {
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        _deposit(payer, operator, 100e18); // what other channels of the payer may spend
        Calls[] memory calls = _one(payer, operatorSignerKey, 1, VALUE + 10_000);
        Batch memory batch = _build(operator, calls);
        bytes32 id = escrow.channelId(payer, operator, operatorSigner);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondSessionCap.selector, id, VALUE + 10_000, VALUE)
        );
        vm.prank(operator);
        settlement.settle(batch.body, batch.rewards, batch.previous, batch.channels, batch.data);
    }

    function test_whatIsNotSpent_isThePayersAfterAThaw() public {
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        _settleCalls(operator, _one(payer, operatorSignerKey, 1, 4e18));
        vm.prank(payer);
        escrow.thaw(operator, 6e18);
        vm.warp(block.timestamp + THAW);
        vm.prank(payer);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), 996e18);
    }

    function test_revoke_endsIt_andANewPaymentBringsItBack() public {
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        vm.prank(payer);
        escrow.revokeSession(operator, operatorSigner);
        assertEq(_channel(payer).expiry, block.timestamp);
        _pay(operator, _payment(payer, VALUE, "second"), payerKey);
        assertEq(_channel(payer).cap, 2 * VALUE);
        assertEq(_channel(payer).expiry, block.timestamp + escrow.PREPAID_PERIOD());
    }

    function test_prepay_keepsALaterEnd() public {
        uint32 later = uint32(block.timestamp + 1000 days);
        _authorize(payer, operator, operatorSigner, 1e18, later);
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        assertEq(_channel(payer).expiry, later);
        assertEq(_channel(payer).cap, VALUE + 1e18);
    }

    function test_prepay_onTopOfAllThereIs_stillArrives() public {
        _authorize(payer, operator, operatorSigner, type(uint96).max - 1, uint32(block.timestamp + 1 days));
        _pay(operator, _payment(payer, VALUE, NONCE), payerKey);
        assertEq(_channel(payer).cap, type(uint96).max);
        assertEq(_balance(payer), VALUE);
    }

    function test_prepay_onlyByPrepayments() public {
        _give(anyone, address(escrow), VALUE);
        vm.prank(anyone);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NotPrepayments.selector, anyone));
        escrow.prepay(payer, operator, anyone, VALUE);
        vm.startPrank(prepaymentsAddress);
        address[2] memory bad = [address(0), payer];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadSigner.selector, bad[i]));
            escrow.prepay(payer, operator, bad[i], VALUE);
        }
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAmount.selector);
        escrow.prepay(payer, operator, operatorSigner, 0);
    }
}
