// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {CaseStatus, Question, Vote} from "../../src/types/Jury.sol";
import {JuryBase} from "../settlement/JuryBase.sol";

contract JuryRoundsTest is JuryBase {
    function test_draw_isByTheStakeOfBeforeTheFiling() public {
        Story memory s = _settleHonest(_two());
        uint32 caseId = _file(s, 0, Question.Output);
        // A thousand times everybody's stake, in the very second of the filing and later, changes nothing.
        address whale = _juror("whale", 900_000e18);
        address[] memory drawn = _draw(caseId);
        assertEq(drawn.length, SEATS);
        for (uint256 i = 0; i < drawn.length; ++i) {
            assertNotEq(drawn[i], whale);
        }
    }

    /// @dev Accused, its signers and the filer never sit; nobody sits twice.
    function testFuzz_draw_seatsDistinctPeopleAndNoParty(
        uint256 seed,
        uint96 accusedStake
    ) public {
        accusedStake = uint96(bound(accusedStake, 200e18, 100_000e18));
        vm.prank(operator);
        jury.stake(accusedStake);
        vm.prank(filer);
        jury.stake(accusedStake);
        _give(operatorSigner, address(jury), accusedStake);
        vm.prank(operatorSigner);
        jury.stake(accusedStake);
        _pass(1);
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Output);
        _pass(jury.SEED_DELAY() + 1);
        vm.setBlockhash(block.number - 1, keccak256(abi.encode(seed)));
        jury.draw(caseId);
        address[] memory drawn = jury.jurorsOf(caseId, 1);
        assertEq(drawn.length, SEATS);
        for (uint256 i = 0; i < drawn.length; ++i) {
            assertTrue(drawn[i] != operator && drawn[i] != operatorSigner && drawn[i] != filer);
            assertEq(jury.juror(drawn[i]).locked, PENALTY);
            for (uint256 j = 0; j < i; ++j) {
                assertNotEq(drawn[i], drawn[j]);
            }
        }
    }

    /// @dev Of 8 equal jurors three are drawn: each about 3/8 of the time; one with 8 times the stake nearly always.
    function test_draw_followsTheStake() public {
        vm.prank(jurors[0]);
        jury.stake(1_400e18);
        _pass(1);
        uint256[] memory seats = new uint256[](jurors.length);
        uint256 snapshot = vm.snapshotState();
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Output);
        _pass(jury.SEED_DELAY() + 1);
        uint256 filed = vm.snapshotState();
        for (uint256 n = 0; n < 200; ++n) {
            vm.setBlockhash(block.number - 1, keccak256(abi.encode(n)));
            jury.draw(caseId);
            address[] memory drawn = jury.jurorsOf(caseId, 1);
            vm.revertToState(filed);
            for (uint256 i = 0; i < drawn.length; ++i) {
                for (uint256 j = 0; j < jurors.length; ++j) {
                    if (drawn[i] == jurors[j]) ++seats[j];
                }
            }
        }
        vm.revertToStateAndDelete(snapshot);
        assertGt(seats[0], 160); // 0.90 expected
        for (uint256 j = 1; j < jurors.length; ++j) {
            assertGt(seats[j], 30); // 0.30 expected
            assertLt(seats[j], 90);
        }
    }

    function test_draw_passesOverWhoHasLeft() public {
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Output);
        for (uint256 i = 3; i < jurors.length; ++i) {
            vm.prank(jurors[i]);
            jury.unstake(200e18);
        }
        address[] memory drawn = _draw(caseId);
        assertEq(drawn.length, 3);
        for (uint256 i = 0; i < 3; ++i) {
            assertTrue(drawn[i] == jurors[0] || drawn[i] == jurors[1] || drawn[i] == jurors[2]);
        }
    }

    function test_draw_waitsForItsBlock() public {
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Output);
        uint64 seedBlock = uint64(block.number) + jury.SEED_DELAY();
        vm.roll(seedBlock);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_SeedUnknown.selector, seedBlock));
        jury.draw(caseId);
        vm.roll(seedBlock + 1);
        jury.draw(caseId);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadyDrawn.selector, caseId));
        jury.draw(caseId);
    }

    /// @dev Whoever waits for a better seed finds one valid block at any time, and an end to it.
    function test_draw_aMissedSeedMovesToTheNextFixedBlockAFewTimes() public {
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Output);
        uint256 first = block.number + jury.SEED_DELAY();
        uint256 filed = vm.snapshotState();
        bytes32[2] memory hashes = [keccak256("first"), keccak256("second")];
        vm.roll(first + 256); // the last block that still sees it
        vm.setBlockhash(first, hashes[0]);
        _expectSeed(caseId, hashes[0]);
        vm.revertToState(filed);
        vm.roll(first + 257);
        vm.setBlockhash(first + 256, hashes[1]);
        _expectSeed(caseId, hashes[1]);
        vm.revertToState(filed);
        vm.roll(first + 256 * (jury.SEED_MOVES() + 1));
        vm.setBlockhash(first + 256 * jury.SEED_MOVES(), hashes[1]);
        _expectSeed(caseId, hashes[1]);
        vm.revertToState(filed);
        vm.roll(first + 256 * (jury.SEED_MOVES() + 1) + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_SeedLapsed.selector, first));
        jury.draw(caseId);
    }

    function _expectSeed(
        uint32 caseId,
        bytes32 hash
    ) private {
        uint64 commitBy = uint64(block.timestamp) + COMMIT;
        bytes32 seed = keccak256(abi.encode(hash, caseId, uint8(1)));
        vm.expectEmit(address(jury));
        emit IJuryEvents.RoundDrawn(caseId, 1, seed, SEATS, commitBy, commitBy + REVEAL, address(this));
        jury.draw(caseId);
    }

    function test_commitVote_mayBeChangedUntilItsEnd() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        _commitVote(caseId, drawn[0], Vote.Guilty);
        _commitVote(caseId, drawn[0], Vote.Innocent);
        uint64 commitBy = uint64(block.timestamp) + COMMIT;
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooEarly.selector, commitBy + 1));
        _revealVote(caseId, drawn[0], Vote.Innocent);
        _pass(COMMIT);
        _commitVote(caseId, drawn[1], Vote.Guilty);
        _pass(1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, commitBy));
        vm.prank(drawn[2]);
        jury.commitVote(caseId, "late");
        vm.expectPartialRevert(IJuryEvents.Jury_WrongVote.selector);
        _revealVote(caseId, drawn[0], Vote.Guilty);
        _revealVote(caseId, drawn[0], Vote.Innocent);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadyRevealed.selector, caseId, drawn[0]));
        _revealVote(caseId, drawn[0], Vote.Innocent);
        _pass(REVEAL);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, commitBy + REVEAL));
        _revealVote(caseId, drawn[1], Vote.Guilty);
    }

    function test_commitVote_failsForOthersAndBeforeTheDraw() public {
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Output);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotDrawn.selector, caseId));
        jury.commitVote(caseId, "c");
        _draw(caseId);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotJuror.selector, caseId, mallory));
        vm.prank(mallory);
        jury.commitVote(caseId, "c");
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotJuror.selector, caseId, mallory));
        vm.prank(mallory);
        jury.revealVote(caseId, Vote.Guilty, "salt");
        vm.expectRevert(IJuryEvents.Jury_EmptyCommitment.selector);
        jury.commitVote(caseId, 0);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotOpen.selector, 7, CaseStatus.None));
        jury.commitVote(7, "c");
    }

    /// @dev A commitment names its juror, case and round: copied, it opens to nothing.
    function test_copiedCommitment_cannotBeRevealed() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        bytes32 commitment = jury.commitmentOf(caseId, 1, drawn[0], Vote.Guilty, "salt");
        vm.prank(drawn[0]);
        jury.commitVote(caseId, commitment);
        vm.prank(drawn[1]);
        jury.commitVote(caseId, commitment);
        _pass(COMMIT + 1);
        _revealVote(caseId, drawn[0], Vote.Guilty);
        vm.expectPartialRevert(IJuryEvents.Jury_WrongVote.selector);
        _revealVote(caseId, drawn[1], Vote.Guilty);
    }

    function testFuzz_revealVote_opensTheCommitmentOnly(
        bytes32 salt,
        bytes32 other
    ) public {
        vm.assume(salt != other);
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        bytes32 commitment = jury.commitmentOf(caseId, 1, drawn[0], Vote.Guilty, salt);
        vm.prank(drawn[0]);
        jury.commitVote(caseId, commitment);
        _pass(COMMIT + 1);
        bytes32 given = jury.commitmentOf(caseId, 1, drawn[0], Vote.Guilty, other);
        vm.startPrank(drawn[0]);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_WrongVote.selector, given, commitment));
        jury.revealVote(caseId, Vote.Guilty, other);
        jury.revealVote(caseId, Vote.Guilty, salt);
        assertEq(jury.caseOf(caseId).guilty, 1);
    }
}
