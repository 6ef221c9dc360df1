// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IModelProposalEvents} from "../../src/models/IModelProposalEvents.sol";
import {IModelRegistry} from "../../src/models/IModelRegistry.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {EndReason, Proposal, ProposalStatus} from "../../src/types/Proposals.sol";
import {DatanetUse, Terms} from "../../src/types/Release.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

contract ProposalTrainingTest is ProposalsBase {
    function test_start_opensTheJobWithTheBudgetInEscrow() public {
        uint32 id = started();
        Proposal memory p = proposals.proposal(id);
        assertStatus(id, ProposalStatus.Training);
        ITrainingJobs.Job memory j = jobs.job(p.jobId);
        assertEq(j.requester, address(proposals));
        assertEq(j.escrow, GOAL);
        assertEq(j.openUntil, block.timestamp + s.quotePeriod);
        assertTrue(jobs.isHeld(p.jobId));
        assertEq(token.balanceOf(address(jobs)), GOAL);
        assertEq(token.balanceOf(address(proposals)), s.bond);
        assertEq(models.ownerOf(p.modelId), address(proposals));
        Terms memory t = models.terms(p.modelId, 1);
        assertEq(t.backers, p.shares);
        assertEq(t.backersBps, 1_000);
        (address locked, uint16 bps) = models.backersOf(p.modelId);
        assertEq(locked, p.shares);
        assertEq(bps, 1_000);
        assertEq(sharesOf(id).name(), "Backers of Guide");
        assertEq(sharesOf(id).symbol(), "BACK-1");
    }

    function test_start_failsBeforeTheGoalIsReached() public {
        uint32 id = propose();
        back(id, carol, 50e18);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_GoalNotReached.selector, id, 50e18));
        proposals.start(id);
    }

    function test_start_failsWithoutTheContributors() public {
        uint32 id = propose();
        fund(id);
        grant(id);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotApproved.selector, id, datanetId));
        proposals.start(id);
    }

    function test_start_failsWithoutTheProvidersGrant() public {
        uint32 id = propose();
        fund(id);
        vote(id, alice, 1, true);
        vote(id, bob, 2, true);
        uint32 grantId = proposals.approvals(id)[0].grantId;
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_GrantNotLive.selector, grantId, datanetId));
        proposals.start(id);
        assertStatus(id, ProposalStatus.Open);
    }

    function test_start_failsTooLateAndThenEverythingGoesBack() public {
        uint32 id = propose();
        fund(id);
        vote(id, alice, 1, true);
        vote(id, bob, 2, true);
        uint64 last = proposals.proposal(id).deadline + s.startPeriod;
        vm.warp(last);
        expectTooEarly(id, last);
        proposals.end(id);
        tick();
        grant(id);
        expectTooLate(id, last);
        proposals.start(id);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.NotStarted, proposer, s.bond, GOAL, address(this));
        proposals.end(id);
        _collectAll(id);
    }

    function test_start_failsTwice() public {
        uint32 id = started();
        expectInvalidStatus(id, ProposalStatus.Training);
        proposals.start(id);
    }

    function test_acceptQuote_isTheProposers() public {
        uint32 id = started();
        uint32 jobId = proposals.proposal(id).jobId;
        vm.prank(operator);
        jobs.quote(jobId, PRICE, 600, 2);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotProposer.selector, id, mallory));
        vm.prank(mallory);
        proposals.acceptQuote(id, operator);
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
        assertEq(jobs.job(jobId).price, PRICE);
        assertEq(uint8(jobs.job(jobId).status), uint8(ITrainingJobs.JobStatus.Accepted));
    }

    function test_acceptQuote_failsForATrainingThatWouldTakeTooLong() public {
        uint32 id = started();
        uint32 tooLong = uint32(s.longestTraining) + 1;
        uint32 jobId = proposals.proposal(id).jobId;
        vm.prank(operator);
        jobs.quote(jobId, PRICE, tooLong, 2);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelProposalEvents.ModelProposals_TrainingTooLong.selector, tooLong, s.longestTraining
            )
        );
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
    }

    function test_acceptQuote_failsWhenTheProviderHasRevoked() public {
        uint32 id = started();
        (uint32 jobId, uint32 grantId) = (proposals.proposal(id).jobId, proposals.approvals(id)[0].grantId);
        vm.prank(operator);
        jobs.quote(jobId, PRICE, 600, 2);
        vm.prank(provider);
        grants.revoke(grantId);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_GrantNotLive.selector, grantId, datanetId));
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
    }

    function test_end_refundsWhatNobodyTook() public {
        uint32 id = started();
        uint32 jobId = proposals.proposal(id).jobId;
        uint64 until = jobs.job(jobId).openUntil;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_TooEarly.selector, jobId, until));
        proposals.end(id);
        tick();
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.NotTrained, proposer, s.bond, GOAL, address(this));
        proposals.end(id);
        _collectAll(id);
    }

    /// @dev Checkpoints of a held job pay nothing, so that all of it can go back.
    function test_end_refundsWhatWasNotDeliveredWhoeverAskedTheJobFirst() public {
        uint32 id = accepted(PRICE);
        uint32 jobId = proposals.proposal(id).jobId;
        uint256 had = token.balanceOf(operator);
        vm.prank(operator);
        jobs.commitCheckpoint(jobId, 1, "one");
        assertEq(token.balanceOf(operator), had);
        vm.warp(uint256(jobs.job(jobId).deliverBy) + 1);
        vm.prank(anyone);
        jobs.refund(jobId);
        proposals.end(id);
        _collectAll(id);
    }

    function test_attest_returnsTheWholeEscrowAndPaysNothingYet() public {
        uint32 id = accepted(PRICE);
        uint256 had = token.balanceOf(operator);
        attest(id);
        assertEq(token.balanceOf(operator), had);
        assertEq(token.balanceOf(address(jobs)), 0);
        assertEq(token.balanceOf(address(proposals)), GOAL + s.bond);
    }

    function test_end_aProposerWhoKeepsTheItemsPaysWithItsBond() public {
        uint32 id = attested();
        uint64 last = uint64(block.timestamp) + s.revealPeriod;
        vm.warp(last);
        expectTooEarly(id, last);
        proposals.end(id);
        tick();
        uint256 had = token.balanceOf(operator);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.NotRevealed, operator, s.bond, GOAL, address(this));
        proposals.end(id);
        assertEq(token.balanceOf(operator), had + s.bond);
        _collectAll(id);
    }

    function test_openHeld_isForTheProposalsAlone() public {
        uint32 modelId = createModel(mallory);
        vm.startPrank(mallory);
        bytes memory unauthorized = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory);
        vm.expectRevert(unauthorized);
        jobs.openHeld(modelId, "base", new DatanetUse[](0), new uint32[](0), 1, uint64(block.timestamp + 1), "");
        vm.expectRevert(unauthorized);
        models.lockBackers(modelId);
    }

    function test_lockBackers_needsTheModel() public {
        uint32 modelId = createModel(mallory);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, modelId, address(proposals))
        );
        vm.prank(address(proposals));
        models.lockBackers(modelId);
    }

    function _collectAll(
        uint32 id
    ) private {
        proposals.collect(id, dave);
        proposals.collect(id, proposer);
        proposals.collect(id, carol);
        assertEq(token.balanceOf(carol), 1_000_000e18);
        assertEq(token.balanceOf(dave), 1_000_000e18);
        assertEq(token.balanceOf(address(proposals)), 0);
        assertEq(token.balanceOf(address(jobs)), 0);
    }
}
