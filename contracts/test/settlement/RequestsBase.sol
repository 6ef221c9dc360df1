// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Artifacts} from "../../../script/Artifacts.sol";
import {OneQuestion} from "../../src/examples/OneQuestion.sol";
import {ChatPrompt} from "../../src/libraries/ChatPrompt.sol";
import {InferenceRequests} from "../../src/oracles/InferenceRequests.sol";
import {RequestAccount} from "../../src/oracles/RequestAccount.sol";
import {Answer, Ask, InferenceRequest, RequestStatus} from "../../src/types/Requests.sol";
import {Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {FraudBase} from "./FraudBase.sol";

/// @notice Requests of contracts and accounts, answered by an honest operator whose batches hold the signed receipts.
abstract contract RequestsBase is FraudBase {
    uint64 internal constant SHORTEST = 300;
    uint32 internal constant MOST_CALLBACK_GAS = 500_000;
    uint96 internal constant MAX_FEE = 5 * FEE;
    bytes32 internal constant SALT = keccak256("salt");
    bytes32 internal constant OUTPUT_ROOT = keccak256("tokens");
    string internal constant QUESTION = "What does transfer do?";
    bytes internal constant OUTPUT = "It moves tokens.";

    RequestAccount internal template;
    InferenceRequests internal requests;
    address internal requester = makeAddr("requester");

    mapping(bytes32 channel => SignedReceipt) internal receipts;

    function setUp() public virtual override {
        super.setUp();
        template = RequestAccount(Artifacts.create("RequestAccount", abi.encode(token, escrow)));
        requests = InferenceRequests(
            _proxy(_newRequests(template), abi.encodeCall(InferenceRequests.initialize, (address(manager))))
        );
        _allow(address(requests), requests.pause.selector, GUARDIAN_ROLE);
        _allow(address(requests), requests.unpause.selector, GUARDIAN_ROLE);
        _give(requester, address(requests), 1_000_000e18);
    }

    function _newRequests(
        RequestAccount template_
    ) internal returns (address) {
        return Artifacts.create(
            "InferenceRequests",
            abi.encode(template_, settlement, registry, models, feePolicy, SHORTEST, MOST_CALLBACK_GAS, LONGEST_PAUSE)
        );
    }

    function _newQuestion() internal returns (OneQuestion question) {
        question = OneQuestion(Artifacts.create("OneQuestion", abi.encode(token, requests, releaseHash, 1)));
        _give(address(this), address(question), 1_000e18);
    }

    function _ask() internal view returns (Ask memory) {
        return Ask({
            releaseHash: releaseHash,
            termsVersion: 1,
            maxFee: MAX_FEE,
            deadline: uint32(block.timestamp + SHORTEST),
            callbackGas: 0,
            operator: address(0),
            prompt: ChatPrompt.user(QUESTION),
            promptDigest: 0,
            promptCid: ""
        });
    }

    function _open(
        Ask memory ask
    ) internal returns (uint256 id) {
        vm.prank(requester);
        id = requests.request(ask);
    }

    function _accept(
        uint256 id
    ) internal {
        vm.prank(operator);
        requests.accept(id);
    }

    function _accepted() internal returns (uint256 id) {
        id = _open(_ask());
        _accept(id);
    }

    /// @dev The operator's answer to an accepted request, at a fee that `PRICE` divides.
    function _answerTo(
        uint256 id,
        uint96 fee
    ) internal view returns (Answer memory a) {
        InferenceRequest memory q = requests.requestOf(id);
        (, bytes32 channel,) = requests.channelOf(id);
        a.receipt = super._receiptOf(operator, channel, 1, fee, 0);
        a.prompt = ChatPrompt.user(QUESTION);
        a.salt = SALT;
        a.output = OUTPUT;
        a.outputRoot = OUTPUT_ROOT;
        a.receipt.timestamp = q.acceptedAt;
        a.receipt.promptHash = keccak256(bytes.concat(SALT, a.prompt));
        a.receipt.outputHash = keccak256(bytes.concat(keccak256(bytes.concat(SALT, OUTPUT)), OUTPUT_ROOT));
        a.receipt.evidenceHash = keccak256("evidence");
        a.receipt.traceHash = keccak256("trace");
        a.signature = _sign(a.receipt);
    }

    function _give(
        uint256 id,
        Answer memory a
    ) internal {
        receipts[a.receipt.channel] = a.receipt;
        vm.prank(operator);
        requests.answer(id, a);
    }

    function _answered(
        uint96 fee
    ) internal returns (uint256 id, RequestAccount account) {
        id = _accepted();
        (address made,,) = requests.channelOf(id);
        _give(id, _answerTo(id, fee));
        account = RequestAccount(made);
    }

    /// @dev Receipts of requests are those that were signed.
    function _receiptOf(
        address operator_,
        bytes32 id,
        uint32 sequence,
        uint96 fee,
        uint256 position
    ) internal view override returns (SignedReceipt memory) {
        SignedReceipt memory signed = receipts[id];
        return signed.sequence == sequence ? signed : super._receiptOf(operator_, id, sequence, fee, position);
    }

    /// @dev The request's channel in a batch.
    function _callOf(
        RequestAccount account,
        uint96 fee
    ) internal view returns (Calls[] memory) {
        return _one(address(account), operatorSignerKey, 1, fee);
    }

    function _assertStatus(
        uint256 id,
        RequestStatus status
    ) internal view {
        assertEq(uint8(requests.requestOf(id).status), uint8(status));
    }
}
