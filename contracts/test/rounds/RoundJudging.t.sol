// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IEvaluationRounds} from "../../src/governance/IEvaluationRounds.sol";
import {Ballots} from "../../src/libraries/Ballots.sol";
import {Round, RoundOpening, RoundStatus} from "../../src/types/Rounds.sol";
import {RoundsBase} from "./RoundsBase.sol";

/// @notice Opening a round, committing to a ballot and showing it.
contract RoundJudgingTest is RoundsBase {
    function test_open_takesTheBondAndSaysWhatIsJudged() public {
        uint256 had = token.balanceOf(mallory);
        uint64 now_ = uint64(block.timestamp);
        uint64 commitEnd = now_ + s.commitPeriod;
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.RoundOpened(
            1,
            mallory,
            releaseA,
            releaseB,
            QUESTIONS,
            rounds.assignmentHashOf(SALT),
            "bafkreidocument",
            s.bond,
            commitEnd,
            commitEnd + s.revealPeriod,
            commitEnd + s.revealPeriod + s.assignmentPeriod
        );
        uint32 id = openRound();
        assertEq(token.balanceOf(mallory), had - s.bond);
        assertEq(token.balanceOf(address(rounds)), s.bond);
        Round memory r = rounds.round(id);
        assertEq(r.opener, mallory);
        assertEq(r.openedAt, now_);
        assertEq(uint8(r.status), uint8(RoundStatus.Open));
        assertEq(r.modelA, modelA);
        assertEq(r.modelB, modelB);
        assertEq(r.bond, s.bond);
        assertEq(rounds.roundCount(), 1);
        assertEq(rounds.leadsOf(id).length, QUESTIONS);
    }

    function test_open_failsWithoutTheBond() public {
        vm.startPrank(anyone);
        token.approve(address(rounds), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, anyone, 0, s.bond));
        rounds.open(opening());
        vm.stopPrank();
        assertEq(rounds.roundCount(), 0);
    }

    function test_openDecided_takesNoBondAndIsForDecisionsAlone() public {
        uint32 id = decide();
        assertEq(rounds.round(id).bond, 0);
        assertEq(token.balanceOf(address(rounds)), 0);
        address[4] memory others = [guardian, mallory, at("AgentsTimelock"), at("ModelsGovernor")];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            rounds.openDecided(opening());
        }
    }

    function test_open_refusesWhatCannotBeJudged() public {
        RoundOpening memory o = opening();
        o.releaseB = releaseA;
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_SameRelease.selector);
        o = opening();
        o.releaseB = "unknown";
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_UnknownRelease.selector);
        o = opening();
        o.releaseA = "unknown";
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_UnknownRelease.selector);
        o = opening();
        o.questions = 0;
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_InvalidQuestions.selector);
        o.questions = 101;
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_InvalidQuestions.selector);
        o = opening();
        o.assignmentHash = 0;
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_NoAssignment.selector);
        o = opening();
        o.documentCid = "";
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_InvalidDocument.selector);
        o.documentCid = string(new bytes(101));
        _refusesToOpen(o, IEvaluationRounds.EvaluationRounds_InvalidDocument.selector);
    }

    function test_commit_canBeChangedUntilItsEnd() public {
        uint32 id = openRound();
        commit(id, alice, forB());
        (uint64 commitEnd,,) = rounds.periodsOf(id);
        vm.warp(commitEnd);
        bytes32 commitment = rounds.commitmentOf(id, alice, forA(), "salt");
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.JudgementCommitted(id, alice, commitment);
        commit(id, alice, forA());
        assertEq(rounds.commitmentBy(id, alice), commitment);
        tick();
        vm.prank(bob);
        tooLate(commitEnd);
        rounds.commit(id, commitment);
        vm.prank(alice);
        refuses(IEvaluationRounds.EvaluationRounds_WrongReveal.selector); // what was taken back
        rounds.reveal(id, forB(), "salt");
        reveal(id, alice, forA());
    }

    function test_commit_refusesNothingAndARoundThatIsNotThere() public {
        uint32 id = openRound();
        vm.startPrank(alice);
        vm.expectRevert(IEvaluationRounds.EvaluationRounds_EmptyCommitment.selector);
        rounds.commit(id, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_NotOpen.selector, id + 1, RoundStatus.None)
        );
        rounds.commit(id + 1, "x");
        vm.stopPrank();
    }

    function test_commit_isNotForTheOpenerWhoKnows() public {
        uint32 id = openRound();
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_OwnRound.selector, mallory));
        rounds.commit(id, "x");
    }

    function test_commit_isNotForOwnersOfTheModels() public {
        vm.prank(developer);
        models.transferFrom(developer, alice, modelA);
        vm.prank(rival);
        models.transferFrom(rival, bob, modelB);
        tick();
        uint32 id = openRound();
        vm.prank(alice);
        models.transferFrom(alice, provider, modelA); // given away to judge it
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_OwnModel.selector, modelA, alice));
        rounds.commit(id, "x");
        vm.stopPrank();
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_OwnModel.selector, modelB, bob));
        rounds.commit(id, "x");
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_OwnModel.selector, modelA, provider));
        rounds.commit(id, "x");
    }

    /// @dev Power as it was before anybody could know of the round.
    function test_power_boughtAfterTheOpeningCountsNothing() public {
        uint32 id = openRound();
        uint64 before = uint64(block.timestamp) - 1;
        vm.prank(alice);
        token.transfer(anyone, 900_000e18);
        vm.prank(anyone);
        token.delegate(anyone);
        tick();
        vm.prank(anyone);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_NoPower.selector, anyone, before));
        rounds.commit(id, "x");
        commit(id, alice, forA());
        toReveal(id);
        reveal(id, alice, forA()); // with what alice had, though it lies elsewhere now
        assertEq(rounds.round(id).power, power.getPastVotes(alice, before));
    }

    /// @dev The same OPEN, delegated to one and then to another, judges once.
    function test_power_isNotCountedTwiceByATransfer() public {
        uint32 id = openRound();
        uint64 before = uint64(block.timestamp) - 1;
        vm.startPrank(alice);
        token.transfer(bob, token.balanceOf(alice));
        token.delegate(bob);
        vm.stopPrank();
        tick();
        commit(id, alice, forA());
        commit(id, bob, forA());
        toReveal(id);
        reveal(id, alice, forA());
        reveal(id, bob, forA());
        assertEq(rounds.round(id).power, power.getPastVotes(alice, before) + power.getPastVotes(bob, before));
        assertLe(rounds.round(id).power, 1e18);
    }

    function test_reveal_countsTheBallotOnce() public {
        uint32 id = openRound();
        commit(id, alice, forA());
        toReveal(id);
        uint256 weight = power.getPastVotes(alice, rounds.round(id).openedAt - 1);
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.JudgementRevealed(id, alice, forA(), weight);
        reveal(id, alice, forA());
        assertEq(rounds.round(id).judges, 1);
        int64[] memory leads = rounds.leadsOf(id);
        for (uint256 i; i < QUESTIONS; ++i) {
            assertEq(leads[i], Ballots.isLeftA(SALT, i) ? int256(weight) : -int256(weight));
        }
        bytes32 given = rounds.commitmentOf(id, alice, forA(), "salt");
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_WrongReveal.selector, given, bytes32(0))
        );
        rounds.reveal(id, forA(), "salt");
    }

    function test_reveal_keepsToItsTime() public {
        uint32 id = openRound();
        commit(id, alice, forA());
        (uint64 commitEnd, uint64 revealEnd,) = rounds.periodsOf(id);
        vm.warp(commitEnd);
        vm.startPrank(alice);
        tooEarly(commitEnd + 1);
        rounds.reveal(id, forA(), "salt");
        vm.warp(revealEnd + 1);
        tooLate(revealEnd);
        rounds.reveal(id, forA(), "salt");
        vm.stopPrank();
    }

    /// @dev Who copies a commitment from the chain can never show what is in it.
    function test_reveal_refusesACopiedCommitment() public {
        uint32 id = openRound();
        uint32 other = decide();
        commit(id, alice, forA());
        bytes32 copied = rounds.commitmentBy(id, alice);
        vm.prank(bob);
        rounds.commit(id, copied);
        vm.prank(alice);
        rounds.commit(other, copied); // nor does it hold in another round
        toReveal(id);
        reveal(id, alice, forA());
        bytes32 given = rounds.commitmentOf(id, bob, forA(), "salt");
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_WrongReveal.selector, given, copied));
        rounds.reveal(id, forA(), "salt");
        vm.prank(alice);
        refuses(IEvaluationRounds.EvaluationRounds_WrongReveal.selector);
        rounds.reveal(other, forA(), "salt");
    }

    function test_reveal_refusesABallotThatLeavesAQuestionOut() public {
        uint32 id = openRound();
        uint256[3] memory ballots = [forA() & ~uint256(3 << 4), forA() | (1 << (2 * uint256(QUESTIONS))), 0];
        address[3] memory judges = [alice, bob, provider];
        for (uint256 i; i < 3; ++i) {
            commit(id, judges[i], ballots[i]);
        }
        toReveal(id);
        for (uint256 i; i < 3; ++i) {
            vm.prank(judges[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_InvalidBallot.selector, ballots[i], QUESTIONS)
            );
            rounds.reveal(id, ballots[i], "salt");
        }
    }

    /// @dev Complete as a loop over the questions says it.
    function testFuzz_isComplete_isWhatALoopSays(
        uint256 ballot,
        uint256 questions,
        bool full
    ) public pure {
        questions = bound(questions, 1, Ballots.MAX_QUESTIONS);
        ballot &= (1 << (2 * questions + 1)) - 1; // at most one bit too far
        bool complete = true;
        for (uint256 i; i < questions; ++i) {
            if (full && (ballot >> (2 * i)) & 3 == 0) ballot |= 3 << (2 * i);
            if ((ballot >> (2 * i)) & 3 == 0) complete = false;
        }
        if (ballot >> (2 * questions) != 0) complete = false;
        assertEq(Ballots.isComplete(ballot, questions), complete);
    }

    function testFuzz_commitment_isBoundToAllOfIt(
        uint32 id,
        address judge,
        uint256 ballot,
        bytes32 salt,
        uint8 what
    ) public view {
        bytes32 one = rounds.commitmentOf(id, judge, ballot, salt);
        what = what % 4;
        if (what == 0) id ^= 1;
        if (what == 1) judge = address(uint160(judge) ^ 1);
        if (what == 2) ballot ^= 1;
        if (what == 3) salt ^= bytes32(uint256(1));
        assertNotEq(rounds.commitmentOf(id, judge, ballot, salt), one);
    }

    function _refusesToOpen(
        RoundOpening memory o,
        bytes4 selector
    ) private {
        vm.prank(mallory);
        refuses(selector);
        rounds.open(o);
        vm.prank(at("ModelsTimelock"));
        refuses(selector);
        rounds.openDecided(o);
    }
}
