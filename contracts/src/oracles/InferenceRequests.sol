// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {BoundedPause} from "../libraries/BoundedPause.sol";
import {Channels} from "../libraries/Channels.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {IFeePolicy} from "../settlement/IFeePolicy.sol";
import {IPaymentEscrow} from "../settlement/IPaymentEscrow.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {Terms} from "../types/Release.sol";
import {Answer, Ask, InferenceRequest, RequestStatus} from "../types/Requests.sol";
import {Component, Receipt} from "../types/Settlement.sol";
import {IInferenceConsumer} from "./IInferenceConsumer.sol";
import {IInferenceRequests} from "./IInferenceRequests.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {IRequestAccount} from "./IRequestAccount.sol";
import {RequestAccount} from "./RequestAccount.sol";

/// @title InferenceRequests
/// @notice Models as an oracle: contracts ask, operators answer with receipts.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | pause, unpause   | guardian                 |
///      | upgradeToAndCall | upgrade timelock (admin) |
///      A pause stops new requests only. A pause of PaymentEscrow keeps an answer waiting, never longer than a request's
///      shortest period. Each request has a channel of its own: what becomes of one receipt touches no other request.
contract InferenceRequests is IInferenceRequests, BoundedPause, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    /// @notice Bytes of a prompt, which an answer brings into calldata.
    uint256 public constant MAX_PROMPT = 16_384;
    /// @notice Bytes of an output that is given as such; longer ones lie under a CID.
    uint256 public constant MAX_OUTPUT = 4_096;
    uint256 public constant MAX_CID = 128;
    /// @notice Seconds from a request to its deadline at most: money is not to be forgotten here.
    uint256 public constant LONGEST_PERIOD = 30 days;
    /// @dev Both parts of a fee are multiples of this many wei (docs/wire.md).
    uint256 private constant FEE_UNIT = 10_000;
    uint16 private constant WHOLE_BPS = 10_000;
    /// @dev Gas for the call itself and for what follows it.
    uint256 private constant GAS_AFTER_CALLBACK = 50_000;

    IERC20 public immutable token;
    IPaymentEscrow public immutable escrow;
    ISettlement public immutable settlement;
    IOperatorRegistry public immutable registry;
    IModelRegistry public immutable models;
    IFeePolicy public immutable feePolicy;
    /// @notice What the accounts of answered requests are clones of; an upgrade keeps it.
    RequestAccount public immutable template;
    /// @inheritdoc IInferenceRequests
    uint64 public immutable shortestPeriod;
    /// @inheritdoc IInferenceRequests
    uint32 public immutable mostCallbackGas;

    /// @custom:storage-location erc7201:openledger.storage.InferenceRequests
    struct InferenceRequestsStorage {
        uint256 requestCount;
        uint256 escrowed;
        mapping(uint256 requestId => InferenceRequest) requests;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.InferenceRequests")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant INFERENCE_REQUESTS_STORAGE =
        0x58f57e243ee816b2f36ff64fe9a2ad465cb95546a8854ff31c41d93df4cabf00;

    /// @param template_ made for the same token and escrow
    /// @param shortestPeriod_ seconds; longer than the longest pause
    /// @param longestPause_ seconds
    constructor(
        RequestAccount template_,
        ISettlement settlement_,
        IOperatorRegistry registry_,
        IModelRegistry models_,
        IFeePolicy feePolicy_,
        uint64 shortestPeriod_,
        uint32 mostCallbackGas_,
        uint64 longestPause_
    ) BoundedPause(longestPause_) {
        template = template_;
        token = template_.token();
        escrow = template_.escrow();
        settlement = settlement_;
        registry = registry_;
        models = models_;
        feePolicy = feePolicy_;
        shortestPeriod = shortestPeriod_;
        mostCallbackGas = mostCallbackGas_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IInferenceRequests
    function request(
        Ask calldata ask
    ) external whenNotPaused returns (uint256 requestId) {
        if (ask.maxFee == 0) revert InferenceRequests_ZeroFee();
        _requireTerms(ask.releaseHash, ask.termsVersion);
        (uint256 earliest, uint256 latest) = (block.timestamp + shortestPeriod, block.timestamp + LONGEST_PERIOD);
        if (ask.deadline < earliest || ask.deadline > latest) {
            revert InferenceRequests_BadDeadline(ask.deadline, earliest, latest);
        }
        if (ask.callbackGas > mostCallbackGas) {
            revert InferenceRequests_TooMuchCallbackGas(ask.callbackGas, mostCallbackGas);
        }
        if (ask.operator != address(0)) _requireActive(ask.operator);
        bytes32 promptDigest = _promptDigest(ask);

        InferenceRequestsStorage storage $ = _storage();
        requestId = ++$.requestCount;
        InferenceRequest storage r = $.requests[requestId];
        r.requester = msg.sender;
        r.deadline = ask.deadline;
        r.callbackGas = ask.callbackGas;
        r.status = RequestStatus.Open;
        r.operator = ask.operator;
        r.maxFee = ask.maxFee;
        r.termsVersion = ask.termsVersion;
        r.releaseHash = ask.releaseHash;
        r.promptDigest = promptDigest;
        $.escrowed += ask.maxFee;
        _emitOpened(requestId, promptDigest, ask);
        token.safeTransferFrom(msg.sender, address(this), ask.maxFee);
    }

    /// @inheritdoc IInferenceRequests
    function accept(
        uint256 requestId
    ) external {
        InferenceRequest storage r = _storage().requests[requestId];
        if (r.status != RequestStatus.Open) revert InferenceRequests_WrongStatus(requestId, r.status);
        if (r.operator != address(0) && r.operator != msg.sender) {
            revert InferenceRequests_NotOperator(requestId, msg.sender);
        }
        if (block.timestamp > r.deadline) revert InferenceRequests_TooLate(requestId, r.deadline);
        _requireActive(msg.sender);
        r.status = RequestStatus.Accepted;
        r.operator = msg.sender;
        r.signer = registry.signerOf(msg.sender);
        r.acceptedAt = uint32(block.timestamp);
        (address account, bytes32 channel, uint32 expiry) = channelOf(requestId);
        emit RequestAccepted(requestId, msg.sender, account, r.signer, channel, expiry);
    }

    /// @inheritdoc IInferenceRequests
    function answer(
        uint256 requestId,
        Answer calldata given
    ) external {
        InferenceRequest storage r = _storage().requests[requestId];
        InferenceRequest memory q = r;
        if (q.status != RequestStatus.Accepted) revert InferenceRequests_WrongStatus(requestId, q.status);
        if (msg.sender != q.operator && msg.sender != q.signer) {
            revert InferenceRequests_NotOperator(requestId, msg.sender);
        }
        if (block.timestamp > q.deadline) revert InferenceRequests_TooLate(requestId, q.deadline);
        _requireContent(q, given);
        bytes32 receiptHash = _requireReceipt(requestId, q, given);

        r.status = RequestStatus.Answered;
        r.receiptHash = receiptHash;
        r.answerDigest = keccak256(abi.encode(given.output, given.outputCid));
        _storage().escrowed -= q.maxFee;
        address account = _pay(requestId, q, given.receipt.fee);
        _emitAnswered(requestId, q, given, account, receiptHash);
        if (q.callbackGas != 0) _call(requestId, r, receiptHash, given);
    }

    /// @inheritdoc IInferenceRequests
    function deliver(
        uint256 requestId,
        bytes calldata output,
        string calldata outputCid
    ) external {
        InferenceRequest storage r = _storage().requests[requestId];
        if (r.status != RequestStatus.Answered) revert InferenceRequests_WrongStatus(requestId, r.status);
        if (r.delivered) revert InferenceRequests_AlreadyDelivered(requestId);
        bytes32 digest = keccak256(abi.encode(output, outputCid));
        if (digest != r.answerDigest) revert InferenceRequests_WrongAnswer(digest, r.answerDigest);
        r.delivered = true;
        address requester = r.requester;
        emit RequestDelivered(requestId, requester, true, msg.sender);
        // Not less than was asked for, so that nobody delivers in a way that the requester cannot handle.
        _requireGas(r.callbackGas);
        IInferenceConsumer(requester).onInference(requestId, r.receiptHash, output, outputCid);
    }

    /// @inheritdoc IInferenceRequests
    function refund(
        uint256 requestId
    ) external {
        InferenceRequestsStorage storage $ = _storage();
        InferenceRequest storage r = $.requests[requestId];
        (RequestStatus status, address requester, uint96 amount) = (r.status, r.requester, r.maxFee);
        if (status != RequestStatus.Open && status != RequestStatus.Accepted) {
            revert InferenceRequests_WrongStatus(requestId, status);
        }
        bool isWithdrawn = status == RequestStatus.Open && msg.sender == requester;
        if (!isWithdrawn && block.timestamp <= r.deadline) revert InferenceRequests_StillOpen(requestId, r.deadline);
        r.status = RequestStatus.Refunded;
        $.escrowed -= amount;
        emit RequestRefunded(requestId, requester, amount, msg.sender);
        token.safeTransfer(requester, amount);
    }

    /// @inheritdoc IInferenceRequests
    function requestOf(
        uint256 requestId
    ) external view returns (InferenceRequest memory) {
        return _storage().requests[requestId];
    }

    /// @inheritdoc IInferenceRequests
    function requestCount() external view returns (uint256) {
        return _storage().requestCount;
    }

    /// @inheritdoc IInferenceRequests
    function isAnswer(
        uint256 requestId,
        bytes calldata output,
        string calldata outputCid
    ) external view returns (bool) {
        InferenceRequest storage r = _storage().requests[requestId];
        return r.status == RequestStatus.Answered && r.answerDigest == keccak256(abi.encode(output, outputCid));
    }

    /// @inheritdoc IInferenceRequests
    function channelOf(
        uint256 requestId
    ) public view returns (address account, bytes32 channel, uint32 expiry) {
        InferenceRequest memory q = _storage().requests[requestId];
        if (q.signer == address(0)) revert InferenceRequests_WrongStatus(requestId, q.status);
        bytes32 salt;
        bytes memory arguments;
        (salt, arguments, expiry) = _accountOf(requestId, q);
        account = Clones.predictDeterministicAddressWithImmutableArgs(address(template), arguments, salt);
        channel = Channels.id(account, q.operator, q.signer);
    }

    /// @inheritdoc IInferenceRequests
    function escrowed() external view returns (uint256) {
        return _storage().escrowed;
    }

    /// @dev What the account of a request is made of. The salt names all that a receipt must agree with: should a
    ///      reorganisation put another request, or another acceptance, in this one's place, it has another channel, and
    ///      a receipt that was signed for this one contradicts none of that.
    function _accountOf(
        uint256 requestId,
        InferenceRequest memory q
    ) private view returns (bytes32 salt, bytes memory arguments, uint32 expiry) {
        salt = keccak256(abi.encode(requestId, q.releaseHash, q.termsVersion, q.promptDigest, q.acceptedAt));
        // As long after the deadline as money thaws: what a void batch gives back can be settled again.
        expiry = uint32(q.deadline + escrow.thawPeriod());
        arguments = abi.encode(RequestAccount.Arguments(q.requester, q.operator, q.signer, q.maxFee, expiry));
    }

    /// @dev Makes the payer of the request's channel, deposits the fee for it, and gives back the rest.
    function _pay(
        uint256 requestId,
        InferenceRequest memory q,
        uint96 fee
    ) private returns (address account) {
        (bytes32 salt, bytes memory arguments,) = _accountOf(requestId, q);
        account = Clones.cloneDeterministicWithImmutableArgs(address(template), arguments, salt);
        IRequestAccount(account).open();
        if (fee != 0) {
            token.forceApprove(address(escrow), fee);
            escrow.deposit(account, q.operator, fee);
        }
        if (fee != q.maxFee) token.safeTransfer(q.requester, q.maxFee - fee);
    }

    /// @dev Calls the requester, whatever it does. Its gas is there, so that no operator can let it fail for want of it;
    ///      what it returns is not read, so that it costs nothing.
    function _call(
        uint256 requestId,
        InferenceRequest storage r,
        bytes32 receiptHash,
        Answer calldata given
    ) private {
        address requester = r.requester;
        uint256 callbackGas = r.callbackGas;
        r.delivered = true; // before the call: it may ask to be called again
        bytes memory data =
            abi.encodeCall(IInferenceConsumer.onInference, (requestId, receiptHash, given.output, given.outputCid));
        bool succeeded = requester.code.length != 0;
        _requireGas(callbackGas);
        if (succeeded) {
            assembly ("memory-safe") {
                succeeded := call(callbackGas, requester, 0, add(data, 32), mload(data), 0, 0)
            }
        }
        if (!succeeded) r.delivered = false;
        emit RequestDelivered(requestId, requester, succeeded, msg.sender);
    }

    /// @dev That a call from here gets that much: it is given 63 parts of 64 of what there is (EIP-150).
    function _requireGas(
        uint256 callbackGas
    ) private view {
        uint256 needed = callbackGas + callbackGas / 63 + GAS_AFTER_CALLBACK;
        if (gasleft() < needed) revert InferenceRequests_TooLittleGas(gasleft(), needed);
    }

    function _promptDigest(
        Ask calldata ask
    ) private pure returns (bytes32) {
        uint256 cidLength = bytes(ask.promptCid).length;
        _requireLength(ask.prompt.length, MAX_PROMPT);
        _requireLength(cidLength, MAX_CID);
        if (ask.prompt.length != 0) {
            if (ask.promptDigest != 0 || cidLength != 0) revert InferenceRequests_BadPrompt();
            return keccak256(ask.prompt);
        }
        if (ask.promptDigest == 0 || cidLength == 0) revert InferenceRequests_BadPrompt();
        return ask.promptDigest;
    }

    /// @dev Prompt and output are those of the receipt's salted hashes, and the prompt is the one that was asked.
    function _requireContent(
        InferenceRequest memory q,
        Answer calldata given
    ) private pure {
        _requireLength(given.prompt.length, MAX_PROMPT);
        bytes32 digest = keccak256(given.prompt);
        if (digest != q.promptDigest) revert InferenceRequests_WrongPrompt(digest, q.promptDigest);
        bytes32 promptHash = keccak256(bytes.concat(given.salt, given.prompt));
        if (promptHash != given.receipt.promptHash) {
            revert InferenceRequests_WrongPrompt(promptHash, given.receipt.promptHash);
        }

        _requireLength(given.output.length, MAX_OUTPUT);
        uint256 cidLength = bytes(given.outputCid).length;
        _requireLength(cidLength, MAX_CID);
        bytes32 textHash = given.textHash;
        if (cidLength == 0) {
            if (textHash != 0) revert InferenceRequests_BadOutput();
            textHash = keccak256(bytes.concat(given.salt, given.output));
        } else if (textHash == 0 || given.output.length != 0) {
            revert InferenceRequests_BadOutput();
        }
        bytes32 outputHash = keccak256(bytes.concat(textHash, given.outputRoot));
        if (outputHash != given.receipt.outputHash) {
            revert InferenceRequests_WrongOutput(outputHash, given.receipt.outputHash);
        }
    }

    /// @dev The receipt is the one of this request, priced by its terms, and signed.
    function _requireReceipt(
        uint256 requestId,
        InferenceRequest memory q,
        Answer calldata given
    ) private view returns (bytes32 receiptHash) {
        Receipt calldata receipt = given.receipt;
        (, bytes32 channel,) = channelOf(requestId);
        if (receipt.channel != channel) revert InferenceRequests_WrongChannel(receipt.channel, channel);
        if (receipt.sequence != 1) revert InferenceRequests_WrongSequence(receipt.sequence);
        if (receipt.timestamp != q.acceptedAt) {
            revert InferenceRequests_WrongTimestamp(receipt.timestamp, q.acceptedAt);
        }
        Component[] memory composition = new Component[](1);
        composition[0] = Component(q.releaseHash, q.termsVersion, WHOLE_BPS);
        bytes32 compositionHash = keccak256(abi.encode(composition));
        if (receipt.compositionHash != compositionHash) {
            revert InferenceRequests_WrongComposition(receipt.compositionHash, compositionHash);
        }
        if (receipt.evidenceHash == 0 || receipt.allocationHash == 0 || receipt.traceHash == 0) {
            revert InferenceRequests_MissingHash();
        }
        uint256 price = _priceOf(q, receipt);
        if (receipt.fee != price) revert InferenceRequests_WrongFee(receipt.fee, price);
        if (receipt.fee > q.maxFee) revert InferenceRequests_BeyondMaxFee(receipt.fee, q.maxFee);
        // slither-disable-next-line unused-return (it reverts unless batches can be settled under that version)
        feePolicy.settleableFee(receipt.feeVersion);
        bytes32 digest;
        (receiptHash, digest) = settlement.hashReceipt(receipt);
        // slither-disable-next-line unused-return (a bad signature recovers nobody, refused below)
        (address recovered,,) = ECDSA.tryRecover(digest, given.signature);
        if (recovered == address(0) || recovered != q.signer) {
            revert InferenceRequests_NotSigned(recovered, q.signer);
        }
    }

    /// @dev What the request's terms ask for the counted tokens; no application takes a markup here.
    function _priceOf(
        InferenceRequest memory q,
        Receipt calldata receipt
    ) private view returns (uint256) {
        Terms memory terms = models.terms(models.modelOf(q.releaseHash), q.termsVersion);
        uint256 sum = uint256(receipt.promptTokens) * terms.promptPrice + uint256(receipt.completionTokens)
            * terms.completionPrice + uint256(receipt.retrievalTokens) * terms.retrievalPrice
            + uint256(receipt.agentSteps) * terms.agentStepPrice;
        // slither-disable-next-line divide-before-multiply (rounds up to a whole unit)
        return (sum + FEE_UNIT - 1) / FEE_UNIT * FEE_UNIT;
    }

    function _requireTerms(
        bytes32 releaseHash,
        uint32 termsVersion
    ) private view {
        uint32 modelId = models.modelOf(releaseHash);
        if (modelId == 0 || !models.isBindable(modelId, termsVersion)) {
            revert InferenceRequests_UnknownTerms(releaseHash, termsVersion);
        }
    }

    function _requireActive(
        address operator
    ) private view {
        if (!registry.isActive(operator)) revert InferenceRequests_OperatorInactive(operator);
    }

    function _requireLength(
        uint256 length,
        uint256 most
    ) private pure {
        if (length > most) revert InferenceRequests_TooLong(length, most);
    }

    /// @dev Apart, for the depth of the stack.
    function _emitOpened(
        uint256 requestId,
        bytes32 promptDigest,
        Ask calldata ask
    ) private {
        bytes memory prompt = ask.prompt;
        string memory promptCid = ask.promptCid;
        emit RequestOpened(
            requestId,
            msg.sender,
            ask.releaseHash,
            ask.termsVersion,
            ask.operator,
            ask.maxFee,
            ask.deadline,
            ask.callbackGas,
            promptDigest,
            prompt,
            promptCid
        );
    }

    /// @dev Apart, for the depth of the stack.
    function _emitAnswered(
        uint256 requestId,
        InferenceRequest memory q,
        Answer calldata given,
        address account,
        bytes32 receiptHash
    ) private {
        bytes memory output = given.output;
        string memory outputCid = given.outputCid;
        uint96 fee = given.receipt.fee;
        emit RequestAnswered(
            requestId, q.requester, q.operator, account, receiptHash, fee, q.maxFee - fee, given.salt, output, outputCid
        );
    }

    /// @dev Accounts are found by what they are clones of: an upgrade may not change that under accepted requests.
    function _authorizeUpgrade(
        address implementation
    ) internal override restricted {
        address next = address(InferenceRequests(implementation).template());
        if (next != address(template)) revert InferenceRequests_WrongTemplate(next, address(template));
    }

    function _storage() private pure returns (InferenceRequestsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := INFERENCE_REQUESTS_STORAGE
        }
    }
}
