// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessGrants} from "../../datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../../libraries/BoundedPause.sol";
import {IJury} from "../../oracles/IJury.sol";
import {
    Certificate,
    DatanetApproval,
    EndReason,
    Proposal,
    ProposalSettings,
    ProposalStatus
} from "../../types/Proposals.sol";
import {Terms} from "../../types/Release.sol";
import {IModelProposalEvents} from "../IModelProposalEvents.sol";
import {IModelRegistry} from "../IModelRegistry.sol";
import {ITrainingJobs} from "../ITrainingJobs.sol";

/// @notice What all parts of the proposals share: numbers, storage, and how one ends.
abstract contract ProposalState is IModelProposalEvents, BoundedPause {
    using SafeERC20 for IERC20;

    uint256 internal constant BPS = 10_000;
    /// @notice What a proposer may bring of its own goal, and anybody else. With these two no proposal is funded by
    ///         fewer than two accounts beside the proposer's.
    uint256 public constant PROPOSER_SHARE_BPS = 2_000;
    uint256 public constant BACKER_SHARE_BPS = 5_000;

    IERC20 public immutable token;
    IModelRegistry public immutable models;
    ITrainingJobs public immutable jobs;
    IDatanetRegistry public immutable datanets;
    IAccessGrants public immutable grants;
    IJury public immutable jury;

    uint96 internal immutable _bond;
    uint64 internal immutable _longestFunding;
    uint64 internal immutable _startPeriod;
    uint64 internal immutable _quotePeriod;
    uint64 internal immutable _longestTraining;
    uint64 internal immutable _revealPeriod;
    uint64 internal immutable _reportPeriod;
    uint64 internal immutable _disputePeriod;

    /// @dev What a job and a model are opened with.
    struct Texts {
        string name;
        string trainingCid;
        string cardCid;
    }

    /// @custom:storage-location erc7201:openledger.storage.ModelProposals
    struct ModelProposalsStorage {
        uint32 proposalCount;
        mapping(uint32 proposalId => Proposal) proposals;
        mapping(uint32 proposalId => Terms) terms;
        mapping(uint32 proposalId => Texts) texts;
        mapping(uint32 proposalId => DatanetApproval[]) approvals;
        mapping(uint32 proposalId => mapping(uint256 index => mapping(uint32 contributionId => bool))) voted;
        mapping(uint32 proposalId => mapping(address backer => uint96)) backings;
        mapping(uint32 caseId => uint32 proposalId) heldBy; // stays, so that a case holds once
        mapping(uint32 caseId => bool) resolved;
        mapping(bytes32 releaseHash => uint64) reportedAt;
        mapping(uint32 modelId => Certificate) certificates;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ModelProposals")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant MODEL_PROPOSALS_STORAGE =
        0xd6b9fbf9a6a6f327c98cc39c8e4f9f53afd26e7d939f57b9188010a453b84000;

    constructor(
        IERC20 token_,
        IModelRegistry models_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        IAccessGrants grants_,
        IJury jury_,
        ProposalSettings memory s
    ) {
        if (
            s.bond == 0 || s.longestFunding == 0 || s.startPeriod == 0 || s.quotePeriod == 0 || s.longestTraining == 0
                || s.revealPeriod == 0 || s.reportPeriod == 0 || s.disputePeriod == 0
        ) revert ModelProposals_InvalidSettings();
        token = token_;
        models = models_;
        jobs = jobs_;
        datanets = datanets_;
        grants = grants_;
        jury = jury_;
        _bond = s.bond;
        _longestFunding = s.longestFunding;
        _startPeriod = s.startPeriod;
        _quotePeriod = s.quotePeriod;
        _longestTraining = s.longestTraining;
        _revealPeriod = s.revealPeriod;
        _reportPeriod = s.reportPeriod;
        _disputePeriod = s.disputePeriod;
    }

    function _state() internal pure returns (ModelProposalsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := MODEL_PROPOSALS_STORAGE
        }
    }

    /// @dev While this contract owns the model nobody but the job can add a release to it.
    function _releaseOf(
        uint32 proposalId
    ) internal view returns (bytes32) {
        uint32 modelId = _state().proposals[proposalId].modelId;
        return modelId == 0 || models.releaseCount(modelId) == 0 ? bytes32(0) : models.releaseAt(modelId, 0);
    }

    function _roomFor(
        uint32 proposalId,
        address backer
    ) internal view returns (uint96) {
        Proposal storage p = _state().proposals[proposalId];
        uint256 limit = p.goal * (backer == p.proposer ? PROPOSER_SHARE_BPS : BACKER_SHARE_BPS) / BPS;
        uint256 own = limit - _state().backings[proposalId][backer];
        uint256 missing = p.goal - p.raised;
        return uint96(own < missing ? own : missing);
    }

    function _require(
        uint32 proposalId,
        ProposalStatus status
    ) internal view returns (Proposal storage p) {
        p = _state().proposals[proposalId];
        if (p.status != status) revert ModelProposals_InvalidStatus(proposalId, p.status);
    }

    function _requireProposer(
        uint32 proposalId,
        Proposal storage p
    ) internal view {
        if (p.proposer != msg.sender) revert ModelProposals_NotProposer(proposalId, msg.sender);
    }

    function _requireUntil(
        uint32 proposalId,
        uint64 deadline
    ) internal view {
        if (block.timestamp > deadline) revert ModelProposals_TooLate(proposalId, deadline);
    }

    function _requireAfter(
        uint32 proposalId,
        uint64 deadline
    ) internal view {
        if (block.timestamp <= deadline) revert ModelProposals_TooEarly(proposalId, deadline);
    }

    /// @dev Ends without a model: backers get back what they brought, to the wei.
    function _end(
        uint32 proposalId,
        Proposal storage p,
        EndReason reason,
        address bondTo
    ) internal {
        p.status = ProposalStatus.Ended;
        p.uncollected = p.raised;
        p.due = p.raised;
        uint96 bond = p.bond;
        p.bond = 0;
        emit ProposalEnded(proposalId, reason, bondTo, bond, p.raised, msg.sender);
        _pay(bondTo, bond);
    }

    /// @dev OPEN calls nobody, so paying out directly can neither fail for a recipient nor re-enter.
    function _pay(
        address to,
        uint96 amount
    ) internal {
        if (amount > 0) token.safeTransfer(to, amount);
    }
}
