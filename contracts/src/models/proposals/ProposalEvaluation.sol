// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {CaseStatus, JuryCase} from "../../types/Jury.sol";
import {Certificate, EndReason, Proposal, ProposalStatus} from "../../types/Proposals.sol";
import {IBackerShares} from "../IBackerShares.sol";
import {IModelProposals} from "../IModelProposals.sol";
import {ITrainingJobs} from "../ITrainingJobs.sol";
import {ProposalState} from "./ProposalState.sol";

/// @notice From an attested release to a model that its proposer owns: items opened, a score stated, a time to object.
abstract contract ProposalEvaluation is IModelProposals, ProposalState {
    /// @inheritdoc IModelProposals
    function revealItems(
        uint32 proposalId,
        bytes32 salt,
        bytes32 itemsRoot,
        string calldata itemsCid
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Training);
        _requireProposer(proposalId, p);
        bytes32 releaseHash = _releaseOf(proposalId);
        if (releaseHash == 0) revert ModelProposals_NotAttested(proposalId);
        (, uint64 attestedAt) = jobs.attestationOf(releaseHash);
        _requireUntil(proposalId, attestedAt + _revealPeriod);
        if (keccak256(abi.encode(salt, itemsRoot)) != p.itemsCommitment) revert ModelProposals_WrongItems(proposalId);
        p.status = ProposalStatus.Revealed;
        p.since = uint64(block.timestamp);
        emit ItemsRevealed(
            proposalId, releaseHash, msg.sender, salt, itemsRoot, uint64(block.timestamp) + _reportPeriod, itemsCid
        );
    }

    /// @inheritdoc IModelProposals
    function report(
        uint32 proposalId,
        uint16 scoreBps,
        bytes32 outputsRoot,
        string calldata outputsCid
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Revealed);
        if (jobs.job(p.jobId).operator != msg.sender) revert ModelProposals_NotOperator(proposalId, msg.sender);
        _requireUntil(proposalId, p.since + _reportPeriod);
        if (scoreBps > BPS) revert ModelProposals_InvalidScore(scoreBps);
        bytes32 releaseHash = _releaseOf(proposalId);
        p.status = ProposalStatus.Reported;
        p.scoreBps = scoreBps;
        p.since = uint64(block.timestamp);
        _state().reportedAt[releaseHash] = uint64(block.timestamp);
        emit EvaluationReported(
            proposalId,
            releaseHash,
            msg.sender,
            scoreBps,
            outputsRoot,
            uint64(block.timestamp) + _disputePeriod,
            outputsCid
        );
        if (scoreBps < p.passMarkBps) _end(proposalId, p, EndReason.BelowMark, p.proposer);
    }

    /// @inheritdoc IModelProposals
    function hold(
        uint32 proposalId,
        uint32 caseId
    ) external {
        Proposal storage p = _state().proposals[proposalId];
        if (
            p.status != ProposalStatus.Training && p.status != ProposalStatus.Revealed
                && p.status != ProposalStatus.Reported
        ) revert ModelProposals_InvalidStatus(proposalId, p.status);
        JuryCase memory c = jury.caseOf(caseId);
        bytes32 releaseHash = _releaseOf(proposalId);
        if (releaseHash == 0 || c.target != releaseHash || c.status != CaseStatus.Open || _state().heldBy[caseId] != 0)
        {
            revert ModelProposals_WrongCase(proposalId, caseId);
        }
        _state().heldBy[caseId] = proposalId;
        ++p.openCases;
        emit ProposalHeld(proposalId, caseId, msg.sender);
    }

    /// @inheritdoc IModelProposals
    function resolve(
        uint32 caseId
    ) external {
        uint32 proposalId = _state().heldBy[caseId];
        if (proposalId == 0 || _state().resolved[caseId]) revert ModelProposals_WrongCase(proposalId, caseId);
        CaseStatus verdict = jury.caseOf(caseId).status;
        if (verdict == CaseStatus.Open) revert ModelProposals_CaseOpen(proposalId);
        _state().resolved[caseId] = true;
        Proposal storage p = _state().proposals[proposalId];
        --p.openCases;
        bool guilty = verdict == CaseStatus.Guilty;
        emit ProposalReleased(proposalId, caseId, guilty, msg.sender);
        // It cannot have passed while a case held it, but it may have ended for another reason.
        if (guilty && p.status != ProposalStatus.Ended) _end(proposalId, p, EndReason.Convicted, p.proposer);
    }

    /// @inheritdoc IModelProposals
    function pass(
        uint32 proposalId
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Reported);
        _requireAfter(proposalId, p.since + _disputePeriod);
        bytes32 releaseHash = _releaseOf(proposalId);
        // Cases that nobody has made hold it yet count too: whoever filed one can still do so.
        if (p.openCases != 0 || jury.openCases(releaseHash) != 0) revert ModelProposals_CaseOpen(proposalId);
        ITrainingJobs.Job memory j = jobs.job(p.jobId);
        p.status = ProposalStatus.Passed;
        p.uncollected = p.raised;
        p.due = p.raised - j.price;
        uint96 bond = p.bond;
        p.bond = 0;
        uint96 cap = uint96(uint256(j.price) * p.capBps / BPS);
        _state().certificates[p.modelId] = Certificate({
            proposalId: proposalId,
            proposer: p.proposer,
            operator: j.operator,
            releaseHash: releaseHash,
            spent: j.price,
            scoreBps: p.scoreBps,
            passedAt: uint64(block.timestamp),
            datanetsHash: j.datanetsHash
        });
        emit ProposalPassed(
            proposalId, p.modelId, releaseHash, p.proposer, j.operator, j.price, p.due, bond, cap, msg.sender
        );
        IBackerShares(p.shares).start(p.raised, cap);
        _pay(j.operator, j.price);
        _pay(p.proposer, bond);
        // Not the safe variant: a proposer that is a contract must not be able to keep the others waiting.
        IERC721(address(models)).transferFrom(address(this), p.proposer, p.modelId);
    }

    /// @inheritdoc IModelProposals
    function reportedAt(
        bytes32 releaseHash
    ) external view returns (uint64) {
        return _state().reportedAt[releaseHash];
    }
}
