// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {EvaluationRounds} from "../../src/governance/EvaluationRounds.sol";
import {IEvaluationRounds} from "../../src/governance/IEvaluationRounds.sol";
import {Ballots} from "../../src/libraries/Ballots.sol";
import {Standings} from "../../src/libraries/Standings.sol";
import {Round, RoundOpening, RoundStatus} from "../../src/types/Rounds.sol";
import {UpgradeChecks} from "../unit/UpgradeChecks.sol";
import {RoundsBase} from "./RoundsBase.sol";

/// @notice How a round ends: scored, without a quorum, not blind, withheld or struck, and whose the bond is then.
contract RoundScoresTest is RoundsBase, UpgradeChecks {
    function test_score_isTheShareOfPower() public {
        uint32 id = openRound();
        commit(id, alice, forA());
        commit(id, bob, ties());
        toReveal(id);
        reveal(id, alice, forA());
        reveal(id, bob, ties());
        toScore(id);
        uint64 all = rounds.round(id).power;
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.StandingChanged(modelA, id, 800, 1);
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.StandingChanged(modelB, id, -800, 1);
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.RoundScored(id, RoundStatus.Scored, SALT, 7_500, 2, all, 800, anyone);
        vm.prank(anyone); // whoever knows the salt
        rounds.score(id, SALT);
        Round memory r = rounds.round(id);
        assertEq(uint8(r.status), uint8(RoundStatus.Scored));
        assertEq(r.scoreA, 7_500); // one for A, one undecided, with equal power
        assertEq(r.gained, 800); // a quarter more than the half that was expected, of 32 points
        assertEq(rounds.standingOf(modelA).points, 800);
        assertEq(rounds.standingOf(modelB).points, -800);
        assertEq(rounds.standingOf(modelB).rounds, 1);
        refuses(IEvaluationRounds.EvaluationRounds_NotOpen.selector);
        rounds.score(id, SALT);
    }

    function test_score_followsTheAssignmentAndNotTheSide() public {
        uint32 id = openRound();
        play(id, ballotFor("another", QUESTIONS, 1), ballotFor("another", QUESTIONS, 1));
        uint256 same;
        for (uint256 i; i < QUESTIONS; ++i) {
            if (Ballots.isLeftA("another", i) == Ballots.isLeftA(SALT, i)) ++same;
        }
        assertEq(rounds.round(id).scoreA, same * 10_000 / QUESTIONS);
    }

    function test_score_keepsToItsTimeAndTakesTheSaltAlone() public {
        uint32 id = openRound();
        (, uint64 revealEnd, uint64 assignmentEnd) = rounds.periodsOf(id);
        vm.warp(revealEnd);
        tooEarly(revealEnd + 1);
        rounds.score(id, SALT);
        toScore(id);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEvaluationRounds.EvaluationRounds_WrongSalt.selector,
                rounds.assignmentHashOf("guess"),
                rounds.assignmentHashOf(SALT)
            )
        );
        rounds.score(id, "guess");
        vm.warp(assignmentEnd + 1);
        tooLate(assignmentEnd);
        rounds.score(id, SALT);
    }

    function test_score_withoutAQuorumMovesNobodyAndReturnsTheBond() public {
        vm.startPrank(alice);
        token.transfer(anyone, token.balanceOf(alice) - 1e18);
        vm.stopPrank();
        tick();
        uint32 id = openRound();
        commit(id, alice, forA());
        toReveal(id);
        reveal(id, alice, forA());
        toScore(id);
        rounds.score(id, SALT);
        Round memory r = rounds.round(id);
        assertEq(uint8(r.status), uint8(RoundStatus.NoQuorum));
        assertGt(r.power, 0);
        assertEq(r.scoreA, 0);
        assertEq(rounds.standingOf(modelA).rounds, 0);
        vm.warp(r.closedAt + s.contestPeriod + 1);
        rounds.returnBond(id);
        assertEq(token.balanceOf(address(rounds)), 0);
    }

    function test_score_ofOneModelAgainstItselfMovesNothing() public {
        RoundOpening memory o = opening();
        o.releaseB = addTo(modelA, developer, "next");
        vm.prank(mallory);
        uint32 id = rounds.open(o);
        play(id, forA(), forA());
        assertEq(rounds.round(id).scoreA, 10_000);
        assertEq(rounds.round(id).gained, 0);
        assertEq(rounds.standingOf(modelA).rounds, 0);
        vm.prank(at("ModelsTimelock"));
        rounds.strike(id, "the answers are another's");
        assertEq(rounds.standingOf(modelA).points, 0);
    }

    function test_returnBond_waitsUntilARoundCannotBeStruck() public {
        uint256 had = token.balanceOf(mallory);
        uint32 id = openRound();
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_NothingToReturn.selector, id));
        rounds.returnBond(id);
        play(id, forB(), forB());
        uint64 end = rounds.round(id).closedAt + s.contestPeriod;
        vm.warp(end);
        tooEarly(end + 1);
        rounds.returnBond(id);
        tick();
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.BondReturned(id, mallory, s.bond);
        vm.prank(anyone);
        rounds.returnBond(id);
        assertEq(token.balanceOf(mallory), had);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_NothingToReturn.selector, id));
        rounds.returnBond(id);
    }

    function test_returnBond_hasNothingForADecidedRound() public {
        uint32 id = decide();
        play(id, forA(), forB());
        vm.warp(block.timestamp + s.contestPeriod + 1);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_NothingToReturn.selector, id));
        rounds.returnBond(id);
    }

    /// @dev The opener of a losing release cannot keep its loss off the chain for nothing.
    function test_expire_forfeitsTheBondOfWhoWithholdsTheAssignment() public {
        uint256 pot = token.balanceOf(at("Treasury"));
        uint32 id = openRound();
        commit(id, alice, forB());
        toReveal(id);
        reveal(id, alice, forB());
        (,, uint64 assignmentEnd) = rounds.periodsOf(id);
        vm.warp(assignmentEnd);
        tooEarly(assignmentEnd + 1);
        rounds.expire(id);
        tick();
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.RoundVoided(id, RoundStatus.Withheld, s.bond, anyone);
        vm.prank(anyone);
        rounds.expire(id);
        assertEq(token.balanceOf(at("Treasury")), pot + s.bond);
        assertEq(rounds.round(id).bond, 0);
        refuses(IEvaluationRounds.EvaluationRounds_NotOpen.selector);
        rounds.score(id, SALT);
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_NothingToReturn.selector, id));
        rounds.returnBond(id);
    }

    function test_reportLeak_endsARoundThatIsNotBlind() public {
        uint256 pot = token.balanceOf(at("Treasury"));
        uint32 id = openRound();
        refuses(IEvaluationRounds.EvaluationRounds_WrongSalt.selector);
        rounds.reportLeak(id, "guess");
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.RoundVoided(id, RoundStatus.Leaked, s.bond, anyone);
        vm.prank(anyone);
        rounds.reportLeak(id, SALT);
        assertEq(token.balanceOf(at("Treasury")), pot + s.bond);
        vm.prank(alice);
        refuses(IEvaluationRounds.EvaluationRounds_NotOpen.selector);
        rounds.commit(id, "x");
    }

    /// @dev Once all ballots are fixed, knowing the assignment changes none; ending the round then would undo a loss.
    function test_reportLeak_isOverWhenBallotsAreFixed() public {
        uint32 id = openRound();
        (uint64 commitEnd,,) = rounds.periodsOf(id);
        toReveal(id);
        tooLate(commitEnd);
        rounds.reportLeak(id, SALT);
    }

    function test_strike_takesARoundOutOfTheStandings() public {
        uint256 pot = token.balanceOf(at("Treasury"));
        uint32 first = openRound();
        play(first, forA(), forA());
        uint32 second = openRound();
        play(second, forA(), forA());
        int256 gained = rounds.round(second).gained;
        assertLt(gained, rounds.round(first).gained); // it was expected to win now
        vm.expectEmit(address(rounds));
        emit IEvaluationRounds.RoundStruck(first, s.bond, at("ModelsTimelock"), "the answers are another's");
        vm.prank(at("ModelsTimelock"));
        rounds.strike(first, "the answers are another's");
        assertEq(rounds.standingOf(modelA).points, gained);
        assertEq(rounds.standingOf(modelB).points, -gained);
        assertEq(rounds.standingOf(modelA).rounds, 1);
        assertEq(token.balanceOf(at("Treasury")), pot + s.bond);
        vm.prank(at("ModelsTimelock"));
        refuses(IEvaluationRounds.EvaluationRounds_NotOpen.selector);
        rounds.strike(first, "again");
    }

    function test_strike_endsAnOpenRoundAndTakesNoBondThatWasReturned() public {
        uint32 open = openRound();
        vm.prank(at("ModelsTimelock"));
        rounds.strike(open, "no such answers");
        assertEq(uint8(rounds.round(open).status), uint8(RoundStatus.Struck));
        uint32 id = openRound();
        play(id, forA(), forA());
        vm.warp(block.timestamp + s.contestPeriod + 1);
        rounds.returnBond(id);
        uint256 pot = token.balanceOf(at("Treasury"));
        vm.prank(at("ModelsTimelock"));
        rounds.strike(id, "found out late");
        assertEq(token.balanceOf(at("Treasury")), pot);
        assertEq(rounds.standingOf(modelA).points, 0);
    }

    function test_strike_isForDecisionsAlone() public {
        uint32 id = openRound();
        address[4] memory others = [guardian, mallory, at("AgentsTimelock"), at("TreasuryTimelock")];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            rounds.strike(id, "");
        }
    }

    /// @dev Any ballots: A's score is what a loop over judges and questions says, to one basis point.
    function testFuzz_score_isWhatALoopSays(
        uint256 ofAlice,
        uint256 ofBob,
        uint96 given
    ) public {
        vm.prank(alice);
        token.transfer(bob, bound(given, 0, 900_000e18));
        tick();
        (ofAlice, ofBob) = (_complete(ofAlice), _complete(ofBob));
        uint32 id = openRound();
        play(id, ofAlice, ofBob);
        Round memory r = rounds.round(id);
        uint256 points = _pointsOfA(ofAlice, r.openedAt - 1, alice) + _pointsOfA(ofBob, r.openedAt - 1, bob);
        assertEq(r.scoreA, points * 10_000 / (2 * uint256(r.power) * QUESTIONS));
        assertEq(rounds.standingOf(modelA).points, r.gained);
        assertEq(rounds.standingOf(modelA).points + rounds.standingOf(modelB).points, 0);
    }

    /// @dev Nobody gains by losing, a step is never above 32 points, and what was expected moves nobody.
    function testFuzz_gain_isBoundedAndRises(
        int256 ahead,
        uint16 score
    ) public pure {
        ahead = bound(ahead, -1e12, 1e12);
        score = uint16(bound(score, 0, 9_999));
        int256 gained = Standings.gain(ahead, score);
        assertLe(gained, Standings.STEP);
        assertGe(gained, -Standings.STEP);
        assertGe(Standings.gain(ahead, score + 1), gained);
        assertGe(gained, Standings.gain(ahead + 1, score));
        assertEq(Standings.gain(ahead, uint256(Standings.expected(ahead))), 0);
        if (ahead >= Standings.SPAN) assertLe(gained, 0); // so far ahead there is nothing to win
    }

    function test_upgradeEvaluationRounds_keepsItsState() public {
        vm.record();
        uint32 id = openRound();
        play(id, forA(), ties());
        uint32 open = openRound();
        commit(open, alice, forA());
        watch(abi.encodeCall(rounds.round, (id)));
        watch(abi.encodeCall(rounds.round, (open)));
        watch(abi.encodeCall(rounds.leadsOf, (id)));
        watch(abi.encodeCall(rounds.periodsOf, (open)));
        watch(abi.encodeCall(rounds.commitmentBy, (open, alice)));
        watch(abi.encodeCall(rounds.standingOf, (modelA)));
        watch(abi.encodeCall(rounds.roundCount, ()));
        watch(abi.encodeCall(rounds.settings, ()));
        EvaluationRounds next =
            new EvaluationRounds(rounds.token(), rounds.power(), rounds.models(), rounds.treasury(), s);
        address[] memory others = new address[](3);
        (others[0], others[1], others[2]) = (guardian, mallory, at("ModelsTimelock"));
        upgradeKeepsState(address(rounds), address(next), at("UpgradesTimelock"), others);
        toReveal(open);
        reveal(open, alice, forA()); // it goes on where it was
        toScore(open);
        rounds.score(open, SALT);
        assertEq(rounds.standingOf(modelA).rounds, 2);
    }

    /// @dev Twice the power for each question won, once for a tie.
    function _pointsOfA(
        uint256 ballot,
        uint64 timepoint,
        address judge
    ) private view returns (uint256 points) {
        for (uint256 i; i < QUESTIONS; ++i) {
            uint256 choice = (ballot >> (2 * i)) & 3;
            if (choice == 3) points += 1;
            else if ((choice == 1) == Ballots.isLeftA(SALT, i)) points += 2;
        }
        points *= power.getPastVotes(judge, timepoint);
    }

    function _complete(
        uint256 seed
    ) private pure returns (uint256 ballot) {
        for (uint256 i; i < QUESTIONS; ++i) {
            ballot |= (seed % 3 + 1) << (2 * i);
            seed /= 3;
        }
    }
}
