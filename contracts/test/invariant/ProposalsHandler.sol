// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BackerShares} from "../../src/models/BackerShares.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {Plan, Proposal, ProposalStatus} from "../../src/types/Proposals.sol";
import {Release} from "../../src/types/Release.sol";
import {ProposalsBase} from "../proposals/ProposalsBase.sol";

/// @notice Everything people do with proposals, bounded so that nothing reverts; time passes only as they let it.
contract ProposalsHandler is ProposalsBase {
    address[] public people;
    /// @dev OPEN that came to backers' accounts, and that they paid.
    uint256 public earned;
    uint256 public paid;
    mapping(bytes32 what => uint256) public calls;

    constructor() {
        setUp();
        people = [proposer, carol, dave, alice, bob];
    }

    function open(
        uint96 goal
    ) external {
        if (proposals.proposalCount() == 8) return; // enough to mix, few enough to sum up
        Plan memory p = plan();
        p.goal = uint96(bound(goal, 1e6, 1_000e18));
        propose(p);
        ++calls["open"];
    }

    function back(
        uint256 which,
        uint256 who,
        uint96 amount,
        bool all
    ) external {
        (uint32 id, Proposal memory p, bool found) = _find(which, ProposalStatus.Open);
        if (!found || block.timestamp > p.deadline) return;
        address backer = people[who % people.length];
        uint96 room = proposals.roomFor(id, backer);
        if (room == 0) return;
        back(id, backer, all ? room : uint96(bound(amount, 1, room)));
        ++calls["back"];
    }

    function withdraw(
        uint256 which,
        uint256 who,
        uint96 amount
    ) external {
        (uint32 id, Proposal memory p, bool found) = _find(which, ProposalStatus.Open);
        address backer = people[who % people.length];
        uint96 backing = proposals.backingOf(id, backer);
        if (!found || p.raised == p.goal || backing == 0) return;
        vm.prank(backer);
        proposals.withdraw(id, uint96(bound(amount, 1, backing)));
        ++calls["withdraw"];
    }

    function cancel(
        uint256 which
    ) external {
        if (which % 7 != 0) return; // seldom
        (uint32 id,, bool found) = _find(which, ProposalStatus.Open);
        if (!found) return;
        vm.prank(proposer);
        proposals.cancel(id);
        ++calls["cancel"];
    }

    /// @dev Votes and the provider's grant as far as they are missing, then the start.
    function start(
        uint256 which
    ) external {
        (uint32 id, Proposal memory p, bool found) = _find(which, ProposalStatus.Open);
        if (!found || p.raised < p.goal || block.timestamp > p.deadline) return;
        vote(id, alice, 1, true);
        vote(id, bob, 2, true);
        grant(id);
        proposals.start(id);
        ++calls["start"];
    }

    function take(
        uint256 which,
        uint96 price
    ) external {
        (uint32 id, Proposal memory p, bool found) = _find(which, ProposalStatus.Training);
        ITrainingJobs.Job memory j = jobs.job(p.jobId);
        if (!found || j.status != ITrainingJobs.JobStatus.Open || block.timestamp > j.openUntil) return;
        vm.prank(operator);
        jobs.quote(p.jobId, uint96(bound(price, 0, j.escrow)), 600, 2);
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
        ++calls["take"];
    }

    /// @dev A step on: a checkpoint, the release, its items, its score.
    function train(
        uint256 which,
        uint16 score
    ) external {
        (uint32 id, Proposal memory p, bool found) = _find(which, ProposalStatus.Training);
        ITrainingJobs.Job memory j = jobs.job(p.jobId);
        if (!found || j.status != ITrainingJobs.JobStatus.Accepted || block.timestamp > j.deliverBy) return;
        Release memory r = release();
        r.trainingLogRoot = bytes32(uint256(id));
        vm.startPrank(operator);
        jobs.commitCheckpoint(p.jobId, 1, "one");
        jobs.attest(p.jobId, r, "bafkreievaluation", "bafkreimanifest");
        vm.stopPrank();
        ++calls["train"];
        if (score % 5 == 0) return; // the proposer keeps silent
        reveal(id);
        if (score % 5 == 1) return; // the operator does
        report(id, score % 5 == 2 ? MARK - 1 : MARK);
        ++calls["report"];
    }

    function pass(
        uint256 which
    ) external {
        (uint32 id, Proposal memory p, bool found) = _find(which, ProposalStatus.Reported);
        if (!found) return;
        uint256 from = uint256(p.since) + s.disputePeriod + 1;
        if (block.timestamp < from) vm.warp(from);
        proposals.pass(id);
        ++calls["pass"];
    }

    function end(
        uint256 which
    ) external {
        ProposalStatus[3] memory may = [ProposalStatus.Open, ProposalStatus.Training, ProposalStatus.Revealed];
        (uint32 id,, bool found) = _find(which, may[which % 3]);
        if (!found) return;
        try proposals.end(id) {
            ++calls["end"];
        } catch {}
    }

    function waitLong(
        uint256 time
    ) external {
        if (time % 4 == 0) vm.warp(block.timestamp + 3 days);
    }

    function collect(
        uint256 which,
        uint256 who,
        bool passed
    ) external {
        (uint32 id,, bool found) = _find(which, passed ? ProposalStatus.Passed : ProposalStatus.Ended);
        address backer = people[who % people.length];
        if (!found || proposals.backingOf(id, backer) == 0) return;
        proposals.collect(id, backer);
        ++calls["collect"];
    }

    function earn(
        uint256 which,
        uint96 amount
    ) external {
        (uint32 id,, bool found) = _find(which, ProposalStatus.Passed);
        if (!found) return;
        amount = uint96(bound(amount, 0, 2_000e18));
        vm.prank(mallory);
        token.transfer(address(sharesOf(id)), amount);
        earned += amount;
        ++calls["earn"];
    }

    function claim(
        uint256 which,
        uint256 who
    ) external {
        (uint32 id,, bool found) = _find(which, ProposalStatus.Passed);
        if (!found) return;
        paid += sharesOf(id).claim(people[who % people.length]);
        if (who % 3 == 0) paid += sharesOf(id).payOwner();
        ++calls["claim"];
    }

    function sell(
        uint256 which,
        uint256 who,
        uint256 units
    ) external {
        (uint32 id,, bool found) = _find(which, ProposalStatus.Passed);
        if (!found) return;
        BackerShares shares = sharesOf(id);
        address from = people[who % people.length];
        units = bound(units, 0, shares.balanceOf(from));
        vm.prank(from);
        shares.transfer(people[(who % people.length + 1) % people.length], units);
        ++calls["sell"];
    }

    /// @return wei that the proposals' contract must hold
    function owed() external view returns (uint256) {
        uint256 sum;
        for (uint32 id = 1; id <= proposals.proposalCount(); ++id) {
            Proposal memory p = proposals.proposal(id);
            sum += p.bond;
            if (p.status == ProposalStatus.Passed || p.status == ProposalStatus.Ended) sum += p.due;
            else if (p.status != ProposalStatus.Training || !_isAtJobs(p.jobId)) sum += p.raised;
        }
        return sum;
    }

    /// @return sum of what every backer of the proposal brought and has not fetched
    function backings(
        uint32 id
    ) external view returns (uint256 sum) {
        for (uint256 i; i < people.length; ++i) {
            sum += proposals.backingOf(id, people[i]);
        }
    }

    function _isAtJobs(
        uint32 jobId
    ) private view returns (bool) {
        ITrainingJobs.JobStatus status = jobs.job(jobId).status;
        return status == ITrainingJobs.JobStatus.Open || status == ITrainingJobs.JobStatus.Accepted;
    }

    /// @dev The first proposal in that state from `which` on, around.
    function _find(
        uint256 which,
        ProposalStatus status
    ) private view returns (uint32 id, Proposal memory p, bool found) {
        uint32 count = proposals.proposalCount();
        for (uint256 i; i < count && !found; ++i) {
            id = uint32((which % count + i) % count) + 1;
            p = proposals.proposal(id);
            found = p.status == status;
        }
    }

    // What the invariants read.

    function held() external view returns (uint256) {
        return token.balanceOf(address(proposals));
    }

    function count() external view returns (uint32) {
        return proposals.proposalCount();
    }

    function proposalOf(
        uint32 id
    ) external view returns (Proposal memory) {
        return proposals.proposal(id);
    }

    /// @dev Ends or passes everything as time allows it, and fetches every backer's part.
    function settleAll() external {
        vm.warp(block.timestamp + 90 days);
        for (uint32 id = 1; id <= proposals.proposalCount(); ++id) {
            ProposalStatus status = statusOf(id);
            if (status == ProposalStatus.Reported) proposals.pass(id);
            else if (status != ProposalStatus.Passed && status != ProposalStatus.Ended) proposals.end(id);
            for (uint256 i; i < people.length; ++i) {
                if (proposals.backingOf(id, people[i]) > 0) proposals.collect(id, people[i]);
            }
        }
    }

    /// @return sum wei in all backers' accounts
    /// @return claimable wei of it that somebody may claim
    function shares() external view returns (uint256 sum, uint256 claimable) {
        for (uint32 id = 1; id <= proposals.proposalCount(); ++id) {
            if (statusOf(id) != ProposalStatus.Passed) continue;
            sum += token.balanceOf(address(sharesOf(id)));
            for (uint256 i; i < people.length; ++i) {
                claimable += sharesOf(id).claimable(people[i]);
            }
        }
    }
}
