// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {AgentRelease} from "../../src/agents/AgentRelease.sol";
import {IAgentRegistry} from "../../src/agents/IAgentRegistry.sol";
import {IModelRegistry} from "../../src/models/IModelRegistry.sol";
import {Release, Terms} from "../../src/types/Release.sol";
import {AgentsBase} from "./AgentsBase.sol";

/// @notice What an agent is: its model, versions, terms and states. Stake: AgentStake.t.sol.
contract AgentRegistryTest is AgentsBase {
    function _invalidState(
        uint32 id,
        IAgentRegistry.AgentState state
    ) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgentRegistry.AgentRegistry_InvalidState.selector, id, state);
    }

    function test_create_makesAModelOfItsCreatorThatIsNotListed() public {
        bytes32 releaseHash = AgentRelease.hash(MANIFEST, 1, 1);
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentCreated(1, 1, alice, "Clerk");
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentUpdated(1, 1, releaseHash, MANIFEST, "bafkreimanifest", alice);
        uint32 id = createAgent(alice);
        IAgentRegistry.Agent memory agent = agents.agent(id);
        assertEq(agent.modelId, 1);
        assertEq(agent.version, 1);
        assertEq(agent.stake, 0);
        assertEq(agent.manifestHash, MANIFEST);
        assertEq(agent.manifestCid, "bafkreimanifest");
        assertState(id, IAgentRegistry.AgentState.Paused);
        assertEq(models.ownerOf(agent.modelId), alice);
        assertEq(models.tokenURI(agent.modelId), "ipfs://bafkreimanifest");
        assertEq(models.terms(agent.modelId, 1).agentStepPrice, STEP_PRICE);
        assertEq(models.releaseAt(agent.modelId, 0), releaseHash);
        assertEq(models.modelOf(releaseHash), agent.modelId);
        assertFalse(models.isListed(agent.modelId));
        assertEq(agents.agentOfModel(agent.modelId), id);
        assertEq(agents.agentCount(), 1);
    }

    /// @dev What the creator earns is checked by whether it owned the model then, also in the very second.
    function test_create_makesItsCreatorTheOwnerFromTheFirstSecond() public {
        uint32 modelId = agents.agent(createAgent(alice)).modelId;
        assertTrue(models.ownedBetween(modelId, alice, block.timestamp, block.timestamp));
    }

    function test_create_tellsAgentsOfOneManifestApart() public {
        uint32 first = createAgent(alice);
        uint32 second = createAgent(bob);
        (,, bytes32 one) = agents.manifestAt(first, 1);
        (,, bytes32 other) = agents.manifestAt(second, 1);
        assertNotEq(one, other);
        assertEq(models.modelOf(other), agents.agent(second).modelId);
    }

    function testFuzz_create_refusesAnySplitWithOthers(
        uint16[5] memory bps
    ) public {
        for (uint256 i; i < 5; ++i) {
            bps[i] = uint16(bound(bps[i], 0, 10_000));
        }
        Terms memory t = agentTerms();
        (t.operatorBps, t.developerBps, t.parentsBps, t.backersBps, t.contributorsBps) =
        (bps[0], bps[1], bps[2], bps[3], bps[4]);
        vm.assume(uint256(bps[0]) + bps[1] != 10_000 || uint256(bps[2]) + bps[3] + bps[4] != 0);
        vm.expectRevert(IAgentRegistry.AgentRegistry_InvalidTerms.selector);
        agents.create("Clerk", "cid", MANIFEST, t);
    }

    function testFuzz_create_takesAnySplitOfTheTwo(
        uint16 operatorBps,
        uint64 price
    ) public {
        Terms memory t = agentTerms();
        t.operatorBps = uint16(bound(operatorBps, 0, 10_000));
        t.developerBps = 10_000 - t.operatorBps;
        t.agentStepPrice = price;
        uint32 id = agents.create("Clerk", "cid", MANIFEST, t);
        assertEq(models.terms(agents.agent(id).modelId, 1).developerBps, t.developerBps);
    }

    function test_create_refusesOtherAccountsAndPrices() public {
        for (uint256 i; i < 5; ++i) {
            Terms memory t = agentTerms();
            if (i == 0) t.parents = bob;
            if (i == 1) t.backers = bob;
            if (i == 2) t.promptPrice = 1;
            if (i == 3) t.completionPrice = 1;
            if (i == 4) t.retrievalPrice = 1;
            vm.expectRevert(IAgentRegistry.AgentRegistry_InvalidTerms.selector);
            agents.create("Clerk", "cid", MANIFEST, t);
        }
    }

    function test_create_failsWithoutNameOrManifest() public {
        vm.expectRevert(IModelRegistry.ModelRegistry_EmptyName.selector);
        agents.create("", "cid", MANIFEST, agentTerms());
        vm.expectRevert(IAgentRegistry.AgentRegistry_EmptyManifest.selector);
        agents.create("Clerk", "", MANIFEST, agentTerms());
        vm.expectRevert(IAgentRegistry.AgentRegistry_EmptyManifest.selector);
        agents.create("Clerk", "cid", 0, agentTerms());
    }

    function test_update_addsAVersionWithAReleaseOfItsOwn() public {
        uint32 id = createAgent(alice);
        bytes32 next = keccak256("next");
        bytes32 releaseHash = AgentRelease.hash(next, id, 2);
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentUpdated(id, 2, releaseHash, next, "bafkreinext", alice);
        vm.prank(alice);
        assertEq(agents.update(id, "bafkreinext", next), 2);
        assertEq(agents.agent(id).manifestCid, "bafkreinext");
        (bytes32 hash, string memory cid, bytes32 release) = agents.manifestAt(id, 1);
        assertEq(hash, MANIFEST); // earlier ones stay readable
        assertEq(cid, "bafkreimanifest");
        assertEq(release, AgentRelease.hash(MANIFEST, id, 1));
        (,, release) = agents.manifestAt(id, 2);
        assertEq(release, releaseHash);
        assertEq(models.releaseAt(agents.agent(id).modelId, 1), releaseHash);
    }

    function test_update_mayGoBackToAnEarlierManifest() public {
        uint32 id = createAgent(alice);
        vm.startPrank(alice);
        agents.update(id, "bafkreinext", keccak256("next"));
        assertEq(agents.update(id, "bafkreimanifest", MANIFEST), 3);
    }

    function test_update_failsWithoutAManifest() public {
        uint32 id = createAgent(alice);
        vm.startPrank(alice);
        vm.expectRevert(IAgentRegistry.AgentRegistry_EmptyManifest.selector);
        agents.update(id, "", MANIFEST);
        vm.expectRevert(IAgentRegistry.AgentRegistry_EmptyManifest.selector);
        agents.update(id, "cid", 0);
    }

    function test_manifestAt_failsForAVersionThatIsNotThere() public {
        uint32 id = createAgent(alice);
        for (uint32 version; version < 3; version += 2) {
            vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_UnknownVersion.selector, id, version));
            agents.manifestAt(id, version);
        }
        assertState(9, IAgentRegistry.AgentState.None);
        assertEq(agents.agentOfModel(9), 0);
    }

    function test_activate_needsTheMinimumStake() public {
        uint32 id = createAgent(alice);
        stake(id, alice, minimum - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IAgentRegistry.AgentRegistry_BelowMinimum.selector, minimum - 1, minimum)
        );
        vm.prank(alice);
        agents.activate(id);
        stake(id, bob, 1); // anybody's OPEN will do
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentActivated(id, alice);
        vm.prank(alice);
        agents.activate(id);
        assertState(id, IAgentRegistry.AgentState.Active);
    }

    function test_activate_failsTwiceAndPauseTurnsItBack() public {
        uint32 id = activeAgent(alice);
        vm.startPrank(alice);
        vm.expectRevert(_invalidState(id, IAgentRegistry.AgentState.Active));
        agents.activate(id);
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentPaused(id, alice);
        agents.pause(id);
        vm.expectRevert(_invalidState(id, IAgentRegistry.AgentState.Paused));
        agents.pause(id);
        agents.activate(id);
        assertState(id, IAgentRegistry.AgentState.Active);
    }

    function test_retire_endsAllButTheWayOutOfTheStake() public {
        uint32 id = activeAgent(alice);
        uint64 unbondsAt = uint64(block.timestamp) + agents.cooldown();
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentRetired(id, alice);
        vm.expectEmit(address(agents));
        emit IAgentRegistry.AgentUnstaked(id, alice, minimum, 0, minimum, unbondsAt);
        vm.startPrank(alice);
        agents.retire(id);
        bytes memory retired = _invalidState(id, IAgentRegistry.AgentState.Retired);
        vm.expectRevert(retired);
        agents.retire(id);
        vm.expectRevert(retired);
        agents.activate(id);
        vm.expectRevert(retired);
        agents.pause(id);
        vm.expectRevert(retired);
        agents.update(id, "cid", MANIFEST);
        vm.expectRevert(retired);
        agents.addStake(id, 1);
        vm.warp(unbondsAt);
        agents.withdraw(id);
        assertEq(token.balanceOf(address(agents)), 0);
    }

    function test_retire_isForADecisionAboutAgentsToo() public {
        uint32 id = activeAgent(alice);
        vm.prank(at("AgentsTimelock"));
        agents.retire(id);
        assertState(id, IAgentRegistry.AgentState.Retired);
        assertEq(agents.agent(id).unbonding, minimum);
    }

    function test_changes_failForOthersThanTheOwner() public {
        uint32 id = activeAgent(alice);
        bytes memory notOwner = abi.encodeWithSelector(IAgentRegistry.AgentRegistry_NotOwner.selector, id, mallory);
        vm.startPrank(mallory);
        vm.expectRevert(notOwner);
        agents.update(id, "cid", MANIFEST);
        vm.expectRevert(notOwner);
        agents.activate(id);
        vm.expectRevert(notOwner);
        agents.pause(id);
        vm.expectRevert(notOwner);
        agents.retire(id);
        vm.expectRevert(notOwner);
        agents.unstake(id, 1);
        vm.expectRevert(notOwner);
        agents.withdraw(id);
    }

    function test_changes_failForAnAgentThatIsNotThere() public {
        bytes memory unknown = abi.encodeWithSelector(IAgentRegistry.AgentRegistry_UnknownAgent.selector, 9);
        vm.startPrank(alice);
        vm.expectRevert(unknown);
        agents.update(9, "cid", MANIFEST);
        vm.expectRevert(unknown);
        agents.addStake(9, 1);
        vm.expectRevert(unknown);
        agents.activate(9);
        vm.expectRevert(unknown);
        agents.pause(9);
        vm.expectRevert(unknown);
        agents.retire(9);
        vm.expectRevert(unknown);
        agents.unstake(9, 1);
        vm.expectRevert(unknown);
        agents.withdraw(9);
        vm.stopPrank();
        vm.expectRevert(unknown);
        slash(9, 1);
    }

    function test_changes_followASale() public {
        uint32 id = activeAgent(alice);
        uint32 modelId = agents.agent(id).modelId;
        vm.prank(alice);
        models.transferFrom(alice, bob, modelId);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_NotOwner.selector, id, alice));
        vm.prank(alice);
        agents.pause(id);
        vm.startPrank(bob);
        agents.update(id, "bafkreibobs", keccak256("bob's"));
        agents.unstake(id, minimum);
        vm.warp(block.timestamp + agents.cooldown());
        uint256 had = token.balanceOf(bob);
        agents.withdraw(id);
        assertEq(token.balanceOf(bob), had + minimum); // the stake is the agent's, and so its owner's
    }

    /// @dev The registry may add releases to models of others, which is all that its role is for.
    function test_addRelease_ofAnAgentIsNotForStrangers() public {
        uint32 modelId = agents.agent(createAgent(alice)).modelId;
        Release memory r = AgentRelease.release(keccak256("next"), 1, 2);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, modelId, mallory));
        vm.prank(mallory);
        models.addRelease(modelId, r, 0, "cid");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        vm.prank(address(agents));
        models.addRelease(99, r, 0, "cid");
        vm.prank(address(agents));
        models.addRelease(modelId, r, 0, "cid");
        assertEq(models.releaseCount(modelId), 2);
    }
}
