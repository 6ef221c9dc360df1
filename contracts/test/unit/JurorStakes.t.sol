// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {StakeTree} from "../../src/libraries/StakeTree.sol";
import {IModelProposals} from "../../src/models/IModelProposals.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {JurySettings, Vote} from "../../src/types/Jury.sol";
import {JuryBase} from "../settlement/JuryBase.sol";

contract JurorStakesTest is JuryBase {
    using StakeTree for StakeTree.Tree;

    uint64 private constant TWO_ROUNDS = 2 * (DRAW + COMMIT + REVEAL);
    StakeTree.Tree private tree;

    function test_stake() public {
        address fresh = makeAddr("fresh");
        _give(fresh, address(jury), 1_000e18);
        vm.startPrank(fresh);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_BelowMinimum.selector, JUROR_STAKE - 1, JUROR_STAKE));
        jury.stake(JUROR_STAKE - 1);
        vm.expectRevert(IJuryEvents.Jury_ZeroAmount.selector);
        jury.stake(0);
        vm.expectEmit(address(jury));
        emit IJuryEvents.JurorStaked(fresh, fresh, JUROR_STAKE, JUROR_STAKE);
        jury.stake(JUROR_STAKE);
        jury.stake(1);
        assertEq(jury.juror(fresh).stake, JUROR_STAKE + 1);
        assertEq(jury.activeJurors(), JURORS + 1);
    }

    function testFuzz_unstake_thenWithdraw(
        uint96 amount
    ) public {
        amount = uint96(bound(amount, 1, 200e18));
        uint256 before = token.balanceOf(jurors[0]);
        vm.startPrank(jurors[0]);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingToWithdraw.selector, jurors[0]));
        jury.withdrawStake(jurors[0]);
        jury.unstake(amount);
        uint64 leavesAt = uint64(block.timestamp) + TWO_ROUNDS;
        assertEq(jury.juror(jurors[0]).leavesAt, leavesAt);
        assertEq(jury.activeJurors(), 200e18 - amount < JUROR_STAKE ? JURORS - 1 : JURORS);
        vm.warp(leavesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_StillLeaving.selector, leavesAt));
        jury.withdrawStake(jurors[0]);
        vm.warp(leavesAt);
        vm.stopPrank();
        jury.withdrawStake(jurors[0]);
        assertEq(token.balanceOf(jurors[0]) - before, amount);
        _assertSolvent();
    }

    function test_unstake_failsBeyondWhatDutiesLeave() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        vm.startPrank(drawn[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IJuryEvents.Jury_BeyondFreeStake.selector, 200e18 - PENALTY + 1, 200e18 - PENALTY)
        );
        jury.unstake(200e18 - PENALTY + 1);
        vm.expectRevert(IJuryEvents.Jury_ZeroAmount.selector);
        jury.unstake(0);
        jury.unstake(200e18 - PENALTY);
        vm.stopPrank();
        _unanimous(caseId, Vote.Innocent); // and the duty can still be done
        jury.decide(caseId);
        assertEq(jury.juror(drawn[0]).locked, 0);
    }

    function test_settings_areWhatItWasMadeWith() public {
        assertEq(abi.encode(jury.settings()), abi.encode(_settings()));
        JurySettings memory s = _settings();
        s.seats = 4;
        _refusedSettings(s);
        s = _settings();
        s.noShowPenalty = s.minimumStake + 1;
        _refusedSettings(s);
        s = _settings();
        s.bond = 0;
        _refusedSettings(s);
    }

    function _refusedSettings(
        JurySettings memory s
    ) private {
        (IERC20 open, ITrainingJobs jobs) = (jury.token(), jury.jobs());
        IModelProposals proposals = jury.proposals();
        vm.expectRevert(IJuryEvents.Jury_InvalidSettings.selector);
        new Jury(open, registry, settlement, jobs, datanets, proposals, LONGEST_PAUSE, s);
    }

    /// @dev The tree against a plain list, at the end and as it was half-way.
    function testFuzz_tree_isAListOfSpans(
        uint96[12] memory first,
        uint96[12] memory second,
        uint256 position
    ) public {
        for (uint32 i = 0; i < 12; ++i) {
            assertEq(tree.add(), i);
            tree.set(i, first[i]);
        }
        uint48 then = uint48(block.timestamp);
        _pass(10);
        for (uint32 i = 0; i < 12; ++i) {
            tree.set(i, second[i]);
        }
        uint32 late = tree.add(); // a level higher or not, the past stays
        tree.set(late, type(uint96).max);
        _requireSpans(first, then, position);
        _requireSpans(first, then + 9, position);
        assertEq(tree.total(then - 1), 0);
        uint256 sum;
        for (uint256 i = 0; i < 12; ++i) {
            sum += second[i];
        }
        assertEq(tree.total(uint48(block.timestamp)), sum + type(uint96).max);
        (uint32 slot, uint256 start,) = tree.find(sum, uint48(block.timestamp));
        assertEq(slot, late);
        assertEq(start, sum);
    }

    function _requireSpans(
        uint96[12] memory weights,
        uint48 when,
        uint256 position
    ) private view {
        uint256 sum;
        for (uint256 i = 0; i < 12; ++i) {
            sum += weights[i];
        }
        assertEq(tree.total(when), sum);
        if (sum == 0) return;
        position = position % sum;
        (uint32 slot, uint256 start, uint256 weight) = tree.find(position, when);
        uint256 expected;
        for (uint256 i = 0; i < slot; ++i) {
            expected += weights[i];
        }
        assertEq(start, expected);
        assertEq(weight, weights[slot]);
        assertTrue(start <= position && position < start + weight);
    }
}
