// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {IModelProposalEvents} from "../../src/models/IModelProposalEvents.sol";
import {EndReason, Plan, Proposal, ProposalStatus} from "../../src/types/Proposals.sol";
import {DatanetUse} from "../../src/types/Release.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

contract ProposalFundingTest is ProposalsBase {
    function test_propose_takesTheBondAndAsksForAGrant() public {
        uint256 had = token.balanceOf(proposer);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalCreated(
            1,
            proposer,
            GOAL,
            uint64(block.timestamp + 7 days),
            MARK,
            CAP_BPS,
            s.bond,
            "base",
            keccak256(abi.encode(SALT, ITEMS)),
            "Guide",
            "bafkreiproposal",
            "bafkreitraining",
            "bafkreicard"
        );
        uint32 id = propose();
        assertEq(token.balanceOf(proposer), had - s.bond);
        assertEq(token.balanceOf(address(proposals)), s.bond);
        assertEq(proposals.proposalCount(), 1);
        assertStatus(id, ProposalStatus.Open);
        uint32 grantId = proposals.approvals(id)[0].grantId;
        assertEq(grants.grant(grantId).requester, address(proposals));
        assertEq(grants.grant(grantId).datanetId, datanetId);
    }

    function _refuses(
        Plan memory p,
        string memory what
    ) private {
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_InvalidPlan.selector, what));
        propose(p);
    }

    function test_propose_failsForAPlanThatLacksSomething() public {
        Plan memory p = plan();
        p.name = "";
        _refuses(p, "name");
        p = plan();
        p.specCid = "";
        _refuses(p, "specCid");
        p = plan();
        p.trainingCid = "";
        _refuses(p, "trainingCid");
        p = plan();
        p.datanets = new DatanetUse[](0);
        _refuses(p, "datanets");
        p.datanets = new DatanetUse[](17);
        _refuses(p, "datanets");
        p = plan();
        p.goal = 1e6 - 1;
        _refuses(p, "goal");
        p = plan();
        p.passMarkBps = 0;
        _refuses(p, "passMarkBps");
        p.passMarkBps = 10_001;
        _refuses(p, "passMarkBps");
        p = plan();
        p.itemsCommitment = 0;
        _refuses(p, "itemsCommitment");
        p = plan();
        p.capBps = 0;
        _refuses(p, "capBps");
        p.capBps = 100_001;
        _refuses(p, "capBps");
        p = plan();
        p.terms.backersBps = 0;
        _refuses(p, "backersBps");
        p = plan();
        p.terms.backers = mallory;
        _refuses(p, "backers");
    }

    function test_propose_failsForSharesThatDoNotAddUp() public {
        Plan memory p = plan();
        p.terms.developerBps += 1;
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_InvalidSplit.selector, 10_001));
        propose(p);
    }

    function test_propose_failsForADeadlineThatIsPastOrTooFar() public {
        Plan memory p = plan();
        uint64[2] memory deadlines = [uint64(block.timestamp), uint64(block.timestamp) + s.longestFunding + 1];
        for (uint256 i; i < 2; ++i) {
            p.deadline = deadlines[i];
            vm.expectRevert(
                abi.encodeWithSelector(IModelProposalEvents.ModelProposals_InvalidDeadline.selector, deadlines[i])
            );
            propose(p);
        }
    }

    function test_propose_failsForAVersionThatIsNotThere() public {
        Plan memory p = plan();
        p.datanets[0].root = "other";
        bytes memory unknown =
            abi.encodeWithSelector(IModelProposalEvents.ModelProposals_UnknownVersion.selector, datanetId, 1);
        vm.expectRevert(unknown);
        propose(p);
        p.datanets[0].root = 0;
        vm.expectRevert(unknown);
        propose(p);
    }

    function test_back_reachesTheGoalExactly() public {
        uint32 id = propose();
        fund(id);
        Proposal memory p = proposals.proposal(id);
        assertEq(p.raised, GOAL);
        assertEq(token.balanceOf(address(proposals)), GOAL + s.bond);
        assertEq(proposals.backingOf(id, carol), 50e18);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooMuch.selector, id, 1, 0));
        back(id, mallory, 1);
    }

    function test_back_failsOverTheGoal() public {
        uint32 id = propose();
        back(id, carol, 50e18);
        back(id, dave, 30e18);
        vm.expectRevert(
            abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooMuch.selector, id, 20e18 + 1, 20e18)
        );
        back(id, mallory, 20e18 + 1);
    }

    /// @dev A fifth from the proposer and half from anybody else: at least two others are needed.
    function test_back_theProposerAloneCannotReachTheGoal() public {
        uint32 id = propose();
        vm.expectRevert(
            abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooMuch.selector, id, GOAL, GOAL / 5)
        );
        back(id, proposer, GOAL);
        back(id, proposer, GOAL / 5);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooMuch.selector, id, 1, 0));
        back(id, proposer, 1);
        back(id, carol, GOAL / 2);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooMuch.selector, id, 1, 0));
        back(id, carol, 1);
        assertEq(proposals.roomFor(id, dave), GOAL - GOAL / 5 - GOAL / 2);
    }

    function test_back_failsAfterTheDeadlineAndForNothing() public {
        uint32 id = propose();
        vm.expectRevert(IModelProposalEvents.ModelProposals_NoAmount.selector);
        back(id, carol, 0);
        uint64 deadline = proposals.proposal(id).deadline;
        vm.warp(deadline);
        back(id, carol, 1);
        vm.warp(deadline + 1);
        expectTooLate(id, deadline);
        back(id, carol, 1);
        expectInvalidStatus(9, ProposalStatus.None);
        back(9, carol, 1);
    }

    function test_withdraw_returnsBackingUntilTheGoalIsReached() public {
        uint32 id = propose();
        uint256 had = token.balanceOf(carol);
        back(id, carol, 50e18);
        vm.startPrank(carol);
        vm.expectRevert(IModelProposalEvents.ModelProposals_NoAmount.selector);
        proposals.withdraw(id, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelProposalEvents.ModelProposals_BeyondBacking.selector, id, carol, 50e18 + 1, 50e18
            )
        );
        proposals.withdraw(id, 50e18 + 1);
        proposals.withdraw(id, 20e18);
        assertEq(token.balanceOf(carol), had - 30e18);
        proposals.withdraw(id, 30e18);
        assertEq(token.balanceOf(carol), had);
        assertEq(proposals.proposal(id).raised, 0);
        vm.stopPrank();
        fund(id);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_GoalReached.selector, id));
        vm.prank(carol);
        proposals.withdraw(id, 1);
    }

    function test_withdraw_failsForOthersMoney() public {
        uint32 id = propose();
        back(id, carol, 50e18);
        vm.expectRevert(
            abi.encodeWithSelector(IModelProposalEvents.ModelProposals_BeyondBacking.selector, id, mallory, 1, 0)
        );
        vm.prank(mallory);
        proposals.withdraw(id, 1);
    }

    function test_cancel_returnsBondAndBackings() public {
        uint256 had = token.balanceOf(proposer);
        uint256 carols = token.balanceOf(carol);
        uint32 id = propose();
        back(id, carol, 50e18);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotProposer.selector, id, mallory));
        vm.prank(mallory);
        proposals.cancel(id);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.Cancelled, proposer, s.bond, 50e18, proposer);
        vm.prank(proposer);
        proposals.cancel(id);
        assertEq(token.balanceOf(proposer), had);
        vm.prank(anyone);
        proposals.collect(id, carol);
        assertEq(token.balanceOf(carol), carols);
        assertEq(token.balanceOf(address(proposals)), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NothingToCollect.selector, id, carol)
        );
        proposals.collect(id, carol);
    }

    function test_end_refundsWhatDidNotReachItsGoal() public {
        uint32 id = propose();
        back(id, carol, 50e18);
        uint64 deadline = proposals.proposal(id).deadline;
        vm.warp(deadline);
        expectTooEarly(id, deadline);
        proposals.end(id);
        tick();
        proposals.end(id);
        assertStatus(id, ProposalStatus.Ended);
        proposals.collect(id, carol);
        assertEq(token.balanceOf(carol), 1_000_000e18);
        expectInvalidStatus(id, ProposalStatus.Ended);
        proposals.end(id);
    }

    function test_collect_failsWhileItIsOpen() public {
        uint32 id = propose();
        back(id, carol, 50e18);
        expectInvalidStatus(id, ProposalStatus.Open);
        proposals.collect(id, carol);
    }

    function test_pause_stopsWhatIsNewAndTrapsNothing() public {
        uint32 id = propose();
        back(id, carol, 50e18);
        vm.prank(guardian);
        proposals.pause();
        bytes memory paused = abi.encodeWithSelector(
            BoundedPause.BoundedPause_Paused.selector, uint64(block.timestamp) + proposals.longestPause()
        );
        Plan memory p = plan();
        vm.expectRevert(paused);
        propose(p);
        vm.expectRevert(paused);
        back(id, dave, 1);
        vm.expectRevert(paused);
        proposals.start(id);
        vm.prank(carol);
        proposals.withdraw(id, 10e18);
        vm.prank(proposer);
        proposals.cancel(id);
        proposals.collect(id, carol);
        assertEq(token.balanceOf(carol), 1_000_000e18);
    }

    /// @dev Whoever backs, takes out and in what order they fetch it: each gets its own back, and nothing stays.
    function testFuzz_refunds_areExact(
        uint96[4] memory amounts,
        uint96 taken
    ) public {
        uint32 id = propose();
        address[4] memory who = [carol, dave, alice, proposer];
        uint256[4] memory had;
        for (uint256 i; i < 4; ++i) {
            had[i] = token.balanceOf(who[i]);
            amounts[i] = uint96(bound(amounts[i], 0, proposals.roomFor(id, who[i])));
            if (amounts[i] > 0) back(id, who[i], amounts[i]);
        }
        if (proposals.proposal(id).raised < GOAL && amounts[0] > 0) {
            vm.prank(carol);
            proposals.withdraw(id, uint96(bound(taken, 1, amounts[0])));
        }
        vm.prank(proposer);
        proposals.cancel(id);
        for (uint256 i; i < 4; ++i) {
            if (proposals.backingOf(id, who[i]) > 0) proposals.collect(id, who[i]);
            assertEq(token.balanceOf(who[i]), had[i] + (i == 3 ? s.bond : 0));
        }
        assertEq(token.balanceOf(address(proposals)), 0);
    }
}
