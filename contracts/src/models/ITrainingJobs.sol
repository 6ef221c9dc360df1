// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DatanetUse, Release} from "../types/Release.sol";

/// @notice Fine-tuning for money: escrow, quotes, acceptance under live grants, attestation or time-out refund.
interface ITrainingJobs {
    error TrainingJobs_NotModelOwner(uint32 modelId, address caller);
    error TrainingJobs_InvalidData(uint256 datanets, uint256 grants);
    error TrainingJobs_WrongVersion(uint32 datanetId, uint32 version, bytes32 root);
    error TrainingJobs_GrantNotLive(uint32 grantId, uint32 datanetId);
    error TrainingJobs_NoEscrow();
    error TrainingJobs_InvalidStatus(uint32 jobId, JobStatus status);
    error TrainingJobs_TooLate(uint32 jobId, uint64 deadline);
    error TrainingJobs_TooEarly(uint32 jobId, uint64 deadline);
    error TrainingJobs_OperatorInactive(address operator);
    error TrainingJobs_NotRequester(uint32 jobId, address caller);
    error TrainingJobs_NotOperator(uint32 jobId, address caller);
    error TrainingJobs_InvalidQuote(uint96 price, uint32 duration);
    /// @notice A quote may be improved, never made worse: the requester may be about to accept it.
    error TrainingJobs_WorseQuote(uint32 jobId, address operator);
    error TrainingJobs_NoQuote(uint32 jobId, address operator);
    error TrainingJobs_TooManyCheckpoints(uint32 jobId, uint16 promised);
    error TrainingJobs_StepNotAfter(uint32 jobId, uint32 step, uint32 last);
    /// @notice The release is not what the job asked for.
    error TrainingJobs_WrongRelease(uint32 jobId);

    enum JobStatus {
        None,
        Open,
        Accepted,
        Attested,
        Refunded
    }

    struct Job {
        uint32 modelId;
        JobStatus status;
        address requester;
        address operator;
        uint96 escrow; // what the requester put in
        uint96 price; // of the accepted quote
        uint96 released; // paid per committed checkpoint so far
        uint64 openUntil;
        uint64 deliverBy;
        uint16 checkpoints; // promised by the accepted quote
        uint16 checkpointsDone;
        bytes32 baseModel;
        bytes32 datanetsHash;
    }

    event JobOpened(
        uint32 indexed jobId,
        uint32 indexed modelId,
        address indexed requester,
        bytes32 baseModel,
        uint96 escrow,
        uint64 openUntil,
        bytes32 datanetsHash,
        string specCid
    );
    /// @notice Follows JobOpened where the requester pays the operator itself, when the release has passed.
    event JobHeld(uint32 indexed jobId, address indexed requester);
    event JobQuoted(uint32 indexed jobId, address indexed operator, uint96 price, uint32 duration, uint16 checkpoints);
    event JobAccepted(
        uint32 indexed jobId, address indexed operator, address indexed requester, uint96 price, uint64 deliverBy
    );
    event CheckpointCommitted(
        uint32 indexed jobId, address indexed operator, uint16 number, uint32 step, bytes32 digest, uint96 released
    );
    event JobAttested(
        uint32 indexed jobId,
        address indexed operator,
        bytes32 indexed releaseHash,
        uint32 modelId,
        bytes32 trainingLogRoot,
        uint96 paid,
        string evaluationCid,
        string manifestCid
    );
    event JobRefunded(uint32 indexed jobId, address indexed requester, uint96 refunded, address actor);

    /// @notice Opens a job for the caller's model with OPEN in escrow; every datanet needs a live TRAIN grant of the caller.
    /// @param grantIds one per datanet use, in the same order
    /// @param specCid JSON on IPFS: base, hyper-parameters, data
    function open(
        uint32 modelId,
        bytes32 baseModel,
        DatanetUse[] calldata datanets,
        uint32[] calldata grantIds,
        uint96 escrow,
        uint64 openUntil,
        string calldata specCid
    ) external returns (uint32 jobId);

    /// @notice The same, but nothing is paid to the operator before the requester does: checkpoints and attestation return
    ///         the whole escrow to it. For the proposals' contract, whose code says when it pays; needs its role.
    function openHeld(
        uint32 modelId,
        bytes32 baseModel,
        DatanetUse[] calldata datanets,
        uint32[] calldata grantIds,
        uint96 escrow,
        uint64 openUntil,
        string calldata specCid
    ) external returns (uint32 jobId);

    /// @notice Offers to do the job for `price` within `duration` seconds of acceptance. Only active operators.
    function quote(
        uint32 jobId,
        uint96 price,
        uint32 duration,
        uint16 checkpoints
    ) external;

    /// @notice Accepts an operator's quote. Grants are checked again. Only the requester.
    function accept(
        uint32 jobId,
        address operator
    ) external;

    /// @notice Commits a checkpoint; half of the price is released in equal parts over the promised checkpoints.
    function commitCheckpoint(
        uint32 jobId,
        uint32 step,
        bytes32 digest
    ) external;

    /// @notice Delivers: adds the release to the model, pays the rest of the price, returns the surplus escrow.
    function attest(
        uint32 jobId,
        Release calldata release,
        string calldata evaluationCid,
        string calldata manifestCid
    ) external returns (bytes32 releaseHash);

    /// @notice Returns the unreleased escrow of a job nobody took in time, or that was not delivered in time. Anyone.
    function refund(
        uint32 jobId
    ) external;

    function job(
        uint32 jobId
    ) external view returns (Job memory);
    function quoteOf(
        uint32 jobId,
        address operator
    ) external view returns (uint96 price, uint32 duration, uint16 checkpoints);
    /// @return operator who trained the release, 0 if no job made it
    /// @return attestedAt Unix seconds
    function attestationOf(
        bytes32 releaseHash
    ) external view returns (address operator, uint64 attestedAt);
    function jobCount() external view returns (uint32);
    /// @return whether the requester pays the operator itself, after the attestation
    function isHeld(
        uint32 jobId
    ) external view returns (bool);
}
