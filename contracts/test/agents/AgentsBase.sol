// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AgentRegistry} from "../../src/agents/AgentRegistry.sol";
import {IAgentRegistry} from "../../src/agents/IAgentRegistry.sol";
import {Terms} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";

/// @notice The deployment with an agent of alice's, and decisions about agents.
abstract contract AgentsBase is Deployed {
    bytes32 internal constant MANIFEST = keccak256("manifest");
    uint64 internal constant STEP_PRICE = 1e15;

    AgentRegistry internal agents;
    uint96 internal minimum; // wei

    function setUp() public virtual override {
        super.setUp();
        agents = AgentRegistry(at("AgentRegistry"));
        minimum = agents.minimumStake();
        address[4] memory people = [alice, bob, mallory, developer];
        for (uint256 i; i < people.length; ++i) {
            vm.prank(people[i]);
            token.approve(address(agents), type(uint256).max);
        }
    }

    function agentTerms() internal pure returns (Terms memory t) {
        t.operatorBps = 2_000;
        t.developerBps = 8_000;
        t.agentStepPrice = STEP_PRICE;
    }

    function createAgent(
        address creator
    ) internal returns (uint32 id) {
        vm.prank(creator);
        id = agents.create("Clerk", "bafkreimanifest", MANIFEST, agentTerms());
    }

    function stake(
        uint32 id,
        address from,
        uint96 amount
    ) internal {
        vm.prank(from);
        agents.addStake(id, amount);
    }

    function activeAgent(
        address creator
    ) internal returns (uint32 id) {
        id = createAgent(creator);
        stake(id, creator, minimum);
        vm.prank(creator);
        agents.activate(id);
    }

    /// @dev As a decision about agents would.
    function slash(
        uint32 id,
        uint96 amount
    ) internal returns (uint96) {
        vm.prank(at("AgentsTimelock"));
        return agents.slash(id, amount, "it lied");
    }

    function stateOf(
        uint32 id
    ) internal view returns (IAgentRegistry.AgentState) {
        return agents.agent(id).state;
    }

    function assertState(
        uint32 id,
        IAgentRegistry.AgentState expected
    ) internal view {
        assertEq(uint8(stateOf(id)), uint8(expected));
    }
}
