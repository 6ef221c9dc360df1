// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessGrants} from "../../datanets/IAccessGrants.sol";
import {DatanetApproval, EndReason, Plan, Proposal, ProposalStatus} from "../../types/Proposals.sol";
import {DatanetUse, Terms} from "../../types/Release.sol";
import {IBackerShares} from "../IBackerShares.sol";
import {ProposalState} from "./ProposalState.sol";

/// @notice Proposing, backing, and getting money back.
abstract contract ProposalFunding is ProposalState {
    using SafeERC20 for IERC20;

    /// @notice Datanets that one proposal may name: as many as a job may use.
    uint256 public constant MAX_DATANETS = 16;
    /// @notice Backers get back at most ten times what was spent.
    uint32 public constant MAX_CAP_BPS = 100_000;
    /// @notice Below it the shares' rounding would count.
    uint96 public constant MINIMUM_GOAL = 1e6;

    /// @notice See IModelProposals.
    function propose(
        Plan calldata plan
    ) external whenNotPaused returns (uint32 proposalId) {
        _check(plan);
        ModelProposalsStorage storage $ = _state();
        proposalId = ++$.proposalCount;
        Proposal storage p = $.proposals[proposalId];
        p.proposer = msg.sender;
        p.status = ProposalStatus.Open;
        p.passMarkBps = plan.passMarkBps;
        p.goal = plan.goal;
        p.deadline = plan.deadline;
        p.bond = _bond;
        p.capBps = plan.capBps;
        p.baseModel = plan.baseModel;
        p.itemsCommitment = plan.itemsCommitment;
        $.terms[proposalId] = plan.terms;
        $.texts[proposalId] = Texts(plan.name, plan.trainingCid, plan.cardCid);
        _emitCreated(proposalId, plan);
        _emitTerms(proposalId, plan.terms);
        token.safeTransferFrom(msg.sender, address(this), _bond);
        _nameDatanets(proposalId, plan.datanets, plan.specCid);
    }

    /// @notice See IModelProposals.
    function back(
        uint32 proposalId,
        uint96 amount
    ) external whenNotPaused {
        Proposal storage p = _require(proposalId, ProposalStatus.Open);
        _requireUntil(proposalId, p.deadline);
        if (amount == 0) revert ModelProposals_NoAmount();
        uint96 room = _roomFor(proposalId, msg.sender);
        if (amount > room) revert ModelProposals_TooMuch(proposalId, amount, room);
        uint96 backing = _state().backings[proposalId][msg.sender] + amount;
        _state().backings[proposalId][msg.sender] = backing;
        p.raised += amount;
        emit ProposalBacked(proposalId, msg.sender, amount, backing, p.raised);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice See IModelProposals.
    function withdraw(
        uint32 proposalId,
        uint96 amount
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Open);
        if (amount == 0) revert ModelProposals_NoAmount();
        if (p.raised == p.goal) revert ModelProposals_GoalReached(proposalId);
        uint96 backing = _state().backings[proposalId][msg.sender];
        if (amount > backing) revert ModelProposals_BeyondBacking(proposalId, msg.sender, amount, backing);
        backing -= amount;
        _state().backings[proposalId][msg.sender] = backing;
        p.raised -= amount;
        emit BackingWithdrawn(proposalId, msg.sender, amount, backing, p.raised);
        _pay(msg.sender, amount);
    }

    /// @notice See IModelProposals.
    function cancel(
        uint32 proposalId
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Open);
        _requireProposer(proposalId, p);
        _end(proposalId, p, EndReason.Cancelled, msg.sender);
    }

    /// @notice See IModelProposals.
    /// @dev In proportion to what is still uncollected, rounded down: whoever comes last gets the wei that the others'
    ///      rounding left, and nothing stays behind.
    function collect(
        uint32 proposalId,
        address backer
    ) external returns (uint96 paid) {
        Proposal storage p = _state().proposals[proposalId];
        bool passed = p.status == ProposalStatus.Passed;
        if (!passed && p.status != ProposalStatus.Ended) revert ModelProposals_InvalidStatus(proposalId, p.status);
        uint96 backing = _state().backings[proposalId][backer];
        if (backing == 0) revert ModelProposals_NothingToCollect(proposalId, backer);
        _state().backings[proposalId][backer] = 0;
        paid = uint96(uint256(p.due) * backing / p.uncollected);
        p.due -= paid;
        p.uncollected -= backing;
        emit BackingCollected(proposalId, backer, backing, paid, passed ? backing : 0, msg.sender);
        _pay(backer, paid);
        if (passed) IBackerShares(p.shares).mint(backer, backing);
    }

    function _check(
        Plan calldata plan
    ) private view {
        if (bytes(plan.name).length == 0) revert ModelProposals_InvalidPlan("name");
        if (bytes(plan.specCid).length == 0) revert ModelProposals_InvalidPlan("specCid");
        if (bytes(plan.trainingCid).length == 0) revert ModelProposals_InvalidPlan("trainingCid");
        if (plan.datanets.length == 0 || plan.datanets.length > MAX_DATANETS) {
            revert ModelProposals_InvalidPlan("datanets");
        }
        if (plan.goal < MINIMUM_GOAL) revert ModelProposals_InvalidPlan("goal");
        if (plan.passMarkBps == 0 || plan.passMarkBps > BPS) revert ModelProposals_InvalidPlan("passMarkBps");
        if (plan.itemsCommitment == 0) revert ModelProposals_InvalidPlan("itemsCommitment");
        if (plan.capBps == 0 || plan.capBps > MAX_CAP_BPS) revert ModelProposals_InvalidPlan("capBps");
        Terms calldata t = plan.terms;
        if (t.backersBps == 0) revert ModelProposals_InvalidPlan("backersBps");
        if (t.backers != address(0)) revert ModelProposals_InvalidPlan("backers");
        uint256 sum = uint256(t.operatorBps) + t.developerBps + t.parentsBps + t.backersBps + t.contributorsBps;
        if (sum != BPS) revert ModelProposals_InvalidSplit(sum);
        if (plan.deadline <= block.timestamp || plan.deadline > block.timestamp + _longestFunding) {
            revert ModelProposals_InvalidDeadline(plan.deadline);
        }
    }

    function _nameDatanets(
        uint32 proposalId,
        DatanetUse[] calldata uses,
        string calldata specCid
    ) private {
        for (uint256 i; i < uses.length; ++i) {
            DatanetUse calldata use = uses[i];
            if (use.root == 0 || use.root != datanets.versionRoot(use.datanetId, use.version)) {
                revert ModelProposals_UnknownVersion(use.datanetId, use.version);
            }
            uint32 grantId = grants.request(use.datanetId, IAccessGrants.Purpose.Train, specCid);
            _state().approvals[proposalId].push(DatanetApproval(use.datanetId, use.version, grantId, 0, 0, 0));
            emit DatanetNamed(proposalId, use.datanetId, uint32(i), use.version, grantId);
        }
    }

    /// @dev Apart, and in memory, for the depth of the stack.
    function _emitCreated(
        uint32 proposalId,
        Plan memory plan
    ) private {
        emit ProposalCreated(
            proposalId,
            msg.sender,
            plan.goal,
            plan.deadline,
            plan.passMarkBps,
            plan.capBps,
            _bond,
            plan.baseModel,
            plan.itemsCommitment,
            plan.name,
            plan.specCid,
            plan.trainingCid,
            plan.cardCid
        );
    }

    /// @dev Apart, for the depth of the stack.
    function _emitTerms(
        uint32 proposalId,
        Terms calldata t
    ) private {
        emit ProposalTerms(
            proposalId,
            t.operatorBps,
            t.developerBps,
            t.parentsBps,
            t.backersBps,
            t.contributorsBps,
            t.parents,
            t.promptPrice,
            t.completionPrice,
            t.retrievalPrice,
            t.agentStepPrice
        );
    }
}
