// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IInferenceRequests} from "../../src/oracles/IInferenceRequests.sol";
import {RequestAccount} from "../../src/oracles/RequestAccount.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {Answer, Ask, InferenceRequest, RequestStatus} from "../../src/types/Requests.sol";
import {Component} from "../../src/types/Settlement.sol";
import {RequestsBase} from "../settlement/RequestsBase.sol";
import {RudeConsumer} from "../settlement/RudeConsumer.sol";

/// @notice Answers: only the right one is taken, and no requester can stop it.
contract InferenceAnswersTest is RequestsBase {
    uint32 private constant GAS = 400_000;

    function _refuses(
        uint256 id,
        Answer memory a,
        bytes memory error
    ) private {
        vm.prank(operator);
        vm.expectRevert(error);
        requests.answer(id, a);
        _assertStatus(id, RequestStatus.Accepted);
        assertEq(requests.escrowed(), MAX_FEE);
    }

    /// @dev The answer, changed as the caller did and signed again.
    function _signed(
        Answer memory a
    ) private view returns (Answer memory) {
        a.signature = _sign(a.receipt);
        return a;
    }

    function _rude(
        RudeConsumer.Manner manner
    ) private returns (RudeConsumer consumer, uint256 id) {
        consumer = new RudeConsumer(token, requests);
        token.mint(address(consumer), 10 * MAX_FEE);
        consumer.behave(manner);
        Ask memory ask = _ask();
        ask.callbackGas = GAS;
        id = consumer.ask(ask);
        _accept(id);
    }

    // ── What a right answer does ────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_answer_depositsTheFeeAndPaysBackTheRest(
        uint256 units
    ) public {
        uint96 fee = uint96(bound(units, 0, MAX_FEE / PRICE)) * PRICE;
        uint256 had = token.balanceOf(requester);
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, fee);
        (address account, bytes32 channel, uint32 expiry) = requests.channelOf(id);
        bytes32 receiptHash = _hash(a.receipt);
        vm.expectEmit(address(requests));
        emit IInferenceRequests.RequestAnswered(
            id, requester, operator, account, receiptHash, fee, MAX_FEE - fee, SALT, OUTPUT, ""
        );
        _give(id, a);
        assertEq(token.balanceOf(requester), had - fee);
        assertEq(token.balanceOf(address(requests)), 0);
        assertEq(requests.escrowed(), 0);
        assertEq(escrow.account(account, operator).balance, fee);
        assertEq(escrow.channel(channel).cap, MAX_FEE);
        assertEq(escrow.channel(channel).expiry, expiry);
        assertEq(token.allowance(address(requests), address(escrow)), 0);
        InferenceRequest memory q = requests.requestOf(id);
        assertEq(q.receiptHash, receiptHash);
        assertEq(q.answerDigest, keccak256(abi.encode(OUTPUT, "")));
        _assertStatus(id, RequestStatus.Answered);
        assertTrue(requests.isAnswer(id, OUTPUT, ""));
        assertFalse(requests.isAnswer(id, "It burns tokens.", ""));
        assertFalse(requests.isAnswer(id + 1, OUTPUT, ""));
    }

    function test_answer_makesAnAccountThatKnowsItsRequester() public {
        (uint256 id, RequestAccount account) = _answered(FEE);
        (,, uint32 expiry) = requests.channelOf(id);
        assertEq(account.requester(), requester);
        assertEq(account.operator(), operator);
        assertEq(account.signer(), operatorSigner);
        assertEq(account.cap(), MAX_FEE);
        assertEq(account.expiry(), expiry);
        account.open(); // says the same again
        assertEq(escrow.channel(escrow.channelId(address(account), operator, operatorSigner)).cap, MAX_FEE);
    }

    function test_answer_isAlsoTheSigners() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        vm.prank(operatorSigner);
        requests.answer(id, a);
        _assertStatus(id, RequestStatus.Answered);
    }

    /// @dev The operator may change its signer meanwhile; the request keeps the one it was accepted with.
    function test_answer_isOfTheSignerThatItWasAcceptedWith() public {
        uint256 id = _accepted();
        vm.prank(operator);
        registry.update(makeAddr("next signer"), "", "");
        _give(id, _answerTo(id, FEE));
        _assertStatus(id, RequestStatus.Answered);
    }

    function test_answer_mayLieUnderACid() public {
        (RudeConsumer consumer, uint256 id) = _rude(RudeConsumer.Manner.Polite);
        Answer memory a = _answerTo(id, FEE);
        (a.output, a.outputCid, a.textHash) = ("", "bafkreianswer", keccak256(bytes.concat(SALT, OUTPUT)));
        _give(id, a);
        assertTrue(requests.isAnswer(id, "", "bafkreianswer"));
        assertEq(consumer.outputCid(), "bafkreianswer");
        assertEq(consumer.output(), "");
    }

    // ── What is refused ─────────────────────────────────────────────────────────────────────────────────────────────

    function test_answer_failsForOthers() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        address[3] memory others = [operator2, requester, mallory];
        for (uint256 i; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IInferenceRequests.InferenceRequests_NotOperator.selector, id, others[i])
            );
            requests.answer(id, a);
        }
    }

    function test_answer_failsBeforeItIsAcceptedAndTwice() public {
        uint256 id = _open(_ask());
        Answer memory a;
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Open)
        );
        requests.answer(id, a);
        _accept(id);
        a = _answerTo(id, FEE);
        _give(id, a);
        bytes memory error = abi.encodeWithSelector(
            IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Answered
        );
        vm.prank(operator);
        vm.expectRevert(error);
        requests.answer(id, a);
        vm.warp(block.timestamp + SHORTEST + 1);
        vm.expectRevert(error);
        requests.refund(id);
    }

    function test_answer_failsAfterTheDeadline() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        uint32 deadline = requests.requestOf(id).deadline;
        vm.warp(deadline + 1);
        _refuses(id, a, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLate.selector, id, deadline));
        vm.warp(deadline);
        _give(id, a);
    }

    function test_answer_failsForAnotherPlaceThanItsChannels() public {
        uint256 id = _accepted();
        uint256 other = _open(_ask());
        _accept(other);
        bytes32 given = _answerTo(other, FEE).receipt.channel;
        (, bytes32 channel,) = requests.channelOf(id);
        vm.prank(requester);
        vm.warp(requests.requestOf(other).deadline + 1);
        requests.refund(other);
        vm.warp(requests.requestOf(id).deadline);
        Answer memory a = _answerTo(id, FEE);
        a.receipt.channel = given;
        _refuses(
            id,
            _signed(a),
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongChannel.selector, given, channel)
        );
        a = _answerTo(id, FEE);
        a.receipt.sequence = 2;
        _refuses(id, _signed(a), abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongSequence.selector, 2));
    }

    function test_answer_failsForAnotherComposition() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        bytes32 expected = a.receipt.compositionHash;
        a.receipt.compositionHash = _hashComponent(Component("another", 1, 10_000));
        _refuses(
            id,
            _signed(a),
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongComposition.selector, a.receipt.compositionHash, expected
            )
        );
    }

    function test_answer_failsForAnotherTime() public {
        vm.warp(block.timestamp + 10);
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        uint32 expected = a.receipt.timestamp;
        a.receipt.timestamp = expected - 1;
        _refuses(
            id,
            _signed(a),
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongTimestamp.selector, expected - 1, expected)
        );
    }

    function test_answer_failsWithoutItsHashes() public {
        uint256 id = _accepted();
        bytes memory error = abi.encodeWithSelector(IInferenceRequests.InferenceRequests_MissingHash.selector);
        Answer memory a = _answerTo(id, FEE);
        a.receipt.evidenceHash = 0;
        _refuses(id, _signed(a), error);
        a = _answerTo(id, FEE);
        a.receipt.allocationHash = 0;
        _refuses(id, _signed(a), error);
        a = _answerTo(id, FEE);
        a.receipt.traceHash = 0;
        _refuses(id, _signed(a), error);
    }

    function testFuzz_answer_failsForAnotherPrice(
        uint96 fee,
        uint32 tokens
    ) public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        a.receipt.promptTokens = uint32(bound(tokens, 0, MAX_FEE / PRICE));
        uint256 price = uint256(a.receipt.promptTokens) * PRICE;
        fee = uint96(bound(fee, 0, MAX_FEE));
        if (fee == price) ++fee;
        a.receipt.fee = fee;
        _refuses(
            id, _signed(a), abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongFee.selector, fee, price)
        );
    }

    function test_answer_failsBeyondTheMostItMayCost() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, MAX_FEE + PRICE);
        _refuses(
            id,
            a,
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_BeyondMaxFee.selector, MAX_FEE + PRICE, MAX_FEE)
        );
    }

    function test_answer_failsUnderAFeeThatCannotBeSettled() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        a.receipt.feeVersion = 2;
        _refuses(id, _signed(a), abi.encodeWithSelector(IFeePolicy.FeePolicy_UnknownVersion.selector, 2));
    }

    function test_answer_failsWithoutTheSignersSignature() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        a.signature = _signWith(operatorKey, a.receipt);
        _refuses(
            id,
            a,
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_NotSigned.selector, operator, operatorSigner)
        );
        a.signature = "";
        _refuses(
            id,
            a,
            abi.encodeWithSelector(IInferenceRequests.InferenceRequests_NotSigned.selector, address(0), operatorSigner)
        );
    }

    function test_answer_failsForAnotherPrompt() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        bytes32 expected = keccak256(a.prompt);
        a.prompt = "another";
        _refuses(
            id,
            a,
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongPrompt.selector, keccak256("another"), expected
            )
        );
        a = _answerTo(id, FEE);
        a.receipt.promptHash = keccak256("another");
        bytes32 opened = keccak256(bytes.concat(SALT, a.prompt));
        _refuses(
            id,
            _signed(a),
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongPrompt.selector, opened, keccak256("another")
            )
        );
    }

    function testFuzz_answer_failsForAnotherOutput(
        bytes memory output,
        bytes32 root
    ) public {
        vm.assume(output.length <= 4_096 && keccak256(output) != keccak256(OUTPUT));
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        bytes32 expected = a.receipt.outputHash;
        a.output = output;
        bytes32 opened = keccak256(bytes.concat(keccak256(bytes.concat(SALT, output)), OUTPUT_ROOT));
        _refuses(
            id, a, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongOutput.selector, opened, expected)
        );
        vm.assume(root != OUTPUT_ROOT);
        (a.output, a.outputRoot) = (OUTPUT, root);
        opened = keccak256(bytes.concat(keccak256(bytes.concat(SALT, OUTPUT)), root));
        _refuses(
            id, a, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_WrongOutput.selector, opened, expected)
        );
    }

    function test_answer_failsForAnOutputThatIsNeitherHereNorThere() public {
        uint256 id = _accepted();
        bytes memory error = abi.encodeWithSelector(IInferenceRequests.InferenceRequests_BadOutput.selector);
        Answer memory a = _answerTo(id, FEE);
        a.textHash = keccak256(bytes.concat(SALT, OUTPUT));
        _refuses(id, a, error);
        a.outputCid = "bafkreianswer";
        _refuses(id, a, error);
        (a.output, a.textHash) = ("", 0);
        _refuses(id, a, error);
    }

    function test_answer_failsBeyondTheLengths() public {
        uint256 id = _accepted();
        Answer memory a = _answerTo(id, FEE);
        a.output = new bytes(4_097);
        _refuses(id, a, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLong.selector, 4_097, 4_096));
        (a.output, a.outputCid) = ("", string(new bytes(129)));
        _refuses(id, a, abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLong.selector, 129, 128));
        Ask memory ask = _ask();
        (ask.promptDigest, ask.promptCid) = (keccak256(new bytes(16_385)), "bafkreiprompt");
        ask.prompt = "";
        uint256 long = _open(ask);
        _accept(long);
        a.prompt = new bytes(16_385);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRequests.InferenceRequests_TooLong.selector, 16_385, 16_384));
        requests.answer(long, a);
    }

    // ── Callbacks ───────────────────────────────────────────────────────────────────────────────────────────────────

    function test_callback_bringsTheAnswer() public {
        (RudeConsumer consumer, uint256 id) = _rude(RudeConsumer.Manner.Polite);
        Answer memory a = _answerTo(id, FEE);
        vm.expectEmit(address(requests));
        emit IInferenceRequests.RequestDelivered(id, address(consumer), true, operator);
        _give(id, a);
        assertEq(consumer.calls(), 1);
        assertEq(consumer.output(), OUTPUT);
        assertEq(consumer.receiptHash(), _hash(a.receipt));
        assertLe(consumer.gasGiven(), GAS);
        assertGt(consumer.gasGiven(), GAS * 9 / 10);
        assertTrue(requests.requestOf(id).delivered);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRequests.InferenceRequests_AlreadyDelivered.selector, id));
        requests.deliver(id, OUTPUT, "");
    }

    function test_callback_isNotMadeWhereNoneIsAskedFor() public {
        RudeConsumer consumer = new RudeConsumer(token, requests);
        token.mint(address(consumer), MAX_FEE);
        uint256 id = consumer.ask(_ask());
        _accept(id);
        _give(id, _answerTo(id, FEE));
        assertEq(consumer.calls(), 0);
        requests.deliver(id, OUTPUT, ""); // but it can be asked for
        assertEq(consumer.calls(), 1);
    }

    function test_callback_toAnAccountWithoutCodeIsNone() public {
        Ask memory ask = _ask();
        ask.callbackGas = GAS;
        uint256 id = _open(ask);
        _accept(id);
        vm.expectEmit(address(requests));
        emit IInferenceRequests.RequestDelivered(id, requester, false, operator);
        _give(id, _answerTo(id, FEE));
        assertFalse(requests.requestOf(id).delivered);
    }

    /// @dev Whatever a requester does when it is called, the answer stands, the operator is paid for it, and it costs
    ///      the operator no more gas than the requester said.
    function test_revertingCallback_cannotStopAnAnswer() public {
        RudeConsumer.Manner[4] memory manners = [
            RudeConsumer.Manner.Reverts,
            RudeConsumer.Manner.BurnsItsGas,
            RudeConsumer.Manner.RevertsWithABomb,
            RudeConsumer.Manner.RefundsItself
        ];
        (RudeConsumer polite, uint256 id) = _rude(RudeConsumer.Manner.Polite);
        Answer memory a = _answerTo(id, FEE);
        uint256 least = gasleft();
        _give(id, a);
        least -= gasleft();
        assertEq(polite.calls(), 1);
        for (uint256 i; i < manners.length; ++i) {
            RudeConsumer consumer;
            (consumer, id) = _rude(manners[i]);
            a = _answerTo(id, FEE);
            (address account,,) = requests.channelOf(id);
            uint256 used = gasleft();
            _give(id, a);
            used -= gasleft();
            assertLe(used, least + GAS);
            assertEq(consumer.calls(), 0);
            assertEq(escrow.account(account, operator).balance, FEE);
            assertFalse(requests.requestOf(id).delivered);

            consumer.behave(RudeConsumer.Manner.Polite);
            vm.prank(anyone);
            requests.deliver(id, OUTPUT, "");
            assertEq(consumer.calls(), 1);
            assertEq(consumer.output(), OUTPUT);
        }
    }

    function test_callback_ignoresWhatItReturns() public {
        (, uint256 id) = _rude(RudeConsumer.Manner.ReturnsABomb);
        _give(id, _answerTo(id, FEE));
        assertTrue(requests.requestOf(id).delivered);
    }

    function test_callback_mayAskAgain() public {
        (RudeConsumer consumer, uint256 id) = _rude(RudeConsumer.Manner.AsksAgain);
        _give(id, _answerTo(id, FEE));
        assertTrue(requests.requestOf(id).delivered);
        assertEq(requests.requestCount(), id + 1);
        assertEq(requests.requestOf(id + 1).requester, address(consumer));
        assertEq(requests.escrowed(), MAX_FEE);
        assertEq(token.balanceOf(address(requests)), MAX_FEE);
    }

    function test_callback_cannotDeliverToItselfTwice() public {
        (RudeConsumer consumer, uint256 id) = _rude(RudeConsumer.Manner.DeliversItself);
        _give(id, _answerTo(id, FEE));
        assertEq(consumer.calls(), 0); // its callback failed as a whole
        assertFalse(requests.requestOf(id).delivered);
        vm.expectRevert(abi.encodeWithSelector(IInferenceRequests.InferenceRequests_AlreadyDelivered.selector, id));
        requests.deliver(id, OUTPUT, "");
        consumer.behave(RudeConsumer.Manner.Polite);
        requests.deliver(id, OUTPUT, "");
        assertEq(consumer.calls(), 1);
    }

    /// @dev An operator cannot let a callback fail by sending too little gas: then there is no answer.
    function testFuzz_callback_getsItsGasOrThereIsNoAnswer(
        uint256 gas_
    ) public {
        (RudeConsumer consumer, uint256 id) = _rude(RudeConsumer.Manner.Polite);
        Answer memory a = _answerTo(id, FEE);
        bytes memory call = abi.encodeCall(requests.answer, (id, a));
        gas_ = bound(gas_, 300_000, 1_600_000);
        vm.prank(operator);
        (bool done,) = address(requests).call{gas: gas_}(call);
        assertEq(consumer.calls(), done ? 1 : 0);
        _assertStatus(id, done ? RequestStatus.Answered : RequestStatus.Accepted);
        if (done) assertGt(consumer.gasGiven(), GAS * 9 / 10);
    }

    function test_deliver_failsForAnotherAnswer() public {
        (, uint256 id) = _rude(RudeConsumer.Manner.Reverts);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongStatus.selector, id, RequestStatus.Accepted
            )
        );
        requests.deliver(id, OUTPUT, "");
        _give(id, _answerTo(id, FEE));
        bytes32 given = keccak256(abi.encode(bytes("forged"), ""));
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceRequests.InferenceRequests_WrongAnswer.selector, given, keccak256(abi.encode(OUTPUT, ""))
            )
        );
        requests.deliver(id, "forged", "");
        vm.expectRevert(bytes("rude")); // the reason reaches whoever delivers
        requests.deliver(id, OUTPUT, "");
    }

    function test_deliver_failsWithLessGasThanWasAskedFor() public {
        (RudeConsumer consumer, uint256 id) = _rude(RudeConsumer.Manner.Reverts);
        _give(id, _answerTo(id, FEE));
        consumer.behave(RudeConsumer.Manner.Polite);
        (bool done, bytes memory reason) =
            address(requests).call{gas: GAS}(abi.encodeCall(requests.deliver, (id, OUTPUT, "")));
        assertFalse(done);
        assertEq(bytes4(reason), IInferenceRequests.InferenceRequests_TooLittleGas.selector);
        requests.deliver{gas: 2 * GAS}(id, OUTPUT, "");
    }
}
