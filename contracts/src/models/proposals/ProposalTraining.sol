// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {DatanetApproval, EndReason, Proposal, ProposalStatus} from "../../types/Proposals.sol";
import {DatanetUse, Terms} from "../../types/Release.sol";
import {IBackerShares} from "../IBackerShares.sol";
import {IModelProposals} from "../IModelProposals.sol";
import {ITrainingJobs} from "../ITrainingJobs.sol";
import {ApprovalRules} from "./ApprovalRules.sol";

/// @notice From a funded and approved proposal to its job, and the end of those that get no further.
abstract contract ProposalTraining is IModelProposals, ApprovalRules {
    using SafeERC20 for IERC20;

    /// @notice Cloned for each proposal that starts.
    address public immutable sharesImplementation;

    constructor(
        address sharesImplementation_
    ) {
        sharesImplementation = sharesImplementation_;
    }

    /// @inheritdoc IModelProposals
    /// @dev This contract is the model's owner until it has passed, so that nobody else can touch it.
    function start(
        uint32 proposalId
    ) external whenNotPaused returns (uint32 jobId) {
        Proposal storage p = _require(proposalId, ProposalStatus.Open);
        if (p.raised < p.goal) revert ModelProposals_GoalNotReached(proposalId, p.goal - p.raised);
        _requireUntil(proposalId, p.deadline + _startPeriod);
        (DatanetUse[] memory uses, uint32[] memory grantIds) = _approvedUses(proposalId, p.deadline);
        p.status = ProposalStatus.Training;
        address shares = Clones.cloneDeterministic(sharesImplementation, bytes32(uint256(proposalId)));
        p.shares = shares;
        Terms memory terms = _state().terms[proposalId];
        terms.backers = shares;
        Texts memory texts = _state().texts[proposalId];
        uint32 modelId = models.createModel(texts.name, texts.cardCid, terms);
        p.modelId = modelId;
        models.lockBackers(modelId);
        IBackerShares(shares)
            .initialize(
                modelId,
                string.concat("Backers of ", texts.name),
                string.concat("BACK-", Strings.toString(uint256(proposalId)))
            );
        uint64 openUntil = uint64(block.timestamp) + _quotePeriod;
        token.forceApprove(address(jobs), p.goal);
        jobId = jobs.openHeld(modelId, p.baseModel, uses, grantIds, p.goal, openUntil, texts.trainingCid);
        p.jobId = jobId;
        emit ProposalStarted(proposalId, modelId, jobId, shares, openUntil, msg.sender);
    }

    /// @inheritdoc IModelProposals
    function acceptQuote(
        uint32 proposalId,
        address operator
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Training);
        _requireProposer(proposalId, p);
        (uint96 price, uint32 duration,) = jobs.quoteOf(p.jobId, operator);
        if (duration > _longestTraining) revert ModelProposals_TrainingTooLong(duration, _longestTraining);
        emit ProposalQuoteAccepted(proposalId, operator, msg.sender, price);
        jobs.accept(p.jobId, operator);
    }

    /// @inheritdoc IModelProposals
    function end(
        uint32 proposalId
    ) external {
        Proposal storage p = _state().proposals[proposalId];
        if (p.status == ProposalStatus.Open) {
            _endOpen(proposalId, p);
        } else if (p.status == ProposalStatus.Training) {
            _endTraining(proposalId, p);
        } else if (p.status == ProposalStatus.Revealed) {
            _requireAfter(proposalId, p.since + _reportPeriod);
            _end(proposalId, p, EndReason.NotReported, p.proposer);
        } else {
            revert ModelProposals_InvalidStatus(proposalId, p.status);
        }
    }

    function _endOpen(
        uint32 proposalId,
        Proposal storage p
    ) private {
        bool isFunded = p.raised == p.goal;
        EndReason reason;
        if (!isFunded && block.timestamp > p.deadline) {
            reason = EndReason.NotFunded;
        } else if (_isRefused(proposalId, p.deadline)) {
            reason = EndReason.NotApproved;
        } else {
            _requireAfter(proposalId, isFunded ? p.deadline + _startPeriod : p.deadline);
            reason = EndReason.NotStarted;
        }
        _end(proposalId, p, reason, p.proposer);
    }

    /// @dev A proposer who does not open its commitment pays for the operator's work with its bond.
    function _endTraining(
        uint32 proposalId,
        Proposal storage p
    ) private {
        ITrainingJobs.Job memory j = jobs.job(p.jobId);
        if (j.status == ITrainingJobs.JobStatus.Attested) {
            (, uint64 attestedAt) = jobs.attestationOf(_releaseOf(proposalId));
            _requireAfter(proposalId, attestedAt + _revealPeriod);
            _end(proposalId, p, EndReason.NotRevealed, j.operator);
            return;
        }
        // Somebody may have asked for the refund already; what is not due yet makes this fail.
        if (j.status != ITrainingJobs.JobStatus.Refunded) jobs.refund(p.jobId);
        _end(proposalId, p, EndReason.NotTrained, p.proposer);
    }

    function _approvedUses(
        uint32 proposalId,
        uint64 deadline
    ) private view returns (DatanetUse[] memory uses, uint32[] memory grantIds) {
        DatanetApproval[] storage all = _state().approvals[proposalId];
        uses = new DatanetUse[](all.length);
        grantIds = new uint32[](all.length);
        for (uint256 i; i < all.length; ++i) {
            DatanetApproval storage a = all[i];
            if (!_isApproved(a, deadline)) revert ModelProposals_NotApproved(proposalId, a.datanetId);
            uses[i] = DatanetUse(a.datanetId, a.version, datanets.versionRoot(a.datanetId, a.version));
            grantIds[i] = a.grantId;
        }
    }
}
