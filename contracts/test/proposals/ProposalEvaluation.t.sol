// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModelProposalEvents} from "../../src/models/IModelProposalEvents.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {Question, Vote} from "../../src/types/Jury.sol";
import {Certificate, EndReason, Proposal, ProposalStatus} from "../../src/types/Proposals.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

contract ProposalEvaluationTest is ProposalsBase {
    Jury private jury;

    function setUp() public override {
        super.setUp();
        jury = Jury(at("Jury"));
        address[4] memory jurors = [provider, reviewer, alice, bob];
        for (uint256 i; i < jurors.length; ++i) {
            token.mint(jurors[i], 1_000e18);
            vm.startPrank(jurors[i]);
            token.approve(address(jury), type(uint256).max);
            jury.stake(200e18);
            vm.stopPrank();
        }
        vm.prank(mallory);
        token.approve(address(jury), type(uint256).max);
        tick();
    }

    function test_pass_paysTheOperatorMintsTheModelAndReturnsWhatIsLeft() public {
        uint256 operators_ = token.balanceOf(operator);
        uint256 proposers = token.balanceOf(proposer);
        uint32 id = reported();
        Proposal memory p = proposals.proposal(id);
        bytes32 releaseHash = proposals.releaseOf(id);
        vm.warp(block.timestamp + s.disputePeriod + 1);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalPassed(
            id, p.modelId, releaseHash, proposer, operator, PRICE, GOAL - PRICE, s.bond, 2 * PRICE, anyone
        );
        vm.prank(anyone);
        proposals.pass(id);
        assertEq(token.balanceOf(operator), operators_ + PRICE);
        assertEq(token.balanceOf(proposer), proposers - 20e18); // the bond is back
        assertEq(models.ownerOf(p.modelId), proposer);
        assertEq(proposals.collect(id, carol), 20e18);
        assertEq(proposals.collect(id, dave), 12e18);
        assertEq(proposals.collect(id, proposer), 8e18);
        assertEq(sharesOf(id).balanceOf(carol), 50e18);
        assertEq(sharesOf(id).totalSupply(), GOAL);
        assertEq(token.balanceOf(address(proposals)), 0);
        Certificate memory c = proposals.certificateOf(p.modelId);
        assertEq(c.proposalId, id);
        assertEq(c.proposer, proposer);
        assertEq(c.operator, operator);
        assertEq(c.releaseHash, releaseHash);
        assertEq(c.spent, PRICE);
        assertEq(c.scoreBps, MARK);
        assertEq(c.passedAt, block.timestamp);
        assertEq(c.datanetsHash, release().datanetsHash);
    }

    function test_revealItems_failsForOtherItemsPeopleAndTimes() public {
        uint32 id = accepted(PRICE);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotAttested.selector, id));
        reveal(id);
        attest(id);
        uint64 last = uint64(block.timestamp) + s.revealPeriod;
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotProposer.selector, id, mallory));
        vm.prank(mallory);
        proposals.revealItems(id, SALT, ITEMS, "cid");
        bytes memory wrong = abi.encodeWithSelector(IModelProposalEvents.ModelProposals_WrongItems.selector, id);
        vm.startPrank(proposer);
        vm.expectRevert(wrong);
        proposals.revealItems(id, "other", ITEMS, "cid");
        vm.expectRevert(wrong);
        proposals.revealItems(id, SALT, "easier", "cid");
        vm.stopPrank();
        vm.warp(last + 1);
        expectTooLate(id, last);
        reveal(id);
    }

    function test_report_isTheOperatorsInTimeAndOnce() public {
        uint32 id = attested();
        expectInvalidStatus(id, ProposalStatus.Training);
        report(id, MARK);
        reveal(id);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_NotOperator.selector, id, mallory));
        vm.prank(mallory);
        proposals.report(id, MARK, "", "");
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_InvalidScore.selector, 10_001));
        report(id, 10_001);
        report(id, MARK);
        assertEq(proposals.reportedAt(proposals.releaseOf(id)), block.timestamp);
        expectInvalidStatus(id, ProposalStatus.Reported);
        report(id, MARK);
    }

    function test_report_failsTooLateAndThenEverythingGoesBack() public {
        uint32 id = attested();
        reveal(id);
        uint64 last = uint64(block.timestamp) + s.reportPeriod;
        vm.warp(last);
        expectTooEarly(id, last);
        proposals.end(id);
        tick();
        expectTooLate(id, last);
        report(id, MARK);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.NotReported, proposer, s.bond, GOAL, address(this));
        proposals.end(id);
        _collectAll(id);
    }

    function test_report_belowTheMarkEndsIt() public {
        uint32 id = attested();
        reveal(id);
        report(id, MARK - 1);
        assertStatus(id, ProposalStatus.Ended);
        expectInvalidStatus(id, ProposalStatus.Ended);
        proposals.pass(id);
        _collectAll(id);
        assertEq(models.ownerOf(proposals.proposal(id).modelId), address(proposals));
    }

    function test_pass_waitsForObjections() public {
        uint32 id = reported();
        uint64 until = uint64(block.timestamp) + s.disputePeriod;
        vm.warp(until);
        expectTooEarly(id, until);
        proposals.pass(id);
        expectInvalidStatus(id, ProposalStatus.Reported);
        proposals.end(id);
    }

    function test_fileRelease_aboutAnEvaluationNeedsAReport() public {
        uint32 id = attested();
        bytes32 hash = proposals.releaseOf(id);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotAttested.selector, hash));
        vm.prank(mallory);
        jury.fileRelease(Question.Evaluation, release(), 3, type(uint96).max, "bafkreiwhy");
        vm.warp(block.timestamp + s.revealPeriod); // longer than cases about the training may be filed
        reveal(id);
        report(id, MARK);
        _file();
    }

    function test_resolve_aGuiltyVerdictEndsIt() public {
        uint32 id = reported();
        uint32 caseId = _file();
        vm.warp(block.timestamp + s.disputePeriod + 1);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_CaseOpen.selector, id));
        proposals.pass(id); // waits although nobody has made the case hold it yet
        proposals.hold(id, caseId);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_CaseOpen.selector, id));
        proposals.resolve(caseId);
        _judge(caseId, Vote.Guilty);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_CaseOpen.selector, id));
        proposals.pass(id);
        vm.expectEmit(address(proposals));
        emit IModelProposalEvents.ProposalEnded(id, EndReason.Convicted, proposer, s.bond, GOAL, anyone);
        vm.prank(anyone);
        proposals.resolve(caseId);
        _collectAll(id);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_WrongCase.selector, id, caseId));
        proposals.resolve(caseId);
    }

    function test_resolve_anInnocentVerdictLetsItPass() public {
        uint32 id = reported();
        uint32 caseId = _file();
        proposals.hold(id, caseId);
        vm.warp(block.timestamp + s.disputePeriod + 1);
        _judge(caseId, Vote.Innocent);
        proposals.resolve(caseId);
        proposals.pass(id);
        assertStatus(id, ProposalStatus.Passed);
    }

    function test_hold_failsForCasesThatAreNotAboutIt() public {
        uint32 id = started();
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_WrongCase.selector, id, 0));
        proposals.hold(id, 0);
        uint32 jobId = proposals.proposal(id).jobId;
        vm.prank(operator);
        jobs.quote(jobId, PRICE, 600, 2);
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
        attest(id);
        reveal(id);
        report(id, MARK);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_WrongCase.selector, id, 9));
        proposals.hold(id, 9);
        uint32 caseId = _file();
        proposals.hold(id, caseId);
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_WrongCase.selector, id, caseId));
        proposals.hold(id, caseId);
        uint32 other = propose();
        expectInvalidStatus(other, ProposalStatus.Open);
        proposals.hold(other, caseId);
    }

    /// @dev Backers get what was not spent in proportion, and not a wei stays.
    function testFuzz_pass_returnsEveryWei(
        uint96 price,
        uint96[3] memory amounts,
        uint8 order
    ) public {
        price = uint96(bound(price, 0, GOAL));
        uint32 id = propose();
        back(id, carol, uint96(bound(amounts[0], 1, GOAL / 2)));
        back(id, dave, uint96(bound(amounts[1], 1, GOAL / 2)));
        _backIfAny(id, proposer, uint96(bound(amounts[2], 0, proposals.roomFor(id, proposer))));
        _backIfAny(id, alice, proposals.roomFor(id, alice));
        _backIfAny(id, bob, GOAL - proposals.proposal(id).raised);
        vote(id, alice, 1, true);
        vote(id, bob, 2, true);
        grant(id);
        proposals.start(id);
        uint32 jobId = proposals.proposal(id).jobId;
        vm.prank(operator);
        jobs.quote(jobId, price, 600, 0);
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
        attest(id);
        reveal(id);
        report(id, 10_000);
        vm.warp(block.timestamp + s.disputePeriod + 1);
        proposals.pass(id);
        address[5] memory who = [carol, dave, proposer, alice, bob];
        uint256 paid;
        for (uint256 i; i < 5; ++i) {
            address backer = who[(i + order) % 5];
            uint256 backing = proposals.backingOf(id, backer);
            if (backing == 0) continue;
            uint256 got = proposals.collect(id, backer);
            uint256 fair = uint256(GOAL - price) * backing / GOAL;
            assertGe(got, fair);
            assertLe(got, fair + 5);
            paid += got;
        }
        assertEq(paid, GOAL - price);
        assertEq(token.balanceOf(address(proposals)), 0);
        assertEq(sharesOf(id).totalSupply(), GOAL);
    }

    function _backIfAny(
        uint32 id,
        address who,
        uint96 amount
    ) private {
        if (amount > 0) back(id, who, amount);
    }

    function _file() private returns (uint32 caseId) {
        vm.prank(mallory);
        caseId = jury.fileRelease(Question.Evaluation, release(), 3, type(uint96).max, "bafkreiwhy");
    }

    function _judge(
        uint32 caseId,
        Vote verdict
    ) private {
        // The hash of the seed block, in the time that drawing has.
        vm.warp(uint256(jury.caseOf(caseId).filedAt) + 1);
        vm.roll(block.number + jury.SEED_DELAY() + 1);
        jury.draw(caseId);
        address[] memory drawn = jury.jurorsOf(caseId, 1);
        for (uint256 i; i < drawn.length; ++i) {
            bytes32 commitment = jury.commitmentOf(caseId, 1, drawn[i], verdict, "salt");
            vm.prank(drawn[i]);
            jury.commitVote(caseId, commitment);
        }
        vm.warp(block.timestamp + jury.settings().commitPeriod + 1);
        for (uint256 i; i < drawn.length; ++i) {
            vm.prank(drawn[i]);
            jury.revealVote(caseId, verdict, "salt");
        }
        jury.decide(caseId);
        vm.warp(block.timestamp + s.disputePeriod + 1);
    }

    function _collectAll(
        uint32 id
    ) private {
        address[3] memory who = [proposer, carol, dave];
        uint96[3] memory backings = [uint96(20e18), 50e18, 30e18];
        for (uint256 i; i < 3; ++i) {
            uint256 had = token.balanceOf(who[i]);
            assertEq(proposals.collect(id, who[i]), backings[i]);
            assertEq(token.balanceOf(who[i]), had + backings[i]);
        }
        assertEq(token.balanceOf(address(proposals)), 0);
    }
}
