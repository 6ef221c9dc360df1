// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Answer, Ask, InferenceRequest, RequestStatus} from "../types/Requests.sol";

/// @notice Contracts ask models: a request escrows the most that its answer may cost, an operator accepts it and answers
///         with its signed receipt, and the requester is called back, or reads. The fee goes through a channel of its own
///         into the operator's ordinary batches, so that everybody whom a receipt pays is paid, and every proof holds.
interface IInferenceRequests {
    event RequestOpened(
        uint256 indexed requestId,
        address indexed requester,
        bytes32 indexed releaseHash,
        uint32 termsVersion,
        address operator,
        uint96 maxFee,
        uint32 deadline,
        uint32 callbackGas,
        bytes32 promptDigest,
        bytes prompt,
        string promptCid
    );
    /// @param account payer of the channel that the fee will go through
    event RequestAccepted(
        uint256 indexed requestId,
        address indexed operator,
        address indexed account,
        address signer,
        bytes32 channel,
        uint32 expiry
    );
    /// @param refunded what the answer did not cost, paid to the requester
    event RequestAnswered(
        uint256 indexed requestId,
        address indexed requester,
        address indexed operator,
        address account,
        bytes32 receiptHash,
        uint96 fee,
        uint96 refunded,
        bytes32 salt,
        bytes output,
        string outputCid
    );
    /// @param succeeded whether the requester took the answer; if not, it can be delivered again
    event RequestDelivered(uint256 indexed requestId, address indexed requester, bool succeeded, address actor);
    event RequestRefunded(uint256 indexed requestId, address indexed requester, uint96 amount, address actor);

    error InferenceRequests_ZeroFee();
    error InferenceRequests_UnknownTerms(bytes32 releaseHash, uint32 termsVersion);
    error InferenceRequests_BadDeadline(uint32 deadline, uint256 earliest, uint256 latest);
    error InferenceRequests_TooMuchCallbackGas(uint32 callbackGas, uint32 most);
    error InferenceRequests_OperatorInactive(address operator);
    error InferenceRequests_BadPrompt();
    error InferenceRequests_TooLong(uint256 length, uint256 most);
    error InferenceRequests_WrongStatus(uint256 requestId, RequestStatus status);
    error InferenceRequests_NotOperator(uint256 requestId, address caller);
    error InferenceRequests_TooLate(uint256 requestId, uint32 deadline);
    error InferenceRequests_StillOpen(uint256 requestId, uint32 deadline);
    error InferenceRequests_WrongChannel(bytes32 given, bytes32 expected);
    error InferenceRequests_WrongSequence(uint32 given);
    error InferenceRequests_WrongComposition(bytes32 given, bytes32 expected);
    error InferenceRequests_WrongTimestamp(uint32 given, uint32 expected);
    error InferenceRequests_MissingHash();
    error InferenceRequests_WrongFee(uint96 given, uint256 expected);
    error InferenceRequests_BeyondMaxFee(uint96 fee, uint96 maxFee);
    error InferenceRequests_NotSigned(address recovered, address signer);
    error InferenceRequests_WrongPrompt(bytes32 given, bytes32 expected);
    error InferenceRequests_BadOutput();
    error InferenceRequests_WrongOutput(bytes32 given, bytes32 expected);
    error InferenceRequests_WrongAnswer(bytes32 given, bytes32 expected);
    error InferenceRequests_AlreadyDelivered(uint256 requestId);
    error InferenceRequests_TooLittleGas(uint256 gas, uint256 needed);
    error InferenceRequests_WrongTemplate(address given, address expected);

    /// @notice Asks, and escrows `ask.maxFee` of the caller's OPEN.
    function request(
        Ask calldata ask
    ) external returns (uint256 requestId);

    /// @notice Takes a request on: from then on only the caller can answer it, until its deadline. An active operator, and
    ///         the named one if one is named.
    function accept(
        uint256 requestId
    ) external;

    /// @notice Answers with a receipt of this request's own channel, sequence 1, made at `acceptedAt`. The operator or
    ///         the signer that it had when it accepted. The fee is deposited for the channel, the rest is paid back, and
    ///         the requester is called with at most the gas it asked for: whatever it does with it, the answer stands.
    function answer(
        uint256 requestId,
        Answer calldata given
    ) external;

    /// @notice Calls the requester with an answer that it has not taken yet, with all gas that there is. Anyone.
    function deliver(
        uint256 requestId,
        bytes calldata output,
        string calldata outputCid
    ) external;

    /// @notice Gives the whole fee back: after the deadline by anyone, before it by the requester while nobody has
    ///         accepted.
    function refund(
        uint256 requestId
    ) external;

    function requestOf(
        uint256 requestId
    ) external view returns (InferenceRequest memory);
    function requestCount() external view returns (uint256);
    /// @return whether this is the answer that was given
    function isAnswer(
        uint256 requestId,
        bytes calldata output,
        string calldata outputCid
    ) external view returns (bool);
    /// @notice The channel of a request that was accepted. Its account is made when the request is answered.
    function channelOf(
        uint256 requestId
    ) external view returns (address account, bytes32 channel, uint32 expiry);
    /// @return wei held for requests that are neither answered nor refunded
    function escrowed() external view returns (uint256);
    /// @return shortest time between a request and its deadline, in seconds: longer than any pause
    function shortestPeriod() external view returns (uint64);
    /// @return most gas that a request may ask for its callback
    function mostCallbackGas() external view returns (uint32);
}
