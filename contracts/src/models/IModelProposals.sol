// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Certificate, DatanetApproval, Plan, Proposal, ProposalSettings, VersionLeaf} from "../types/Proposals.sol";
import {Tree} from "../types/Settlement.sol";
import {IModelProposalEvents} from "./IModelProposalEvents.sol";

/// @notice Models that are proposed, funded by backers, allowed by contributors, trained and evaluated.
interface IModelProposals is IModelProposalEvents {
    // ── Proposing and funding ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice Proposes a model and takes the bond; asks each datanet's provider for a grant in this contract's name.
    function propose(
        Plan calldata plan
    ) external returns (uint32 proposalId);

    /// @notice Backs with OPEN until the goal is reached. The proposer may bring a fifth of it, anybody else half.
    function back(
        uint32 proposalId,
        uint96 amount
    ) external;

    /// @notice Takes backing out, as long as the goal is not reached.
    function withdraw(
        uint32 proposalId,
        uint96 amount
    ) external;

    /// @notice Ends a proposal that has not started. Only the proposer, whose bond returns.
    function cancel(
        uint32 proposalId
    ) external;

    /// @notice Pays a backer its refund (ended), or what was left of the budget and its shares (passed). Anyone.
    function collect(
        uint32 proposalId,
        address backer
    ) external returns (uint96 paid);

    // ── Contributors ────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Votes with the caller's accepted contributions of a named datanet's version, each once, by its records.
    /// @param index of the datanet in the proposal
    /// @param tree of the version
    function vote(
        uint32 proposalId,
        uint256 index,
        bool approve,
        Tree calldata tree,
        VersionLeaf[] calldata leaves
    ) external;

    // ── Training and evaluation ─────────────────────────────────────────────────────────────────────────────────────

    /// @notice Opens the training job of a funded and approved proposal with its budget in escrow. Anyone.
    function start(
        uint32 proposalId
    ) external returns (uint32 jobId);

    /// @notice Takes an operator's quote. Only the proposer.
    function acceptQuote(
        uint32 proposalId,
        address operator
    ) external;

    /// @notice Opens the commitment to the evaluation's items once a release is attested. Only the proposer.
    /// @param itemsCid the items on IPFS
    function revealItems(
        uint32 proposalId,
        bytes32 salt,
        bytes32 itemsRoot,
        string calldata itemsCid
    ) external;

    /// @notice States what the release scored on the items. Only the operator that trained it. Below the mark ends it.
    /// @param outputsRoot of the outputs, one for each item
    function report(
        uint32 proposalId,
        uint16 scoreBps,
        bytes32 outputsRoot,
        string calldata outputsCid
    ) external;

    /// @notice Makes the proposal wait for an open case of the jury about its release. Anyone.
    function hold(
        uint32 proposalId,
        uint32 caseId
    ) external;

    /// @notice Takes up the verdict of a case that holds the proposal: guilty ends it. Anyone.
    function resolve(
        uint32 caseId
    ) external;

    /// @notice Pays the operator, mints the model to the proposer and starts the backers' share. Anyone, undisputed.
    function pass(
        uint32 proposalId
    ) external;

    /// @notice Ends a proposal that got no further in time. Anyone.
    function end(
        uint32 proposalId
    ) external;

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function proposal(
        uint32 proposalId
    ) external view returns (Proposal memory);
    function approvals(
        uint32 proposalId
    ) external view returns (DatanetApproval[] memory);
    /// @return whether the datanet's contributors allow the use of their data, as it stands now
    function isApproved(
        uint32 proposalId,
        uint256 index
    ) external view returns (bool);
    function backingOf(
        uint32 proposalId,
        address backer
    ) external view returns (uint96);
    /// @return wei that the account may still back with
    function roomFor(
        uint32 proposalId,
        address backer
    ) external view returns (uint96);
    /// @return releaseHash of the proposal's job, 0 until attested
    function releaseOf(
        uint32 proposalId
    ) external view returns (bytes32 releaseHash);
    /// @return Unix seconds at which the score of the release was stated, 0 if never
    function reportedAt(
        bytes32 releaseHash
    ) external view returns (uint64);
    /// @return who proposed, paid for and trained a model; all zero for models that were not proposed
    function certificateOf(
        uint32 modelId
    ) external view returns (Certificate memory);
    function proposalCount() external view returns (uint32);
    function settings() external view returns (ProposalSettings memory);
}
