// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EndReason, ProposalStatus} from "../types/Proposals.sol";

/// @notice What the proposals' contract says and refuses.
interface IModelProposalEvents {
    error ModelProposals_InvalidSettings();
    error ModelProposals_InvalidPlan(string what);
    error ModelProposals_InvalidDeadline(uint64 deadline);
    error ModelProposals_InvalidSplit(uint256 sum);
    error ModelProposals_UnknownVersion(uint32 datanetId, uint32 version);
    error ModelProposals_InvalidStatus(uint32 proposalId, ProposalStatus status);
    error ModelProposals_TooLate(uint32 proposalId, uint64 deadline);
    error ModelProposals_TooEarly(uint32 proposalId, uint64 deadline);
    error ModelProposals_NotProposer(uint32 proposalId, address caller);
    error ModelProposals_NotOperator(uint32 proposalId, address caller);
    error ModelProposals_NoAmount();
    /// @notice No more than `room` is missing to the goal, or may come from this account.
    error ModelProposals_TooMuch(uint32 proposalId, uint96 amount, uint96 room);
    error ModelProposals_BeyondBacking(uint32 proposalId, address backer, uint96 amount, uint96 backing);
    error ModelProposals_GoalReached(uint32 proposalId);
    error ModelProposals_GoalNotReached(uint32 proposalId, uint96 missing);
    error ModelProposals_NotApproved(uint32 proposalId, uint32 datanetId);
    error ModelProposals_NothingToCollect(uint32 proposalId, address backer);
    error ModelProposals_NoSuchDatanet(uint32 proposalId, uint256 index);
    error ModelProposals_NoContributions();
    /// @notice It is somebody else's, of another datanet, or not accepted any more.
    error ModelProposals_NotContributor(uint32 contributionId, address caller);
    error ModelProposals_NotInVersion(uint32 contributionId);
    error ModelProposals_VotedBefore(uint32 proposalId, uint32 contributionId);
    error ModelProposals_TrainingTooLong(uint32 duration, uint64 longest);
    error ModelProposals_NotAttested(uint32 proposalId);
    error ModelProposals_WrongItems(uint32 proposalId);
    error ModelProposals_InvalidScore(uint16 scoreBps);
    error ModelProposals_WrongCase(uint32 proposalId, uint32 caseId);
    error ModelProposals_CaseOpen(uint32 proposalId);

    event ProposalCreated(
        uint32 indexed proposalId,
        address indexed proposer,
        uint96 goal,
        uint64 deadline,
        uint16 passMarkBps,
        uint32 capBps,
        uint96 bond,
        bytes32 baseModel,
        bytes32 itemsCommitment,
        string name,
        string specCid,
        string trainingCid,
        string cardCid
    );
    event ProposalTerms(
        uint32 indexed proposalId,
        uint16 operatorBps,
        uint16 developerBps,
        uint16 parentsBps,
        uint16 backersBps,
        uint16 contributorsBps,
        address parents,
        uint64 promptPrice,
        uint64 completionPrice,
        uint64 retrievalPrice,
        uint64 agentStepPrice
    );
    event DatanetNamed(
        uint32 indexed proposalId, uint32 indexed datanetId, uint32 index, uint32 version, uint32 grantId
    );
    event ProposalBacked(
        uint32 indexed proposalId, address indexed backer, uint96 amount, uint96 backing, uint96 raised
    );
    event BackingWithdrawn(
        uint32 indexed proposalId, address indexed backer, uint96 amount, uint96 backing, uint96 raised
    );
    event BackingCollected(
        uint32 indexed proposalId, address indexed backer, uint96 backing, uint96 paid, uint96 shares, address actor
    );
    event UseVoted(
        uint32 indexed proposalId,
        uint32 indexed datanetId,
        address indexed contributor,
        uint32 index,
        bool approve,
        uint64 records,
        uint64 yes,
        uint64 no,
        uint64 total
    );
    event ProposalStarted(
        uint32 indexed proposalId,
        uint32 indexed modelId,
        uint32 indexed jobId,
        address shares,
        uint64 openUntil,
        address actor
    );
    event ProposalQuoteAccepted(
        uint32 indexed proposalId, address indexed operator, address indexed proposer, uint96 price
    );
    event ItemsRevealed(
        uint32 indexed proposalId,
        bytes32 indexed releaseHash,
        address indexed proposer,
        bytes32 salt,
        bytes32 itemsRoot,
        uint64 reportBy,
        string itemsCid
    );
    event EvaluationReported(
        uint32 indexed proposalId,
        bytes32 indexed releaseHash,
        address indexed operator,
        uint16 scoreBps,
        bytes32 outputsRoot,
        uint64 disputeUntil,
        string outputsCid
    );
    event ProposalHeld(uint32 indexed proposalId, uint32 indexed caseId, address actor);
    event ProposalReleased(uint32 indexed proposalId, uint32 indexed caseId, bool guilty, address actor);
    event ProposalPassed(
        uint32 indexed proposalId,
        uint32 indexed modelId,
        bytes32 indexed releaseHash,
        address proposer,
        address operator,
        uint96 price,
        uint96 leftover,
        uint96 bond,
        uint96 cap,
        address actor
    );
    /// @param bondTo who got the proposer's bond
    event ProposalEnded(
        uint32 indexed proposalId, EndReason reason, address bondTo, uint96 bond, uint96 refundable, address actor
    );
}
