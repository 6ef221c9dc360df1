// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IDatanetRegistry} from "../../datanets/IDatanetRegistry.sol";
import {SumTree} from "../../libraries/SumTree.sol";
import {DatanetApproval, Proposal, ProposalStatus, VersionLeaf} from "../../types/Proposals.sol";
import {Tree} from "../../types/Settlement.sol";
import {ProposalState} from "./ProposalState.sol";

/// @notice Contributors of the named versions vote on the use of their data, by their records in them.
/// @dev The provider's grant is needed besides; the training job checks it.
abstract contract DatanetApprovals is ProposalState {
    /// @notice See IModelProposals.
    function vote(
        uint32 proposalId,
        uint256 index,
        bool approve,
        Tree calldata tree,
        VersionLeaf[] calldata leaves
    ) external {
        Proposal storage p = _require(proposalId, ProposalStatus.Open);
        _requireUntil(proposalId, p.deadline);
        DatanetApproval[] storage all = _state().approvals[proposalId];
        if (index >= all.length) revert ModelProposals_NoSuchDatanet(proposalId, index);
        if (leaves.length == 0) revert ModelProposals_NoContributions();
        DatanetApproval storage a = all[index];
        uint64 records;
        for (uint256 i; i < leaves.length; ++i) {
            records += _count(proposalId, index, a, tree, leaves[i]);
        }
        a.total = uint64(tree.amount); // every leaf's proof proves it
        if (approve) a.yes += records;
        else a.no += records;
        emit UseVoted(proposalId, a.datanetId, msg.sender, uint32(index), approve, records, a.yes, a.no, a.total);
    }

    /// @dev Whoever withdrew its data has no say about it any more: it is left out of the training anyway.
    function _count(
        uint32 proposalId,
        uint256 index,
        DatanetApproval storage a,
        Tree calldata tree,
        VersionLeaf calldata leaf
    ) private returns (uint64) {
        uint32 id = leaf.contributionId;
        IDatanetRegistry.Contribution memory c = datanets.contribution(id);
        bool isAccepted = c.status == IDatanetRegistry.ContributionStatus.Accepted;
        if (c.contributor != msg.sender || c.datanetId != a.datanetId || !isAccepted) {
            revert ModelProposals_NotContributor(id, msg.sender);
        }
        mapping(uint32 => bool) storage voted = _state().voted[proposalId][index];
        if (voted[id]) revert ModelProposals_VotedBefore(proposalId, id);
        voted[id] = true;
        SumTree.Leaf memory l = SumTree.Leaf({key: id, data: c.recordsRoot, amount: c.records, weight: 0});
        if (
            tree.root != datanets.versionRoot(a.datanetId, a.version)
                || !SumTree.verify(tree, SumTree.DATANET_VERSION, l, leaf.index, leaf.proof)
        ) revert ModelProposals_NotInVersion(id);
        return c.records;
    }
}
