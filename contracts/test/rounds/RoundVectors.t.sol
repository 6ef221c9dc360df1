// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../../../script/Artifacts.sol";
import {EvaluationRounds} from "../../src/governance/EvaluationRounds.sol";
import {Ballots} from "../../src/libraries/Ballots.sol";
import {RoundSettings} from "../../src/types/Rounds.sol";

/// @notice Solidity computes of a round what the SDK computes (contracts/test/vectors/hashes.json, `round`).
contract RoundVectorsTest is Test {
    string private json;

    function setUp() public {
        json = vm.readFile("contracts/test/vectors/hashes.json");
    }

    function test_commitment_isWhatTypeScriptComputes() public {
        EvaluationRounds rounds = EvaluationRounds(vm.parseJsonAddress(json, ".round.rounds"));
        RoundSettings memory none;
        address made =
            Artifacts.create("EvaluationRounds", abi.encode(address(0), address(0), address(0), address(0), none));
        vm.etch(address(rounds), made.code);
        vm.chainId(vm.parseJsonUint(json, ".round.chainId"));
        bytes32 salt = vm.parseJsonBytes32(json, ".round.salt");
        assertEq(
            rounds.commitmentOf(
                uint32(vm.parseJsonUint(json, ".round.roundId")),
                vm.parseJsonAddress(json, ".round.judge"),
                vm.parseJsonUint(json, ".round.ballot"),
                salt
            ),
            vm.parseJsonBytes32(json, ".round.commitment")
        );
        assertEq(rounds.assignmentHashOf(salt), vm.parseJsonBytes32(json, ".round.assignmentHash"));
    }

    function test_assignment_isWhatTypeScriptComputes() public view {
        bool[] memory left = vm.parseJsonBoolArray(json, ".round.isLeftA");
        bytes32 salt = vm.parseJsonBytes32(json, ".round.salt");
        assertEq(left.length, Ballots.MAX_QUESTIONS);
        for (uint256 i; i < left.length; ++i) {
            assertEq(Ballots.isLeftA(salt, i), left[i]);
        }
        assertTrue(Ballots.isComplete(vm.parseJsonUint(json, ".round.ballot"), left.length));
    }
}
