// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AgentsBase} from "../agents/AgentsBase.sol";
import {IAgentRegistry} from "../../src/agents/IAgentRegistry.sol";

/// @notice Three agents whose owners stake, unstake, sell and retire while decisions slash them.
contract AgentsHandler is AgentsBase {
    uint256 public staked; // wei that came in
    uint256 public burned;
    uint256 public paid; // wei that went to owners
    uint256 public paidToOthers;

    constructor() {
        setUp();
        createAgent(alice);
        createAgent(bob);
        createAgent(developer);
    }

    function add(
        uint256 which,
        uint256 who,
        uint96 amount
    ) external {
        uint32 id = _id(which);
        address from = _person(who);
        amount = uint96(bound(amount, 1, 300e18));
        if (stateOf(id) == IAgentRegistry.AgentState.Retired || token.balanceOf(from) < amount) return;
        stake(id, from, amount);
        staked += amount;
    }

    function activate(
        uint256 which
    ) external {
        uint32 id = _id(which);
        if (stateOf(id) != IAgentRegistry.AgentState.Paused || agents.agent(id).stake < minimum) return;
        vm.prank(ownerOf(id));
        agents.activate(id);
    }

    function unstake(
        uint256 which,
        uint96 amount
    ) external {
        uint32 id = _id(which);
        uint96 has = agents.agent(id).stake;
        if (has == 0) return;
        vm.prank(ownerOf(id));
        agents.unstake(id, uint96(bound(amount, 1, has)));
    }

    function withdraw(
        uint256 which,
        uint256 who,
        uint32 later
    ) external {
        uint32 id = _id(which);
        vm.warp(block.timestamp + bound(later, 0, 2 * agents.cooldown()));
        address caller = _person(who);
        uint256 had = token.balanceOf(caller);
        vm.prank(caller);
        try agents.withdraw(id) {
            uint256 got = token.balanceOf(caller) - had;
            paid += got;
            if (caller != ownerOf(id)) paidToOthers += got;
        } catch {}
    }

    function sell(
        uint256 which,
        uint256 who
    ) external {
        uint32 id = _id(which);
        address owner = ownerOf(id);
        uint32 modelId = agents.agent(id).modelId;
        vm.prank(owner);
        models.transferFrom(owner, _person(who), modelId);
    }

    function retire(
        uint256 which
    ) external {
        uint32 id = _id(which);
        if (stateOf(id) == IAgentRegistry.AgentState.Retired || which % 7 != 0) return; // not all at once
        vm.prank(ownerOf(id));
        agents.retire(id);
    }

    function decide(
        uint256 which,
        uint96 amount
    ) external {
        burned += slash(_id(which), uint96(bound(amount, 1, 400e18)));
    }

    /// @return sum of what agents have staked and of what is unbonding
    function accounted() external view returns (uint256 sum) {
        for (uint32 id = 1; id <= agents.agentCount(); ++id) {
            IAgentRegistry.Agent memory agent = agents.agent(id);
            sum += agent.stake + agent.unbonding;
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(agents));
    }

    /// @return whether some agent is open to callers with too little stake
    function someActiveBelowMinimum() external view returns (bool) {
        for (uint32 id = 1; id <= agents.agentCount(); ++id) {
            if (stateOf(id) == IAgentRegistry.AgentState.Active && agents.agent(id).stake < minimum) return true;
        }
        return false;
    }

    function ownerOf(
        uint32 id
    ) private view returns (address) {
        return models.ownerOf(agents.agent(id).modelId);
    }

    function _id(
        uint256 which
    ) private pure returns (uint32) {
        return uint32(which % 3) + 1;
    }

    function _person(
        uint256 who
    ) private view returns (address) {
        return [alice, bob, developer, mallory][who % 4];
    }
}
