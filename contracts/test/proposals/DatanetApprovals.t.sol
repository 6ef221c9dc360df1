// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModelProposalEvents} from "../../src/models/IModelProposalEvents.sol";
import {DatanetApproval, EndReason, ProposalStatus, VersionLeaf} from "../../src/types/Proposals.sol";
import {Tree} from "../../src/types/Settlement.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

/// @notice Alice has 5 of the version's records, Bob 3, Carol 2.
contract DatanetApprovalsTest is ProposalsBase {
    uint32 private id;

    function setUp() public override {
        super.setUp();
        id = propose();
    }

    function test_vote_weighsByRecordsOfTheVersion() public {
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.UseVoted(id, datanetId, alice, 0, true, 5, 5, 0, 10);
        vote(id, alice, 1, true);
        assertFalse(proposals.isApproved(id, 0)); // half is not more than half
        vote(id, carol, 3, true);
        assertTrue(proposals.isApproved(id, 0));
        vote(id, bob, 2, false);
        DatanetApproval memory a = proposals.approvals(id)[0];
        assertEq(a.yes, 7);
        assertEq(a.no, 3);
        assertEq(a.total, 10);
    }

    function test_isApproved_needsQuorumAndMajorityByTheDeadline() public {
        uint64 deadline = proposals.proposal(id).deadline;
        vote(id, carol, 3, true); // a fifth
        assertFalse(proposals.isApproved(id, 0));
        vm.warp(deadline + 1);
        assertTrue(proposals.isApproved(id, 0));
    }

    function test_isApproved_failsWithoutQuorumOrMajority() public {
        uint64 deadline = proposals.proposal(id).deadline;
        uint32 none = propose();
        uint32 lost = propose();
        vote(lost, carol, 3, true);
        vote(lost, bob, 2, false);
        vm.warp(deadline + 1);
        assertFalse(proposals.isApproved(none, 0));
        assertFalse(proposals.isApproved(lost, 0));
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NoSuchDatanet.selector, lost, 1));
        proposals.isApproved(lost, 1);
    }

    function test_end_refusedByHalfOfTheRecordsNeedsNoDeadline() public {
        fund(id);
        vote(id, alice, 1, false);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.NotApproved, proposer, s.bond, GOAL, anyone);
        vm.prank(anyone);
        proposals.end(id);
    }

    function test_vote_failsTwice() public {
        vote(id, alice, 1, true);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_VotedBefore.selector, id, 1));
        vote(id, alice, 1, false);
    }

    function test_vote_failsTwiceInOneCall() public {
        (Tree memory tree, VersionLeaf[] memory one) = leavesOf(1);
        VersionLeaf[] memory two = new VersionLeaf[](2);
        (two[0], two[1]) = (one[0], one[0]);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_VotedBefore.selector, id, 1));
        vm.prank(alice);
        proposals.vote(id, 0, true, tree, two);
    }

    function test_vote_failsWithOthersData() public {
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotContributor.selector, 1, mallory));
        vote(id, mallory, 1, true);
    }

    function test_vote_failsWithDataThatWasWithdrawn() public {
        vm.prank(alice);
        datanets.revoke(1);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotContributor.selector, 1, alice));
        vote(id, alice, 1, true);
    }

    function test_vote_failsForDataOfALaterVersionOrAnotherDatanet() public {
        accept(contribute(datanetId, mallory, "root of mallory", 100)); // contribution 4
        publish(datanetId);
        (Tree memory tree, VersionLeaf[] memory leaves) = leavesOf(1);
        leaves[0].contributionId = 4;
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotInVersion.selector, 4));
        vm.prank(mallory);
        proposals.vote(id, 0, true, tree, leaves);
        accept(contribute(createDatanet(), mallory, "elsewhere", 100)); // contribution 5
        leaves[0].contributionId = 5;
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotContributor.selector, 5, mallory));
        vm.prank(mallory);
        proposals.vote(id, 0, true, tree, leaves);
    }

    /// @dev Neither another total, nor another root, nor another place.
    function test_vote_failsForATreeThatIsNotTheVersions() public {
        bytes memory wrong = abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotInVersion.selector, 1);
        for (uint256 i; i < 3; ++i) {
            (Tree memory tree, VersionLeaf[] memory leaves) = leavesOf(1);
            if (i == 0) tree.amount = 5;
            if (i == 1) tree.root = "other";
            if (i == 2) leaves[0].index = 1;
            vm.expectRevert(wrong);
            vm.prank(alice);
            proposals.vote(id, 0, true, tree, leaves);
        }
    }

    function test_vote_failsForNothingElsewhereAndTooLate() public {
        (Tree memory tree, VersionLeaf[] memory leaves) = leavesOf(1);
        vm.startPrank(alice);
        vm.expectRevert(IModelProposalEvents.ModelProposals_NoContributions.selector);
        proposals.vote(id, 0, true, tree, new VersionLeaf[](0));
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NoSuchDatanet.selector, id, 1));
        proposals.vote(id, 1, true, tree, leaves);
        uint64 deadline = proposals.proposal(id).deadline;
        vm.warp(deadline + 1);
        expectTooLate(id, deadline);
        proposals.vote(id, 0, true, tree, leaves);
    }
}
