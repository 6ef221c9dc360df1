// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessGrants} from "../datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../libraries/BoundedPause.sol";
import {Delegation} from "../libraries/Delegation.sol";
import {IJury} from "../oracles/IJury.sol";
import {Certificate, DatanetApproval, Plan, Proposal, ProposalSettings, VersionLeaf} from "../types/Proposals.sol";
import {Tree} from "../types/Settlement.sol";
import {IModelProposals} from "./IModelProposals.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {ITrainingJobs} from "./ITrainingJobs.sol";
import {ProposalClerk} from "./proposals/ProposalClerk.sol";
import {ProposalEvaluation} from "./proposals/ProposalEvaluation.sol";
import {ProposalState} from "./proposals/ProposalState.sol";
import {ProposalTraining} from "./proposals/ProposalTraining.sol";

/// @title ModelProposals
/// @notice From an idea to a model that earns: funded by backers, allowed by contributors, trained, evaluated, paid.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | pause, unpause   | guardian                 |
///      | upgradeToAndCall | upgrade timelock (admin) |
///      A pause stops proposing, backing and starting, never what gives money back or goes on with what has started.
///      The contract itself needs the role that may open held jobs and lock backers' shares.
contract ModelProposals is ProposalTraining, ProposalEvaluation, UUPSUpgradeable {
    /// @notice The other half of the code, which works on this contract's storage.
    address public immutable clerk;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        IModelRegistry models_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        IAccessGrants grants_,
        IJury jury_,
        address sharesImplementation_,
        uint64 longestPause_,
        ProposalSettings memory settings_
    )
        BoundedPause(longestPause_)
        ProposalState(token_, models_, jobs_, datanets_, grants_, jury_, settings_)
        ProposalTraining(sharesImplementation_)
    {
        clerk = address(new ProposalClerk(token_, models_, jobs_, datanets_, grants_, jury_, longestPause_, settings_));
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IModelProposals
    function propose(
        Plan calldata
    ) external returns (uint32) {
        _askClerk();
    }

    /// @inheritdoc IModelProposals
    function back(
        uint32,
        uint96
    ) external {
        _askClerk();
    }

    /// @inheritdoc IModelProposals
    function withdraw(
        uint32,
        uint96
    ) external {
        _askClerk();
    }

    /// @inheritdoc IModelProposals
    function cancel(
        uint32
    ) external {
        _askClerk();
    }

    /// @inheritdoc IModelProposals
    function collect(
        uint32,
        address
    ) external returns (uint96) {
        _askClerk();
    }

    /// @inheritdoc IModelProposals
    function vote(
        uint32,
        uint256,
        bool,
        Tree calldata,
        VersionLeaf[] calldata
    ) external {
        _askClerk();
    }

    /// @inheritdoc IModelProposals
    function proposal(
        uint32 proposalId
    ) external view returns (Proposal memory) {
        return _state().proposals[proposalId];
    }

    /// @inheritdoc IModelProposals
    function approvals(
        uint32 proposalId
    ) external view returns (DatanetApproval[] memory) {
        return _state().approvals[proposalId];
    }

    /// @inheritdoc IModelProposals
    function isApproved(
        uint32 proposalId,
        uint256 index
    ) external view returns (bool) {
        DatanetApproval[] storage all = _state().approvals[proposalId];
        if (index >= all.length) revert ModelProposals_NoSuchDatanet(proposalId, index);
        return _isApproved(all[index], _state().proposals[proposalId].deadline);
    }

    /// @inheritdoc IModelProposals
    function backingOf(
        uint32 proposalId,
        address backer
    ) external view returns (uint96) {
        return _state().backings[proposalId][backer];
    }

    /// @inheritdoc IModelProposals
    function roomFor(
        uint32 proposalId,
        address backer
    ) external view returns (uint96) {
        return _roomFor(proposalId, backer);
    }

    /// @inheritdoc IModelProposals
    function releaseOf(
        uint32 proposalId
    ) external view returns (bytes32) {
        return _releaseOf(proposalId);
    }

    /// @inheritdoc IModelProposals
    function certificateOf(
        uint32 modelId
    ) external view returns (Certificate memory) {
        return _state().certificates[modelId];
    }

    /// @inheritdoc IModelProposals
    function proposalCount() external view returns (uint32) {
        return _state().proposalCount;
    }

    /// @inheritdoc IModelProposals
    function settings() external view returns (ProposalSettings memory) {
        return ProposalSettings({
            bond: _bond,
            longestFunding: _longestFunding,
            startPeriod: _startPeriod,
            quotePeriod: _quotePeriod,
            longestTraining: _longestTraining,
            revealPeriod: _revealPeriod,
            reportPeriod: _reportPeriod,
            disputePeriod: _disputePeriod
        });
    }

    function _askClerk() private {
        Delegation.forward(clerk);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
