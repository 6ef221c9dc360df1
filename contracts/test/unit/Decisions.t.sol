// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {DecisionRules, ParameterSets, Parameters} from "../../../script/Parameters.sol";
import {IAgentRegistry} from "../../src/agents/IAgentRegistry.sol";
import {IEvaluationRounds} from "../../src/governance/IEvaluationRounds.sol";
import {IVotingPower} from "../../src/governance/IVotingPower.sol";
import {OpenGovernor} from "../../src/governance/OpenGovernor.sol";
import {IJury} from "../../src/oracles/IJury.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {FeePolicy} from "../../src/settlement/FeePolicy.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {Release} from "../../src/types/Release.sol";
import {RoundOpening} from "../../src/types/Rounds.sol";
import {AgentsBase} from "../agents/AgentsBase.sol";

/// @notice What each kind of decision can do, and that it can do nothing of another kind's.
contract DecisionsTest is AgentsBase {
    uint256 internal constant KINDS = 5;

    /// @dev Of a round of judgement that can be opened, once `_openRound` made its releases.
    RoundOpening private _opening;

    /// @dev A function that one kind alone may execute, by the name of its contract.
    struct Right {
        string target;
        bytes call;
        string kind;
    }

    function test_everyKind_hasItsOwnRules() public view {
        Parameters memory p = parameters();
        DecisionRules[5] memory rules = [
            p.decisions.treasury, p.decisions.parameters, p.decisions.models, p.decisions.agents, p.decisions.upgrades
        ];
        uint64[5] memory delays = [
            p.clocks.treasuryDelay,
            p.clocks.parametersDelay,
            p.clocks.modelsDelay,
            p.clocks.agentsDelay,
            p.clocks.upgradeDelay
        ];
        bytes32[5] memory ids = [bytes32("treasury"), "parameters", "models", "agents", "upgrades"];
        for (uint256 i; i < KINDS; ++i) {
            OpenGovernor g = _governorOf(_kind(i));
            assertEq(g.kind(), ids[i]);
            assertEq(g.name(), string.concat("OpenLedger ", _kind(i)));
            assertEq(g.quorum(0), 1e18 * uint256(rules[i].quorumBps) / 10_000);
            assertEq(g.twoMajorities(), rules[i].twoMajorities);
            assertEq(g.proposalThreshold(), rules[i].threshold);
            assertEq(TimelockController(payable(_timelockOf(_kind(i)))).getMinDelay(), delays[i]);
            assertEq(g.timelock(), _timelockOf(_kind(i)));
        }
    }

    function test_production_asksMoreOfWhatChangesMore() public pure {
        Parameters memory p = ParameterSets.production();
        assertTrue(p.decisions.treasury.twoMajorities);
        assertTrue(p.decisions.parameters.twoMajorities);
        assertTrue(p.decisions.upgrades.twoMajorities);
        assertGt(p.decisions.upgrades.quorumBps, p.decisions.parameters.quorumBps);
        assertGt(p.decisions.parameters.quorumBps, p.decisions.treasury.quorumBps);
        assertGe(p.decisions.agents.quorumBps, p.decisions.models.quorumBps);
        assertGt(p.clocks.upgradeDelay, p.clocks.parametersDelay);
        assertGt(p.decisions.models.threshold, 0);
    }

    /// @dev The calls, really made by each timelock.
    function test_noKind_executesWhatIsAnothers() public {
        stake(createAgent(alice), alice, minimum);
        votes.mint(alice, 1);
        vm.prank(_timelockOf("Treasury"));
        treasury.openStream("", bob, 9, 0, 9, "a stream to end");
        tick();
        _openRound();
        Right[] memory rights = _rights();
        for (uint256 i; i < rights.length; ++i) {
            for (uint256 j; j < KINDS; ++j) {
                address caller = _timelockOf(_kind(j));
                uint256 before = vm.snapshotState();
                vm.prank(caller);
                (bool done, bytes memory reason) = at(rights[i].target).call(rights[i].call);
                bool own = _same(rights[i].kind, _kind(j));
                assertEq(done, own, string.concat(rights[i].target, " by ", _kind(j)));
                if (!own) assertEq(reason, _refusal(rights[i], caller));
                vm.revertToState(before);
            }
        }
    }

    /// @dev All functions of all contracts as they were compiled: whatever a timelock below the admin's may call that
    ///      others may not is in the table above, so that no right is ever added without a test of it.
    function test_timelocks_haveNoRightBesideTheTable() public view {
        Right[] memory rights = _rights();
        uint256 found;
        string[] memory names = deployment.allNames();
        for (uint256 i; i < names.length; ++i) {
            string[] memory functions = _functionsOf(names[i]);
            for (uint256 j; j < functions.length; ++j) {
                bytes4 selector = bytes4(keccak256(bytes(functions[j])));
                uint64 role = manager().getTargetFunctionRole(at(names[i]), selector);
                if (role == 0) continue; // the admin's
                for (uint256 k; k + 1 < KINDS; ++k) {
                    (bool may,) = manager().canCall(_timelockOf(_kind(k)), at(names[i]), selector);
                    if (!may) continue;
                    assertTrue(_inTable(rights, names[i], selector, _kind(k)), string.concat(names[i], functions[j]));
                    ++found;
                }
            }
        }
        assertEq(found, rights.length - 1); // the upgrade is the admin's
    }

    function testFuzz_fees_stayWithinTheirRanges(
        IFeePolicy.Split memory s
    ) public {
        FeePolicy fees = FeePolicy(at("FeePolicy"));
        bool inside = s.protocolFeeBps <= fees.MAX_PROTOCOL_FEE_BPS() && s.burnBps <= fees.MAX_BPS()
            && s.contributorCapBps >= fees.MIN_CONTRIBUTOR_CAP_BPS() && s.contributorCapBps <= fees.MAX_BPS()
            && s.verbatimBps <= fees.MAX_VERBATIM_BPS() && s.retrievalBps <= fees.MAX_RETRIEVAL_BPS()
            && s.fidelityFloorBps >= fees.MIN_FIDELITY_FLOOR_BPS() && s.fidelityFloorBps <= fees.MAX_BPS();
        vm.prank(_timelockOf("Parameters"));
        (bool done,) = address(fees).call(abi.encodeCall(IFeePolicy.setFee, (s)));
        assertEq(done, inside);
        assertEq(fees.latestVersion(), inside ? 2 : 1);
    }

    function testFuzz_sampleRate_staysWithinItsRange(
        uint16 rateBps
    ) public {
        IJury jury = IJury(at("Jury"));
        vm.startPrank(_timelockOf("Parameters"));
        if (rateBps > 1_000) {
            vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_RateTooHigh.selector, rateBps, 1_000));
        }
        jury.setSampleRate(rateBps);
        assertEq(jury.sampleRateBps(), rateBps > 1_000 ? 0 : rateBps);
    }

    /// @dev From a proposal to what it changes, without any right but what the vote gives.
    function test_parameters_areChangedByTheirOwnVote() public {
        _everybodyVotes();
        _decide("Parameters", "Jury", abi.encodeCall(IJury.setSampleRate, (25)));
        assertEq(IJury(at("Jury")).sampleRateBps(), 25);
    }

    function test_aVoteOfTheWrongKind_cannotBeExecuted() public {
        _everybodyVotes();
        (address[] memory to, uint256[] memory values, bytes[] memory calls, bytes32 why) =
            _passed("Models", "Jury", abi.encodeCall(IJury.setSampleRate, (25)));
        OpenGovernor g = _governorOf("Models");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, _timelockOf("Models"))
        );
        g.execute(to, values, calls, why);
        assertEq(IJury(at("Jury")).sampleRateBps(), 0);
    }

    /// @dev Holders alone carry what concerns models; what concerns parameters takes contributors too.
    function test_models_needTheMajorityOfTheWholeAlone() public {
        votes.mint(bob, power.floor() / 4);
        vm.prank(alice);
        token.delegate(alice);
        tick();
        for (uint256 i; i < 2; ++i) {
            OpenGovernor g = _governorOf(i == 0 ? "Models" : "Parameters");
            (address[] memory to, uint256[] memory values, bytes[] memory calls) = _call("OpenToken", "");
            uint256 id = g.propose(to, values, calls, "why");
            vm.warp(g.proposalSnapshot(id) + 1);
            vm.prank(alice);
            g.castVote(id, 1);
            vm.prank(bob);
            g.castVote(id, 0);
            vm.warp(g.proposalDeadline(id) + 1);
            assertEq(
                uint8(g.state(id)), uint8(i == 0 ? IGovernor.ProposalState.Succeeded : IGovernor.ProposalState.Defeated)
            );
        }
    }

    function _rights() private view returns (Right[] memory rights) {
        IFeePolicy.Split memory s = ParameterSets.dev().fees;
        address implementation = address(uint160(uint256(vm.load(at("Treasury"), _IMPLEMENTATION))));
        rights = new Right[](13);
        rights[0] = Right("Treasury", abi.encodeCall(treasury.spend, (bob, 1, "a grant")), "Treasury");
        rights[1] = Right("FeePolicy", abi.encodeCall(IFeePolicy.setFee, (s)), "Parameters");
        rights[2] = Right("VotingPower", abi.encodeCall(IVotingPower.setFloor, (uint208(power.floor()))), "Parameters");
        rights[3] = Right("Jury", abi.encodeCall(IJury.setSampleRate, (1)), "Parameters");
        rights[4] = Right("AgentRegistry", abi.encodeCall(IAgentRegistry.slash, (1, 1, "it lied")), "Agents");
        rights[5] = Right("AgentRegistry", abi.encodeCall(IAgentRegistry.retire, (1)), "Agents");
        rights[6] = Right(
            "Treasury", abi.encodeWithSignature("upgradeToAndCall(address,bytes)", implementation, ""), "Upgrades"
        );
        rights[7] = Right("Treasury", abi.encodeCall(treasury.spendOn, ("audits", bob, 1, "a review")), "Treasury");
        rights[8] = Right("Treasury", abi.encodeCall(treasury.openStream, ("audits", bob, 1, 0, 1, "")), "Treasury");
        rights[9] = Right("Treasury", abi.encodeCall(treasury.endStream, (1)), "Treasury");
        rights[10] = Right("Treasury", abi.encodeCall(treasury.setBudget, ("audits", 1, 1)), "Treasury");
        rights[11] = Right("EvaluationRounds", abi.encodeCall(IEvaluationRounds.openDecided, (_opening)), "Models");
        rights[12] = Right("EvaluationRounds", abi.encodeCall(IEvaluationRounds.strike, (1, "it lied")), "Models");
    }

    function _openRound() private {
        vm.startPrank(alice);
        uint32 id = models.createModel("Guide", "bafkreicard", someTerms());
        bytes32 one = models.addRelease(id, someRelease("one", ""), 0, "bafkreimanifest");
        bytes32 two = models.addRelease(id, someRelease("two", ""), 0, "bafkreimanifest");
        vm.stopPrank();
        _opening = RoundOpening(one, two, 1, "salted", "bafkreidocument");
        vm.prank(_timelockOf("Models"));
        IEvaluationRounds(at("EvaluationRounds")).openDecided(_opening);
    }

    /// @dev An agent's owner may retire it too, so the registry asks for the right by itself.
    function _refusal(
        Right memory right,
        address caller
    ) private pure returns (bytes memory) {
        return bytes4(right.call) == IAgentRegistry.retire.selector
            ? abi.encodeWithSelector(IAgentRegistry.AgentRegistry_NotOwner.selector, 1, caller)
            : abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }

    bytes32 private constant _IMPLEMENTATION = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

    function _inTable(
        Right[] memory rights,
        string memory target,
        bytes4 selector,
        string memory kind
    ) private pure returns (bool) {
        for (uint256 i; i < rights.length; ++i) {
            if (!_same(rights[i].target, target) || !_same(rights[i].kind, kind)) continue;
            if (bytes4(rights[i].call) == selector) return true;
        }
        return false;
    }

    /// @return signatures of what the contract behind `name` answers to, from the compiler's output
    function _functionsOf(
        string memory name
    ) private view returns (string[] memory) {
        string memory source = name;
        if (_endsWith(name, "Governor")) source = "OpenGovernor";
        if (_endsWith(name, "Timelock")) source = "TimelockController";
        string memory json = vm.readFile(string.concat("out/", source, ".sol/", source, ".json"));
        return vm.parseJsonKeys(json, ".methodIdentifiers");
    }

    function _everybodyVotes() private {
        votes.mint(bob, power.floor());
        vm.prank(alice);
        token.delegate(alice);
        tick();
    }

    function _decide(
        string memory kind,
        string memory target,
        bytes memory data
    ) private {
        (address[] memory to, uint256[] memory values, bytes[] memory calls, bytes32 why) = _passed(kind, target, data);
        _governorOf(kind).execute(to, values, calls, why);
    }

    /// @dev Proposed, carried by both parts, queued, and its delay over.
    function _passed(
        string memory kind,
        string memory target,
        bytes memory data
    ) private returns (address[] memory to, uint256[] memory values, bytes[] memory calls, bytes32 why) {
        OpenGovernor g = _governorOf(kind);
        (to, values, calls) = _call(target, data);
        uint256 id = g.propose(to, values, calls, "why");
        why = keccak256("why");
        vm.warp(g.proposalSnapshot(id) + 1);
        vm.prank(alice);
        g.castVote(id, 1);
        vm.prank(bob);
        g.castVote(id, 1);
        vm.warp(g.proposalDeadline(id) + 1);
        g.queue(to, values, calls, why);
        vm.warp(g.proposalEta(id));
    }

    function _call(
        string memory target,
        bytes memory data
    ) private view returns (address[] memory to, uint256[] memory values, bytes[] memory calls) {
        (to, values, calls) = (new address[](1), new uint256[](1), new bytes[](1));
        to[0] = at(target);
        calls[0] = data;
    }

    /// @dev The last is the admin's.
    function _kind(
        uint256 i
    ) private pure returns (string memory) {
        string[KINDS] memory all = ["Treasury", "Parameters", "Models", "Agents", "Upgrades"];
        return all[i];
    }

    function _governorOf(
        string memory kind
    ) private view returns (OpenGovernor) {
        return OpenGovernor(payable(at(string.concat(kind, "Governor"))));
    }

    function _timelockOf(
        string memory kind
    ) private view returns (address) {
        return at(string.concat(kind, "Timelock"));
    }

    function _same(
        string memory a,
        string memory b
    ) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    function _endsWith(
        string memory name,
        string memory end
    ) private pure returns (bool) {
        uint256 found = vm.indexOf(name, end);
        return found != type(uint256).max && found + bytes(end).length == bytes(name).length;
    }
}
