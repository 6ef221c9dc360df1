// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessGrants} from "../datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {IOperatorRegistry} from "../oracles/IOperatorRegistry.sol";
import {DatanetUse, Release} from "../types/Release.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {ITrainingJobs} from "./ITrainingJobs.sol";

/// @title Fine-tuning for money
contract TrainingJobs is AccessManagedUpgradeable, UUPSUpgradeable, ITrainingJobs {
    using SafeERC20 for IERC20;

    /// @notice Datanets that one job may use; each is checked twice.
    uint256 public constant MAX_DATANETS = 16;

    struct Quote {
        uint96 price;
        uint32 duration; // seconds; 0: no quote
        uint16 checkpoints;
    }

    /// @dev Who answers for a release, and since when.
    struct Attestation {
        address operator;
        uint64 attestedAt;
    }

    /// @dev A datanet that a job uses, and the grant that lets it.
    struct Use {
        uint32 datanetId;
        uint32 grantId;
    }

    /// @custom:storage-location erc7201:openledger.storage.TrainingJobs
    struct TrainingJobsStorage {
        IERC20 token;
        uint32 jobCount;
        IModelRegistry models;
        IDatanetRegistry datanets;
        IAccessGrants grants;
        IOperatorRegistry operators;
        mapping(uint32 jobId => Job) jobs;
        mapping(uint32 jobId => Use[]) uses;
        mapping(uint32 jobId => mapping(address operator => Quote)) quotes;
        mapping(uint32 jobId => uint32) lastStep;
        mapping(bytes32 releaseHash => Attestation) attestations;
        mapping(uint32 jobId => bool) held; // nothing is paid by this contract but back to the requester
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.TrainingJobs")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant TRAINING_JOBS_STORAGE = 0xb7da66e63d419c0b7cf1f3702d270e2c69e7ad9eb04a61305fc9fa5876c53600;

    function _trainingJobs() private pure returns (TrainingJobsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := TRAINING_JOBS_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_,
        IERC20 token,
        IModelRegistry models,
        IDatanetRegistry datanets,
        IAccessGrants grants,
        IOperatorRegistry operators
    ) external initializer {
        __AccessManaged_init(authority_);
        TrainingJobsStorage storage $ = _trainingJobs();
        $.token = token;
        $.models = models;
        $.datanets = datanets;
        $.grants = grants;
        $.operators = operators;
    }

    /// @inheritdoc ITrainingJobs
    function open(
        uint32 modelId,
        bytes32 baseModel,
        DatanetUse[] calldata datanets,
        uint32[] calldata grantIds,
        uint96 escrow,
        uint64 openUntil,
        string calldata specCid
    ) external returns (uint32 jobId) {
        return _open(modelId, baseModel, datanets, grantIds, escrow, openUntil, specCid);
    }

    /// @inheritdoc ITrainingJobs
    function openHeld(
        uint32 modelId,
        bytes32 baseModel,
        DatanetUse[] calldata datanets,
        uint32[] calldata grantIds,
        uint96 escrow,
        uint64 openUntil,
        string calldata specCid
    ) external restricted returns (uint32 jobId) {
        jobId = _open(modelId, baseModel, datanets, grantIds, escrow, openUntil, specCid);
        _trainingJobs().held[jobId] = true;
        emit JobHeld(jobId, msg.sender);
    }

    function _open(
        uint32 modelId,
        bytes32 baseModel,
        DatanetUse[] calldata datanets,
        uint32[] calldata grantIds,
        uint96 escrow,
        uint64 openUntil,
        string calldata specCid
    ) private returns (uint32 jobId) {
        TrainingJobsStorage storage $ = _trainingJobs();
        if (IERC721(address($.models)).ownerOf(modelId) != msg.sender) {
            revert TrainingJobs_NotModelOwner(modelId, msg.sender);
        }
        if (escrow == 0) revert TrainingJobs_NoEscrow();
        jobId = ++$.jobCount;
        if (openUntil <= block.timestamp) revert TrainingJobs_TooLate(jobId, openUntil);
        _keepUses(jobId, datanets, grantIds);
        _requireGrants(jobId, msg.sender);
        Job storage j = $.jobs[jobId];
        j.modelId = modelId;
        j.status = JobStatus.Open;
        j.requester = msg.sender;
        j.escrow = escrow;
        j.openUntil = openUntil;
        j.baseModel = baseModel;
        j.datanetsHash = keccak256(abi.encode(datanets));
        emit JobOpened(jobId, modelId, msg.sender, baseModel, escrow, openUntil, j.datanetsHash, specCid);
        $.token.safeTransferFrom(msg.sender, address(this), escrow);
    }

    /// @inheritdoc ITrainingJobs
    function quote(
        uint32 jobId,
        uint96 price,
        uint32 duration,
        uint16 checkpoints
    ) external {
        TrainingJobsStorage storage $ = _trainingJobs();
        Job storage j = _requireOpen(jobId);
        if (!$.operators.isActive(msg.sender)) revert TrainingJobs_OperatorInactive(msg.sender);
        if (price > j.escrow || duration == 0) revert TrainingJobs_InvalidQuote(price, duration);
        Quote storage q = $.quotes[jobId][msg.sender];
        if (q.duration != 0 && (price > q.price || duration > q.duration || checkpoints < q.checkpoints)) {
            revert TrainingJobs_WorseQuote(jobId, msg.sender);
        }
        (q.price, q.duration, q.checkpoints) = (price, duration, checkpoints);
        emit JobQuoted(jobId, msg.sender, price, duration, checkpoints);
    }

    /// @inheritdoc ITrainingJobs
    function accept(
        uint32 jobId,
        address operator
    ) external {
        TrainingJobsStorage storage $ = _trainingJobs();
        Job storage j = _requireOpen(jobId);
        if (j.requester != msg.sender) revert TrainingJobs_NotRequester(jobId, msg.sender);
        Quote memory q = $.quotes[jobId][operator];
        if (q.duration == 0) revert TrainingJobs_NoQuote(jobId, operator);
        if (!$.operators.isActive(operator)) revert TrainingJobs_OperatorInactive(operator);
        _requireGrants(jobId, msg.sender);
        j.status = JobStatus.Accepted;
        j.operator = operator;
        j.price = q.price;
        j.checkpoints = q.checkpoints;
        j.deliverBy = uint64(block.timestamp) + q.duration;
        emit JobAccepted(jobId, operator, msg.sender, q.price, j.deliverBy);
    }

    /// @inheritdoc ITrainingJobs
    function commitCheckpoint(
        uint32 jobId,
        uint32 step,
        bytes32 digest
    ) external {
        TrainingJobsStorage storage $ = _trainingJobs();
        Job storage j = _requireUnderWay(jobId);
        if (j.checkpointsDone == j.checkpoints) revert TrainingJobs_TooManyCheckpoints(jobId, j.checkpoints);
        uint32 last = $.lastStep[jobId];
        if (step <= last) revert TrainingJobs_StepNotAfter(jobId, step, last);
        $.lastStep[jobId] = step;
        uint16 number = ++j.checkpointsDone;
        // slither-disable-next-line divide-before-multiply (the wei that halving leaves is paid at the end)
        uint96 earned = $.held[jobId] ? 0 : uint96((uint256(j.price) / 2) * number / j.checkpoints);
        uint96 due = earned - j.released;
        j.released = earned;
        emit CheckpointCommitted(jobId, msg.sender, number, step, digest, due);
        _pay(msg.sender, due);
    }

    /// @inheritdoc ITrainingJobs
    function attest(
        uint32 jobId,
        Release calldata release,
        string calldata evaluationCid,
        string calldata manifestCid
    ) external returns (bytes32 releaseHash) {
        Job storage j = _requireUnderWay(jobId);
        if (
            release.baseModel != j.baseModel || release.datanetsHash != j.datanetsHash
                || release.evaluationHash != keccak256(bytes(evaluationCid))
        ) revert TrainingJobs_WrongRelease(jobId);
        uint96 price = _trainingJobs().held[jobId] ? 0 : j.price;
        uint96 due = price - j.released;
        uint96 surplus = j.escrow - price;
        j.status = JobStatus.Attested;
        j.released = price;
        // slither-disable-next-line reentrancy-no-eth (registry and token are this project's own and call nobody)
        releaseHash = _trainingJobs().models.addRelease(j.modelId, release, jobId, manifestCid);
        _trainingJobs().attestations[releaseHash] = Attestation(msg.sender, uint64(block.timestamp));
        emit JobAttested(
            jobId, msg.sender, releaseHash, j.modelId, release.trainingLogRoot, due, evaluationCid, manifestCid
        );
        _pay(msg.sender, due);
        _pay(j.requester, surplus);
    }

    /// @inheritdoc ITrainingJobs
    function refund(
        uint32 jobId
    ) external {
        Job storage j = _trainingJobs().jobs[jobId];
        // slither-disable-next-line uninitialized-local (set by each branch that goes on)
        uint64 deadline;
        if (j.status == JobStatus.Open) deadline = j.openUntil;
        else if (j.status == JobStatus.Accepted) deadline = j.deliverBy;
        else revert TrainingJobs_InvalidStatus(jobId, j.status);
        if (block.timestamp <= deadline) revert TrainingJobs_TooEarly(jobId, deadline);
        j.status = JobStatus.Refunded;
        uint96 refunded = j.escrow - j.released;
        emit JobRefunded(jobId, j.requester, refunded, msg.sender);
        _pay(j.requester, refunded);
    }

    /// @inheritdoc ITrainingJobs
    function job(
        uint32 jobId
    ) external view returns (Job memory) {
        return _trainingJobs().jobs[jobId];
    }

    /// @inheritdoc ITrainingJobs
    function quoteOf(
        uint32 jobId,
        address operator
    ) external view returns (uint96 price, uint32 duration, uint16 checkpoints) {
        Quote storage q = _trainingJobs().quotes[jobId][operator];
        return (q.price, q.duration, q.checkpoints);
    }

    /// @inheritdoc ITrainingJobs
    function attestationOf(
        bytes32 releaseHash
    ) external view returns (address operator, uint64 attestedAt) {
        Attestation storage a = _trainingJobs().attestations[releaseHash];
        return (a.operator, a.attestedAt);
    }

    /// @inheritdoc ITrainingJobs
    function jobCount() external view returns (uint32) {
        return _trainingJobs().jobCount;
    }

    /// @inheritdoc ITrainingJobs
    function isHeld(
        uint32 jobId
    ) external view returns (bool) {
        return _trainingJobs().held[jobId];
    }

    function _requireOpen(
        uint32 jobId
    ) private view returns (Job storage j) {
        j = _trainingJobs().jobs[jobId];
        if (j.status != JobStatus.Open) revert TrainingJobs_InvalidStatus(jobId, j.status);
        if (block.timestamp > j.openUntil) revert TrainingJobs_TooLate(jobId, j.openUntil);
    }

    /// @dev An accepted job whose operator calls in time.
    function _requireUnderWay(
        uint32 jobId
    ) private view returns (Job storage j) {
        j = _trainingJobs().jobs[jobId];
        if (j.status != JobStatus.Accepted) revert TrainingJobs_InvalidStatus(jobId, j.status);
        if (j.operator != msg.sender) revert TrainingJobs_NotOperator(jobId, msg.sender);
        if (block.timestamp > j.deliverBy) revert TrainingJobs_TooLate(jobId, j.deliverBy);
    }

    function _keepUses(
        uint32 jobId,
        DatanetUse[] calldata datanets,
        uint32[] calldata grantIds
    ) private {
        uint256 count = datanets.length;
        if (count == 0 || count > MAX_DATANETS || count != grantIds.length) {
            revert TrainingJobs_InvalidData(count, grantIds.length);
        }
        TrainingJobsStorage storage $ = _trainingJobs();
        for (uint256 i; i < count; ++i) {
            DatanetUse calldata use = datanets[i];
            if (use.root == 0 || use.root != $.datanets.versionRoot(use.datanetId, use.version)) {
                revert TrainingJobs_WrongVersion(use.datanetId, use.version, use.root);
            }
            $.uses[jobId].push(Use({datanetId: use.datanetId, grantId: grantIds[i]}));
        }
    }

    function _requireGrants(
        uint32 jobId,
        address requester
    ) private view {
        TrainingJobsStorage storage $ = _trainingJobs();
        Use[] storage uses = $.uses[jobId];
        for (uint256 i; i < uses.length; ++i) {
            Use memory use = uses[i];
            if (!$.grants.isLive(use.grantId, use.datanetId, IAccessGrants.Purpose.Train, requester)) {
                revert TrainingJobs_GrantNotLive(use.grantId, use.datanetId);
            }
        }
    }

    /// @dev OPEN calls nobody, so paying out directly can neither fail for a recipient nor re-enter.
    function _pay(
        address to,
        uint96 amount
    ) private {
        if (amount > 0) _trainingJobs().token.safeTransfer(to, amount);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
