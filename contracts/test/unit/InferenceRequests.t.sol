// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {OneQuestion} from "../../src/examples/OneQuestion.sol";
import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {Channels} from "../../src/libraries/Channels.sol";
import {ChatPrompt} from "../../src/libraries/ChatPrompt.sol";
import {IInferenceRequests} from "../../src/oracles/IInferenceRequests.sol";
import {Ask, InferenceRequest, RequestStatus} from "../../src/types/Requests.sol";
import {RequestsBase} from "../settlement/RequestsBase.sol";

/// @notice What becomes of a request that nobody has answered yet.
contract InferenceRequestsTest is RequestsBase {
    function _refuses(
        Ask memory ask,
        bytes memory error
    ) private {
        uint256 had = token.balanceOf(requester);
        vm.prank(requester);
        vm.expectRevert(error);
        requests.request(ask);
        assertEq(token.balanceOf(requester), had);
        assertEq(requests.requestCount(), 0);
    }

    // ── request ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_request_escrowsTheMostThatItMayCost() public {
        Ask memory ask = _ask();
        ask.callbackGas = 7;
        bytes32 digest = keccak256(ask.prompt);
        uint256 had = token.balanceOf(requester);
        vm.expectEmit(address(requests));
        emit IInferenceRequests.RequestOpened(
            1, requester, releaseHash, 1, address(0), MAX_FEE, ask.deadline, 7, digest, ask.prompt, ""
        );
        assertEq(_open(ask), 1);
        InferenceRequest memory q = requests.requestOf(1);
        assertEq(q.requester, requester);
        assertEq(q.deadline, ask.deadline);
        assertEq(q.callbackGas, 7);
        assertEq(q.operator, address(0));
        assertEq(q.maxFee, MAX_FEE);
        assertEq(q.releaseHash, releaseHash);
        assertEq(q.termsVersion, 1);
        assertEq(q.promptDigest, digest);
        _assertStatus(1, RequestStatus.Open);
        assertEq(token.balanceOf(requester), had - MAX_FEE);
        assertEq(token.balanceOf(address(requests)), MAX_FEE);
        assertEq(requests.escrowed(), MAX_FEE);
    }

    function test_request_takesAPromptByItsDigest() public {
        Ask memory ask = _ask();
        (ask.prompt, ask.promptDigest, ask.promptCid) = ("", keccak256("prompt"), "bafkreiprompt");
        assertEq(requests.requestOf(_open(ask)).promptDigest, keccak256("prompt"));
    }

    function test_request_failsForABadPrompt() public {
        bytes memory error = abi.encodeWithSelector(IInferenceRequests.InferenceRequests_BadPrompt.selector);
        Ask memory ask = _ask();
        ask.prompt = "";
        _refuses(ask, error);
        ask.promptDigest = keccak256("prompt"); // where to find it?
        _refuses(ask, error);
        (ask.promptDigest, ask.promptCid) = (0, "bafkreiprompt"); // what to find?
        _refuses(ask, error);
        ask = _ask();
        ask.promptDigest = keccak256(ask.prompt);
        _refuses(ask, error);
        ask = _ask();
        ask.promptCid = "bafkreiprompt";
        _refuses(ask, error);
    }

    function test_request_failsBeyondTheLengths() public {
        Ask memory ask = _ask();
        ask.prompt = new bytes(16_385);
        _refuses(ask, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLong.selector, 16_385, 16_384));
        (ask.prompt, ask.promptDigest, ask.promptCid) = ("", keccak256("prompt"), string(new bytes(129)));
        _refuses(ask, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLong.selector, 129, 128));
    }

    function test_request_failsWithoutAFee() public {
        Ask memory ask = _ask();
        ask.maxFee = 0;
        _refuses(ask, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_ZeroFee.selector));
    }

    function test_request_failsForUnknownTerms() public {
        Ask memory ask = _ask();
        ask.releaseHash = "another";
        _refuses(
            ask,
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_UnknownTerms.selector, bytes32("another"), 1)
        );
        ask = _ask();
        for (uint32 version = 0; version <= 2; version += 2) {
            ask.termsVersion = version;
            _refuses(
                ask,
                abi.encodeWithSelector(IInferenceRequests.InferenceRequests_UnknownTerms.selector, releaseHash, version)
            );
        }
    }

    function testFuzz_request_keepsItsDeadlineWithinBounds(
        uint32 deadline
    ) public {
        (uint256 earliest, uint256 latest) = (block.timestamp + SHORTEST, block.timestamp + 30 days);
        Ask memory ask = _ask();
        ask.deadline = deadline;
        if (deadline >= earliest && deadline <= latest) {
            assertEq(requests.requestOf(_open(ask)).deadline, deadline);
        } else {
            _refuses(
                ask,
                abi.encodeWithSelector(
                    IInferenceRequests.InferenceRequests_BadDeadline.selector, deadline, earliest, latest
                )
            );
        }
    }

    function test_request_failsAtTheEdgesOfTheDeadline() public {
        Ask memory ask = _ask();
        (uint256 earliest, uint256 latest) = (block.timestamp + SHORTEST, block.timestamp + 30 days);
        uint32[2] memory outside = [uint32(earliest - 1), uint32(latest + 1)];
        for (uint256 i; i < 2; ++i) {
            ask.deadline = outside[i];
            _refuses(
                ask,
                abi.encodeWithSelector(
                    IInferenceRequests.InferenceRequests_BadDeadline.selector, outside[i], earliest, latest
                )
            );
        }
        ask.deadline = uint32(latest);
        _open(ask);
    }

    function test_request_failsBeyondTheCallbackGas() public {
        Ask memory ask = _ask();
        ask.callbackGas = MOST_CALLBACK_GAS + 1;
        _refuses(
            ask,
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_TooMuchCallbackGas.selector,
                MOST_CALLBACK_GAS + 1,
                MOST_CALLBACK_GAS
            )
        );
    }

    function test_request_failsForAnInactiveOperator() public {
        Ask memory ask = _ask();
        ask.operator = mallory;
        _refuses(ask, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_OperatorInactive.selector, mallory));
    }

    function test_request_failsWithoutTheMoney() public {
        Ask memory ask = _ask();
        vm.prank(mallory);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(requests), 0, uint256(MAX_FEE)
            )
        );
        requests.request(ask);
    }

    // ── accept ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_accept_fixesWhoAnswersThroughWhichChannel() public {
        uint256 id = _open(_ask());
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Open)
        );
        requests.channelOf(id);
        vm.warp(block.timestamp + 5);
        _accept(id);
        InferenceRequest memory q = requests.requestOf(id);
        assertEq(q.operator, operator);
        assertEq(q.signer, operatorSigner);
        assertEq(q.acceptedAt, block.timestamp);
        _assertStatus(id, RequestStatus.Accepted);
        (address account, bytes32 channel, uint32 expiry) = requests.channelOf(id);
        assertEq(channel, Channels.id(account, operator, operatorSigner));
        assertEq(expiry, q.deadline + THAW);
        assertEq(account.code.length, 0); // made with the answer
    }

    function test_accept_tellsTheChannel() public {
        uint256 id = _open(_ask());
        uint256 before = vm.snapshotState();
        _accept(id);
        (address account, bytes32 channel, uint32 expiry) = requests.channelOf(id);
        vm.revertToState(before);
        vm.expectEmit(address(requests));
        emit IInferenceRequests.RequestAccepted(id, operator, account, operatorSigner, channel, expiry);
        _accept(id);
    }

    /// @dev What a receipt must agree with: should a reorganisation change any of it, the channel is another.
    function test_accept_givesEachRequestItsOwnChannel() public {
        uint256 clean = vm.snapshotState();
        bytes32 first = _channelOf(_accepted());
        bytes32 second = _channelOf(_accepted());
        assertNotEq(first, second);
        vm.revertToState(clean);
        assertEq(_channelOf(_accepted()), first); // the same again
        vm.revertToState(clean);
        Ask memory ask = _ask();
        ask.prompt = ChatPrompt.user("another");
        uint256 id = _open(ask);
        _accept(id);
        assertNotEq(_channelOf(id), first);
        vm.revertToState(clean);
        id = _open(_ask());
        vm.warp(block.timestamp + 1);
        _accept(id);
        assertNotEq(_channelOf(id), first);
    }

    function _channelOf(
        uint256 id
    ) private view returns (bytes32 channel) {
        (, channel,) = requests.channelOf(id);
    }

    function test_accept_failsForOthersThanTheNamedOperator() public {
        Ask memory ask = _ask();
        ask.operator = operator;
        uint256 id = _open(ask);
        vm.prank(operator2);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_NotOperator.selector, id, operator2)
        );
        requests.accept(id);
        _accept(id);
    }

    function test_accept_failsForWhoHasNoStake() public {
        uint256 id = _open(_ask());
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRequests.InferenceRequests_OperatorInactive.selector, mallory));
        requests.accept(id);
        vm.prank(operator);
        registry.unbond(STAKE);
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_OperatorInactive.selector, operator)
        );
        requests.accept(id);
    }

    function test_accept_failsTwiceAndAfterTheDeadline() public {
        uint256 id = _accepted();
        vm.prank(operator2);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Accepted
            )
        );
        requests.accept(id);
        id = _open(_ask());
        uint32 deadline = requests.requestOf(id).deadline;
        vm.warp(deadline + 1);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLate.selector, id, deadline));
        requests.accept(id);
        vm.warp(deadline);
        _accept(id);
    }

    function test_accept_failsForTheUnknown() public {
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongStatus.selector, 1, RequestStatus.None)
        );
        requests.accept(1);
    }

    // ── refund ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_refund_givesAllBackAfterTheDeadline(
        uint96 fee,
        bool isAccepted
    ) public {
        Ask memory ask = _ask();
        ask.maxFee = uint96(bound(fee, 1, 1_000_000e18));
        uint256 had = token.balanceOf(requester);
        uint256 id = _open(ask);
        if (isAccepted) _accept(id);
        vm.warp(ask.deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_StillOpen.selector, id, ask.deadline)
        );
        vm.prank(anyone);
        requests.refund(id);
        vm.warp(ask.deadline + 1);
        vm.expectEmit(address(requests));
        emit IInferenceRequests.RequestRefunded(id, requester, ask.maxFee, anyone);
        vm.prank(anyone);
        requests.refund(id);
        assertEq(token.balanceOf(requester), had);
        assertEq(requests.escrowed(), 0);
        assertEq(token.balanceOf(address(requests)), 0);
    }

    function test_refund_failsTwice() public {
        uint256 id = _open(_ask());
        vm.startPrank(requester);
        requests.refund(id);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Refunded
            )
        );
        requests.refund(id);
        vm.stopPrank();
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Refunded
            )
        );
        requests.accept(id);
    }

    function test_refund_isTheRequestersBeforeTheDeadlineWhileNobodyHasAccepted() public {
        uint256 had = token.balanceOf(requester);
        uint256 id = _open(_ask());
        bytes memory error = abi.encodeWithSelector(
            IInferenceRequests.InferenceRequests_StillOpen.selector, id, requests.requestOf(id).deadline
        );
        vm.prank(anyone);
        vm.expectRevert(error);
        requests.refund(id);
        vm.prank(requester);
        requests.refund(id);
        assertEq(token.balanceOf(requester), had);

        id = _accepted();
        error = abi.encodeWithSelector(
            IInferenceRequests.InferenceRequests_StillOpen.selector, id, requests.requestOf(id).deadline
        );
        vm.prank(requester);
        vm.expectRevert(error);
        requests.refund(id);
    }

    // ── pause, rights, example ──────────────────────────────────────────────────────────────────────────────────────

    function test_pause_stopsNewRequestsOnly() public {
        uint256 open = _open(_ask());
        uint256 accepted = _accepted();
        vm.prank(guardian);
        requests.pause();
        Ask memory ask = _ask();
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(BoundedPause.BoundedPause_Paused.selector, block.timestamp + LONGEST_PAUSE)
        );
        requests.request(ask);
        _give(accepted, _answerTo(accepted, FEE));
        _accept(open);
        vm.warp(block.timestamp + LONGEST_PAUSE - 1);
        vm.prank(guardian);
        requests.unpause();
        uint256 third = _open(_ask());
        vm.prank(requester);
        requests.refund(third);
    }

    function test_pause_isTheGuardiansAlone() public {
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        requests.pause();
    }

    /// @dev Of a pause of the escrow, which deposits wait for, a request always sees the end.
    function test_pauseOfTheEscrow_endsBeforeTheDeadline() public {
        uint256 id = _accepted();
        assertGt(requests.shortestPeriod(), LONGEST_PAUSE);
        vm.prank(guardian);
        escrow.pause();
        vm.expectRevert(
            abi.encodeWithSelector(BoundedPause.BoundedPause_Paused.selector, block.timestamp + LONGEST_PAUSE)
        );
        this.give(id);
        vm.warp(block.timestamp + LONGEST_PAUSE);
        vm.prank(guardian);
        vm.expectRevert();
        escrow.pause();
        this.give(id);
        _assertStatus(id, RequestStatus.Answered);
    }

    function give(
        uint256 id
    ) external {
        _give(id, _answerTo(id, FEE));
    }

    function test_oneQuestion_isAnsweredAndPaysWhatTheAnswerCosts() public {
        OneQuestion question = _newQuestion();
        question.ask(QUESTION, MAX_FEE, uint32(block.timestamp + SHORTEST));
        uint256 id = question.requestId();
        _accept(id);
        _give(id, _answerTo(id, FEE));
        assertEq(question.answer(), string(OUTPUT));
        assertEq(token.balanceOf(address(question)), MAX_FEE - FEE);
        uint256 had = token.balanceOf(address(this));
        question.withdraw();
        assertEq(token.balanceOf(address(this)) - had, MAX_FEE - FEE);
    }

    function test_oneQuestion_canBeTakenBackByItsOwner() public {
        OneQuestion question = _newQuestion();
        uint256 had = token.balanceOf(address(this));
        question.ask(QUESTION, MAX_FEE, uint32(block.timestamp + SHORTEST));
        vm.startPrank(mallory);
        bytes memory error = abi.encodeWithSelector(OneQuestion.OneQuestion_NotOwner.selector, mallory);
        vm.expectRevert(error);
        question.cancel();
        vm.expectRevert(error);
        question.ask(QUESTION, MAX_FEE, 0);
        vm.expectRevert(error);
        question.withdraw();
        vm.stopPrank();
        question.cancel();
        question.withdraw();
        assertEq(token.balanceOf(address(this)), had);
    }

    function test_oneQuestion_takesAnswersToItsQuestionOnly() public {
        OneQuestion question = _newQuestion();
        vm.expectRevert(abi.encodeWithSelector(OneQuestion.OneQuestion_NotRequests.selector, address(this)));
        question.onInference(1, 0, "forged", "");
        vm.prank(address(requests));
        vm.expectRevert(abi.encodeWithSelector(OneQuestion.OneQuestion_NotAsked.selector, 9));
        question.onInference(9, 0, "of another", "");
    }

    function test_chatPrompt_isCanonicalJson() public pure {
        assertEq(string(ChatPrompt.user("hello")), '[{"content":"hello","role":"user"}]');
        assertEq(
            string(ChatPrompt.instructed("Say \"yes\".", unicode"a\\b\n\tü\u0001")),
            unicode'[{"content":"Say \\"yes\\".","role":"system"},{"content":"a\\\\b\\n\\tü\\u0001","role":"user"}]'
        );
    }
}
