// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EvaluationRounds} from "../../src/governance/EvaluationRounds.sol";
import {IEvaluationRounds} from "../../src/governance/IEvaluationRounds.sol";
import {Ballots} from "../../src/libraries/Ballots.sol";
import {Release} from "../../src/types/Release.sol";
import {RoundOpening, RoundSettings} from "../../src/types/Rounds.sol";
import {Deployed} from "../Deployed.sol";

/// @notice Two models of two developers, and judges with delegated OPEN.
abstract contract RoundsBase is Deployed {
    bytes32 internal constant SALT = "which answer is whose";
    uint8 internal constant QUESTIONS = 6;

    EvaluationRounds internal rounds;
    RoundSettings internal s;
    uint32 internal modelA;
    uint32 internal modelB;
    bytes32 internal releaseA;
    bytes32 internal releaseB;
    address internal rival = makeAddr("rival");

    function setUp() public virtual override {
        super.setUp();
        rounds = EvaluationRounds(at("EvaluationRounds"));
        s = rounds.settings();
        (modelA, releaseA) = releaseOf(developer, "a");
        (modelB, releaseB) = releaseOf(rival, "b");
        address[4] memory people = [alice, bob, mallory, provider];
        for (uint256 i; i < people.length; ++i) {
            vm.startPrank(people[i]);
            token.delegate(people[i]);
            token.approve(address(rounds), type(uint256).max);
            vm.stopPrank();
        }
        tick();
    }

    function releaseOf(
        address owner,
        bytes32 name
    ) internal returns (uint32 modelId, bytes32 releaseHash) {
        modelId = createModel(owner);
        releaseHash = addTo(modelId, owner, name);
    }

    function addTo(
        uint32 modelId,
        address owner,
        bytes32 name
    ) internal returns (bytes32) {
        Release memory release = someRelease(name, "");
        vm.prank(owner);
        return models.addRelease(modelId, release, 0, "bafkreimanifest");
    }

    function opening() internal view returns (RoundOpening memory) {
        return RoundOpening(releaseA, releaseB, QUESTIONS, keccak256(abi.encode(SALT)), "bafkreidocument");
    }

    /// @dev By mallory, with a bond.
    function openRound() internal returns (uint32 id) {
        vm.prank(mallory);
        id = rounds.open(opening());
    }

    function decide() internal returns (uint32 id) {
        vm.prank(at("ModelsTimelock"));
        id = rounds.openDecided(opening());
    }

    /// @return ballot that prefers A, B or neither in every question, as the salt places the answers
    function ballotFor(
        bytes32 salt,
        uint256 questions,
        uint256 choice
    ) internal pure returns (uint256 ballot) {
        for (uint256 i; i < questions; ++i) {
            uint256 side = choice == 3 ? 3 : (choice == 1) == Ballots.isLeftA(salt, i) ? 1 : 2;
            ballot |= side << (2 * i);
        }
    }

    function forA() internal pure returns (uint256) {
        return ballotFor(SALT, QUESTIONS, 1);
    }

    function forB() internal pure returns (uint256) {
        return ballotFor(SALT, QUESTIONS, 2);
    }

    function ties() internal pure returns (uint256) {
        return ballotFor(SALT, QUESTIONS, 3);
    }

    function commit(
        uint32 id,
        address judge,
        uint256 ballot
    ) internal {
        bytes32 commitment = rounds.commitmentOf(id, judge, ballot, "salt");
        vm.prank(judge);
        rounds.commit(id, commitment);
    }

    function reveal(
        uint32 id,
        address judge,
        uint256 ballot
    ) internal {
        vm.prank(judge);
        rounds.reveal(id, ballot, "salt");
    }

    function toReveal(
        uint32 id
    ) internal {
        (uint64 commitEnd,,) = rounds.periodsOf(id);
        vm.warp(commitEnd + 1);
    }

    function toScore(
        uint32 id
    ) internal {
        (, uint64 revealEnd,) = rounds.periodsOf(id);
        vm.warp(revealEnd + 1);
    }

    /// @dev From its opening to its score, as alice and bob judge.
    function play(
        uint32 id,
        uint256 ofAlice,
        uint256 ofBob
    ) internal {
        commit(id, alice, ofAlice);
        commit(id, bob, ofBob);
        toReveal(id);
        reveal(id, alice, ofAlice);
        reveal(id, bob, ofBob);
        toScore(id);
        rounds.score(id, SALT);
    }

    function refuses(
        bytes4 selector
    ) internal {
        vm.expectPartialRevert(selector);
    }

    function tooEarly(
        uint64 from
    ) internal {
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_TooEarly.selector, from));
    }

    function tooLate(
        uint64 until
    ) internal {
        vm.expectRevert(abi.encodeWithSelector(IEvaluationRounds.EvaluationRounds_TooLate.selector, until));
    }
}
