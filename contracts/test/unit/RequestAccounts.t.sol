// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Artifacts} from "../../../script/Artifacts.sol";
import {IInferenceRequests} from "../../src/oracles/IInferenceRequests.sol";
import {IRequestAccount} from "../../src/oracles/IRequestAccount.sol";
import {RequestAccount} from "../../src/oracles/RequestAccount.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {Answer, RequestStatus} from "../../src/types/Requests.sol";
import {Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {RequestsBase} from "../settlement/RequestsBase.sol";
import {UpgradeChecks} from "./UpgradeChecks.sol";

/// @notice The way of a request's fee after its answer: through the operator's batches to whom the receipt pays, or back.
contract RequestAccountsTest is RequestsBase, UpgradeChecks {
    bytes private nothing = abi.encodeWithSelector(IRequestAccount.RequestAccount_NothingToReclaim.selector, 0);

    function test_answer_isSettledAndPaysItsContributors() public {
        (, RequestAccount account) = _answered(FEE);
        _settleFinal(operator, _callOf(account, FEE));
        assertEq(escrow.account(address(account), operator).balance, 0);
        uint256 paid;
        address[3] memory accounts = [_contributor(0), _developer(), operator];
        for (uint256 i; i < 3; ++i) {
            IRewardPool.Claim memory c = _claimOf(operator, accounts[i]);
            uint256 had = token.balanceOf(accounts[i]);
            pool.claim(c);
            paid += token.balanceOf(accounts[i]) - had;
        }
        assertEq(paid, FEE - FEE * PROTOCOL_FEE_BPS / 10_000);
        vm.expectRevert(nothing);
        account.reclaim();
    }

    /// @dev One batch holds ordinary calls and requests, each through its own channel.
    function test_answers_areSettledTogetherWithCalls() public {
        (, RequestAccount first) = _answered(FEE);
        (, RequestAccount second) = _answered(2 * FEE);
        Calls[] memory calls = new Calls[](3);
        calls[0] = _callOf(first, FEE)[0];
        calls[1] = _callOf(second, 2 * FEE)[0];
        calls[2] = Calls(payer, payerKey, 3, FEE);
        _settleFinal(operator, calls);
        assertEq(escrow.account(address(first), operator).balance, 0);
        assertEq(escrow.account(address(second), operator).balance, 0);
    }

    /// @dev Neither the cap nor a second receipt lets the operator take more than was deposited.
    function testFuzz_channel_collectsNoMoreThanItsFee(
        uint96 more
    ) public {
        (, RequestAccount account) = _answered(FEE);
        more = uint96(bound(more, 1, MAX_FEE - FEE));
        Calls[] memory calls = _callOf(account, FEE + more);
        Batch memory b = _build(operator, calls);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentEscrow.PaymentEscrow_BeyondBalance.selector, address(account), FEE + more, FEE
            )
        );
        vm.prank(operator);
        settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
    }

    /// @dev A fee that the operator never collects goes back to the requester, after the thaw that it had to do so.
    function test_reclaim_givesBackWhatIsNeverSettled() public {
        (, RequestAccount account) = _answered(FEE);
        uint256 had = token.balanceOf(requester);
        vm.prank(anyone);
        assertEq(account.reclaim(), 0);
        vm.warp(block.timestamp + THAW - 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_StillThawing.selector, block.timestamp + 1));
        account.reclaim();
        vm.warp(block.timestamp + 1);
        vm.prank(anyone);
        assertEq(account.reclaim(), FEE);
        assertEq(token.balanceOf(requester), had + FEE);
        vm.expectRevert(nothing);
        account.reclaim();
    }

    /// @dev Starting a thaw takes nothing from an operator that settles within it.
    function test_reclaim_leavesTheOperatorItsTimeToSettle() public {
        (, RequestAccount account) = _answered(FEE);
        account.reclaim();
        vm.warp(block.timestamp + THAW - 1);
        _settleCalls(operator, _callOf(account, FEE));
        vm.warp(block.timestamp + 1);
        vm.expectRevert(nothing);
        account.reclaim();
    }

    /// @dev What a void batch gives back comes to the requester, a thaw later.
    function test_refundOfAVoidBatch_findsItsWayToTheRequester() public {
        RequestAccount account = _voided();
        uint256 had = token.balanceOf(requester);
        assertEq(escrow.account(address(account), operator).balance, FEE);
        vm.prank(anyone);
        account.reclaim();
        vm.warp(block.timestamp + THAW);
        vm.prank(anyone);
        account.reclaim();
        assertEq(token.balanceOf(requester), had + FEE);
    }

    /// @dev A thaw that was started before does not take what came back: the honest receipt can be settled again.
    function test_refundOfAVoidBatch_canBeSettledAgain() public {
        Story memory good = _settleHonest(_two());
        (, RequestAccount account) = _answered(FEE);
        account.reclaim();
        Story memory bad = _settleBad(_callOf(account, FEE));
        _void(good, bad);
        _refundAll(bad);
        vm.warp(block.timestamp + THAW);
        account.reclaim(); // starts anew
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_StillThawing.selector, block.timestamp + THAW)
        );
        account.reclaim();
        _settleAgain(account);
        vm.expectRevert(nothing);
        account.reclaim();
    }

    function _settleAgain(
        RequestAccount account
    ) private {
        _settleCalls(operator, _callOf(account, FEE));
        vm.warp(block.timestamp + WINDOW);
        settlement.finalize(headers[operator][1]);
        settlement.finalize(headers[operator][2]);
        assertEq(settlement.batches(operator).finalized, 2);
    }

    function _voided() private returns (RequestAccount account) {
        Story memory good = _settleHonest(_two());
        (, account) = _answered(FEE);
        Story memory bad = _settleBad(_callOf(account, FEE));
        _void(good, bad);
        _refundAll(bad);
    }

    /// @dev Money that anybody sends, here or through the escrow, is the requester's too, and holds nothing up for good.
    function test_reclaim_paysOutWhatOthersSend() public {
        (, RequestAccount account) = _answered(FEE);
        _give(mallory, address(escrow), 3);
        vm.startPrank(mallory);
        escrow.deposit(address(account), operator, 1);
        token.transfer(address(account), 1);
        account.reclaim();
        escrow.deposit(address(account), operator, 1);
        vm.stopPrank();
        uint256 had = token.balanceOf(requester);
        vm.warp(block.timestamp + THAW);
        assertEq(account.reclaim(), FEE + 2);
        account.reclaim();
        vm.warp(block.timestamp + THAW);
        assertEq(account.reclaim(), 1);
        assertEq(token.balanceOf(requester), had + FEE + 3);
    }

    /// @dev Of the template itself nobody can take anything, since there is nothing.
    function test_template_holdsNothing() public {
        vm.expectRevert();
        template.open();
        vm.expectRevert();
        template.reclaim();
    }

    // ── Lies ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What the operator signed on chain it cannot settle otherwise.
    function test_answerSettledOtherwise_isContradictedByItsReceipt() public {
        uint256 id = _accepted();
        (address account,,) = requests.channelOf(id);
        Answer memory a = _answerTo(id, FEE);
        _give(id, a);
        SignedReceipt storage settled = receipts[a.receipt.channel];
        settled.allocationHash = keccak256("others are paid");
        Story memory s = _settleHonest(_callOf(RequestAccount(account), FEE));
        fraudProofs.proveContradictedReceipt(_accuse(s), a.receipt, a.signature, _open(s, SumTree.RECEIPTS, 1));
        assertEq(settlement.batches(operator).voidedFrom, 1);
    }

    function test_twoReceiptsOfARequest_areEquivocation() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        _give(id, a);
        SignedReceipt memory other = _answerTo(id, FEE).receipt;
        other.outputHash = keccak256("another output");
        uint256 stake = registry.operator(operator).stake;
        fraudProofs.proveEquivocation(operator, a.receipt, a.signature, other, _sign(other));
        assertEq(registry.operator(operator).stake, stake - MINIMUM_STAKE);
    }

    // ── Upgrade ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_upgradeInferenceRequests_keepsItsState() public {
        vm.record();
        uint256 open = _open(_ask());
        uint256 accepted = _accepted();
        (uint256 answered, RequestAccount account) = _answered(FEE);
        uint256 refunded = _open(_ask());
        vm.prank(requester);
        requests.refund(refunded);
        vm.prank(guardian);
        requests.pause();
        for (uint256 id = 1; id <= refunded; ++id) {
            watch(abi.encodeCall(requests.requestOf, (id)));
        }
        watch(abi.encodeCall(requests.channelOf, (accepted)));
        watch(abi.encodeCall(requests.channelOf, (answered)));
        watch(abi.encodeCall(requests.requestCount, ()));
        watch(abi.encodeCall(requests.escrowed, ()));
        watch(abi.encodeCall(requests.paused, ()));
        address[] memory others = new address[](4);
        (others[0], others[1], others[2], others[3]) = (guardian, governance, operator, requester);
        upgradeKeepsState(address(requests), _newRequests(template), address(this), others);
        // What was accepted before can be answered, what is open can be refunded.
        _give(accepted, _answerTo(accepted, FEE));
        vm.prank(requester);
        requests.refund(open);
        _settleCalls(operator, _callOf(account, FEE));
        _assertStatus(accepted, RequestStatus.Answered);
    }

    function test_upgradeInferenceRequests_keepsTheTemplateOfItsAccounts() public {
        RequestAccount other =
            RequestAccount(Artifacts.create("RequestAccount", abi.encode(IERC20(address(token)), escrow)));
        address next = _newRequests(other);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongTemplate.selector, address(other), address(template)
            )
        );
        requests.upgradeToAndCall(next, "");
    }
}
