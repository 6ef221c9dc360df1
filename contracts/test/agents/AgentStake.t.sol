// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Artifacts} from "../../../script/Artifacts.sol";
import {ParameterSets, Parameters} from "../../../script/Parameters.sol";
import {AgentRegistry} from "../../src/agents/AgentRegistry.sol";
import {IAgentRegistry} from "../../src/agents/IAgentRegistry.sol";
import {UpgradeChecks} from "../unit/UpgradeChecks.sol";
import {AgentsBase} from "./AgentsBase.sol";

/// @notice Stake of an agent: how it comes in, waits, goes out, and burns.
contract AgentStakeTest is AgentsBase, UpgradeChecks {
    uint32 private id;

    function setUp() public override {
        super.setUp();
        vm.record();
        id = activeAgent(alice);
    }

    function testFuzz_addStake_isForAnybody(
        uint96 amount
    ) public {
        amount = uint96(bound(amount, 1, 1_000_000e18));
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentStaked(id, bob, amount, minimum + amount);
        stake(id, bob, amount);
        assertEq(agents.agent(id).stake, minimum + amount);
        assertEq(token.balanceOf(address(agents)), minimum + amount);
    }

    function test_amountsOfZero_fail() public {
        vm.startPrank(alice);
        vm.expectRevert(IAgentRegistry.AgentRegistry_ZeroAmount.selector);
        agents.addStake(id, 0);
        vm.expectRevert(IAgentRegistry.AgentRegistry_ZeroAmount.selector);
        agents.unstake(id, 0);
        vm.stopPrank();
        vm.expectRevert(IAgentRegistry.AgentRegistry_ZeroAmount.selector);
        slash(id, 0);
    }

    function testFuzz_unstakeAndWithdraw(
        uint96 more,
        uint96 amount
    ) public {
        more = uint96(bound(more, 1, 500_000e18));
        stake(id, bob, more);
        amount = uint96(bound(amount, 1, minimum + more));
        uint96 left = minimum + more - amount;
        uint64 unbondsAt = uint64(block.timestamp) + agents.cooldown();
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentUnstaked(id, alice, amount, left, amount, unbondsAt);
        if (left < minimum) {
            vm.expectEmit(address(agents));
            emit IAgentRegistry.AgentPaused(id, alice);
        }
        vm.startPrank(alice);
        agents.unstake(id, amount);
        assertEq(stateOf(id) == IAgentRegistry.AgentState.Active, left >= minimum);
        vm.warp(unbondsAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_StillUnbonding.selector, unbondsAt));
        agents.withdraw(id);
        vm.warp(unbondsAt);
        uint256 had = token.balanceOf(alice);
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentWithdrawn(id, alice, amount, left);
        agents.withdraw(id);
        assertEq(token.balanceOf(alice), had + amount);
        assertEq(token.balanceOf(address(agents)), left);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_NothingUnbonding.selector, id));
        agents.withdraw(id);
    }

    function test_unstake_beginsTheCooldownAnewForAllOfIt() public {
        stake(id, alice, 50e18);
        vm.startPrank(alice);
        agents.unstake(id, 20e18);
        vm.warp(block.timestamp + 100);
        agents.unstake(id, 30e18);
        IAgentRegistry.Agent memory agent = agents.agent(id);
        assertEq(agent.unbonding, 50e18);
        assertEq(agent.stake, minimum);
        assertEq(agent.unbondsAt, block.timestamp + agents.cooldown());
    }

    function test_unstake_failsBeyondTheStake() public {
        vm.startPrank(alice);
        agents.unstake(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_BeyondStake.selector, minimum, minimum - 1));
        agents.unstake(id, minimum); // what unbonds already is not staked
    }

    function testFuzz_slash_takesStakeFirstAndWhatUnbondsNext(
        uint96 unbonding,
        uint96 amount
    ) public {
        stake(id, bob, 400e18);
        uint96 total = minimum + 400e18;
        unbonding = uint96(bound(unbonding, 1, total));
        amount = uint96(bound(amount, 1, 2 * total));
        vm.prank(alice);
        agents.unstake(id, unbonding);
        uint256 supply = token.totalSupply();
        uint96 slashed = slash(id, amount);
        assertEq(slashed, amount < total ? amount : total); // no more than is there
        IAgentRegistry.Agent memory agent = agents.agent(id);
        uint96 staked = total - unbonding;
        assertEq(agent.stake, slashed < staked ? staked - slashed : 0);
        assertEq(agent.stake + agent.unbonding, total - slashed);
        assertEq(token.totalSupply(), supply - slashed); // burned, to the wei
        assertEq(token.balanceOf(address(agents)), total - slashed);
        assertEq(agent.unbondsAt == 0, agent.unbonding == 0);
        assertEq(stateOf(id) == IAgentRegistry.AgentState.Active, agent.stake >= minimum);
    }

    function test_slash_pausesWhatHasTooLittleLeft() public {
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentSlashed(id, at("AgentsTimelock"), 1, minimum - 1, 0, "it lied");
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentPaused(id, at("AgentsTimelock"));
        slash(id, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IAgentRegistry.AgentRegistry_BelowMinimum.selector, minimum - 1, minimum)
        );
        vm.prank(alice);
        agents.activate(id);
    }

    /// @dev A decision that asks for more than is left still executes, with whatever else it decides.
    function test_slash_takesNothingWhereNothingIs() public {
        slash(id, minimum);
        assertEq(slash(id, minimum), 0);
    }

    function test_slash_reachesARetiredAgentUntilItsStakeIsOut() public {
        vm.startPrank(alice);
        agents.retire(id);
        vm.warp(block.timestamp + agents.cooldown() - 1);
        vm.stopPrank();
        assertEq(slash(id, minimum), minimum);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_NothingUnbonding.selector, id));
        vm.prank(alice);
        agents.withdraw(id);
        assertState(id, IAgentRegistry.AgentState.Retired);
    }

    function test_slash_isForADecisionAboutAgentsAlone() public {
        address[6] memory others =
            [address(this), alice, guardian, at("TreasuryTimelock"), at("AgentsGovernor"), address(jobs)];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            agents.slash(id, 1, "");
        }
    }

    /// @dev The owner sees a proposal to slash and unstakes in the same second: the decision is still in time.
    function test_aDecisionToSlash_cannotBeOutrun() public {
        for (uint256 set; set < 2; ++set) {
            ParameterSets.check(set == 0 ? parameters() : _production());
        }
        uint64 decided = uint64(block.timestamp) + parameters().clocks.votingDelay + parameters().clocks.votingPeriod
            + parameters().clocks.agentsDelay;
        vm.prank(alice);
        agents.unstake(id, minimum);
        vm.warp(decided);
        assertEq(slash(id, minimum), minimum);
    }

    function test_upgrade_keepsItsState() public {
        stake(id, bob, 7e18);
        vm.startPrank(alice);
        agents.unstake(id, 3e18);
        agents.update(id, "bafkreinext", keccak256("next"));
        vm.stopPrank();
        watch(abi.encodeCall(agents.agent, (id)));
        watch(abi.encodeCall(agents.manifestAt, (id, 1)));
        watch(abi.encodeCall(agents.manifestAt, (id, 2)));
        watch(abi.encodeCall(agents.agentCount, ()));
        watch(abi.encodeCall(agents.agentOfModel, (agents.agent(id).modelId)));
        watch(abi.encodeCall(agents.minimumStake, ()));
        watch(abi.encodeCall(agents.cooldown, ()));
        address[] memory others = new address[](4);
        (others[0], others[1], others[2], others[3]) = (guardian, alice, at("AgentsTimelock"), address(this));
        AgentRegistry next =
            AgentRegistry(Artifacts.create("AgentRegistry", abi.encode(token, models, minimum, agents.cooldown())));
        upgradeKeepsState(address(agents), address(next), at("UpgradesTimelock"), others);
        vm.warp(block.timestamp + agents.cooldown());
        vm.prank(alice);
        agents.withdraw(id); // it goes on where it was
        assertEq(token.balanceOf(address(agents)), minimum + 4e18);
    }

    function _production() private view returns (Parameters memory p) {
        p = ParameterSets.production();
        p.guardian = guardian;
        p.remoteToken = anyone;
    }
}
