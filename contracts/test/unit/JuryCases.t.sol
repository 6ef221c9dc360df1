// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {TreeProofs} from "../../src/libraries/TreeProofs.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {AccusedReceipt, CaseStatus, JuryCase, Question, Vote} from "../../src/types/Jury.sol";
import {JuryBase} from "../settlement/JuryBase.sol";

contract JuryCasesTest is JuryBase {
    function _refusedFiling(
        AccusedReceipt memory accused,
        bytes memory error
    ) private {
        vm.expectRevert(error);
        vm.prank(filer);
        jury.fileReceipt(Question.Output, accused, type(uint96).max, "");
    }

    function test_fileReceipt() public {
        Story memory s = _settleHonest(_two());
        uint256 before = token.balanceOf(filer);
        uint32 caseId = _file(s, 1, Question.Output);
        JuryCase memory c = jury.caseOf(caseId);
        assertEq(caseId, 1);
        assertEq(jury.caseCount(), 1);
        assertEq(c.accused, operator);
        assertEq(c.filer, filer);
        assertEq(c.payer, _payerAt(s, 1));
        assertEq(c.fee, s.opened[1].fee);
        assertEq(c.bond, CASE_BOND);
        assertEq(c.seats, SEATS);
        assertEq(c.target, settlement.headerHash(operator, s.batch.body.batchIndex));
        assertEq(uint256(c.status), uint256(CaseStatus.Open));
        assertEq(before - token.balanceOf(filer), CASE_BOND);
        _assertSolvent();
    }

    function test_fileReceipt_emitsWhatTheIndexNeeds() public {
        Story memory s = _settleHonest(_two());
        AccusedReceipt memory accused = _accusedAt(s, 0);
        vm.expectEmit(address(jury));
        emit IJuryEvents.CaseFiled(
            1,
            operator,
            filer,
            Question.Query,
            settlement.headerHash(operator, 1),
            _hash(s.opened[0]),
            releaseHash,
            1,
            0,
            CASE_BOND,
            SEATS,
            uint64(block.number) + jury.SEED_DELAY(),
            uint64(block.timestamp) + DRAW,
            "why"
        );
        vm.prank(filer);
        jury.fileReceipt(Question.Query, accused, CASE_BOND, "why");
    }

    function test_fileReceipt_failsForWhatTheBatchDoesNotHold() public {
        Story memory s = _settleHonest(_two());
        AccusedReceipt memory a = _accusedAt(s, 0);
        a.header.settledAt += 1;
        vm.prank(filer);
        vm.expectPartialRevert(IJuryEvents.Jury_WrongHeader.selector);
        jury.fileReceipt(Question.Output, a, type(uint96).max, "");

        a = _accusedAt(s, 0);
        a.opened.leaf.index = 2;
        _refusedFiling(a, abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, SumTree.RECEIPTS, 2));

        a = _accusedAt(s, 0);
        a.opened.receipt.fee += 1;
        _refusedFiling(
            a,
            abi.encodeWithSelector(IJuryEvents.Jury_WrongReceipt.selector, _hash(a.opened.receipt), a.opened.leaf.data)
        );
        a.opened.receipt.fee -= 1; // the story's own

        a = _accusedAt(s, 0);
        a.signer = mallory;
        vm.prank(filer);
        vm.expectPartialRevert(IJuryEvents.Jury_WrongChannel.selector);
        jury.fileReceipt(Question.Output, a, type(uint96).max, "");

        a = _accusedAt(s, 0);
        a.composition[0].weightBps -= 1;
        _refusedFiling(
            a,
            abi.encodeWithSelector(
                IJuryEvents.Jury_WrongComposition.selector,
                keccak256(abi.encode(a.composition)),
                a.opened.receipt.compositionHash
            )
        );

        a = _accusedAt(s, 0);
        a.component = 1;
        _refusedFiling(a, abi.encodeWithSelector(IJuryEvents.Jury_NoSuchComponent.selector, 1, 1));

        a = _accusedAt(s, 0);
        a.release.k = 1;
        _refusedFiling(
            a,
            abi.encodeWithSelector(
                IJuryEvents.Jury_WrongRelease.selector, keccak256(abi.encode(a.release)), releaseHash
            )
        );
        assertEq(token.balanceOf(address(jury)), 8 * 200e18);
    }

    function test_fileReceipt_failsForQuestionsAboutReleases() public {
        AccusedReceipt memory a = _accusedAt(_settleHonest(_two()), 0);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_WrongQuestion.selector, Question.Row));
        jury.fileReceipt(Question.Row, a, type(uint96).max, "");
    }

    function test_fileReceipt_failsAfterTheFilingPeriod() public {
        Story memory s = _settleHonest(_two());
        uint64 deadline = uint64(block.timestamp) + FILING;
        _pass(FILING + 1);
        _refusedFiling(_accusedAt(s, 0), abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, deadline));
    }

    function test_fileReceipt_failsForAVoidBatch() public {
        Story memory before;
        Story memory s = _settleBad(_two());
        AccusedReceipt memory a = _accusedAt(s, 0);
        _void(before, s);
        _refusedFiling(a, abi.encodeWithSelector(IJuryEvents.Jury_BatchVoid.selector, operator, 1));
        _refundAll(s);
        _refusedFiling(a, abi.encodeWithSelector(IJuryEvents.Jury_BatchVoid.selector, operator, 1));
    }

    function test_fileReceipt_failsWithTooFewJurors() public {
        Story memory s = _settleHonest(_two());
        for (uint256 i = 2; i < jurors.length; ++i) {
            vm.prank(jurors[i]);
            jury.unstake(200e18);
        }
        _refusedFiling(_accusedAt(s, 0), abi.encodeWithSelector(IJuryEvents.Jury_TooFewJurors.selector, 2, SEATS));
    }

    function test_fileReceipt_takesNoMoreThanTheFilerAgreedTo() public {
        Story memory s = _settleHonest(_two());
        _file(s, 0, Question.Output);
        AccusedReceipt memory a = _accusedAt(s, 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_BondTooLow.selector, CASE_BOND, 2 * CASE_BOND));
        vm.prank(filer);
        jury.fileReceipt(Question.Output, a, CASE_BOND, "");
    }

    /// @dev Filling all places, to keep others out or to tire jurors, costs 255 bonds; half of each is lost.
    function test_jurySpam_paysTwiceForEachFurtherCaseAndEndsAtTheCap() public {
        Story memory s = _settleHonest(_two());
        uint96 sum;
        bytes32 target = settlement.headerHash(operator, s.batch.body.batchIndex);
        for (uint256 i = 0; i < 8; ++i) {
            uint96 bond = jury.bondFor(target);
            assertEq(bond, CASE_BOND * uint96(2 ** i));
            sum += bond;
            _file(s, i / 2, i % 2 == 0 ? Question.Output : Question.Query);
        }
        assertEq(sum, 255 * CASE_BOND);
        _refusedFiling(_accusedAt(s, 4), abi.encodeWithSelector(IJuryEvents.Jury_TooManyCases.selector, target));
        uint32 elsewhere = _file(_settleHonest(_two()), 0, Question.Output); // other batches are not kept waiting
        assertEq(jury.caseOf(elsewhere).bond, CASE_BOND);
        _assertSolvent();
    }

    function test_judged_isNotFiledAgain() public {
        Story memory s = _settleHonest(_two());
        uint32 caseId = _file(s, 0, Question.Output);
        bytes memory judged =
            abi.encodeWithSelector(IJuryEvents.Jury_AlreadyJudged.selector, jury.caseOf(caseId).subject);
        _refusedFiling(_accusedAt(s, 0), judged);
        _draw(caseId);
        _voteOut(caseId, Vote.Innocent);
        vm.warp(headers[operator][1].settledAt + FILING);
        _refusedFiling(_accusedAt(s, 0), judged);
    }

    function test_guilty_isNotFiledAgainUnderAnyQuestion() public {
        Story memory s = _settleHonest(_two());
        uint32 caseId = _file(s, 0, Question.Output);
        _draw(caseId);
        _voteOut(caseId, Vote.Guilty);
        vm.warp(headers[operator][1].settledAt + FILING);
        AccusedReceipt memory a = _accusedAt(s, 0);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadySlashed.selector, _hash(s.opened[0])));
        vm.prank(filer);
        jury.fileReceipt(Question.Query, a, type(uint96).max, "");
    }

    function test_dismissed_mayBeFiledAgain() public {
        Story memory s = _settleHonest(_two());
        uint32 caseId = _file(s, 0, Question.Output);
        _pass(DRAW + 1);
        jury.decide(caseId);
        _pass(DRAW + 1);
        jury.decide(caseId);
        vm.warp(headers[operator][1].settledAt + FILING);
        uint32 again = _file(s, 0, Question.Output);
        assertEq(jury.caseOf(again).bond, CASE_BOND);
    }

    function test_answer_onlyByTheAccusedUntilVotesAreDue() public {
        (uint32 caseId,) = _drawnCase();
        vm.expectEmit(address(jury));
        emit IJuryEvents.CaseAnswered(caseId, operator, "bafkreianswer", operatorSigner);
        vm.prank(operatorSigner);
        jury.answer(caseId, "bafkreianswer");
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotAccused.selector, caseId, mallory));
        vm.prank(mallory);
        jury.answer(caseId, "");
        uint64 commitBy = uint64(block.timestamp) + COMMIT;
        _pass(COMMIT + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, commitBy));
        vm.prank(operator);
        jury.answer(caseId, "");
    }

    /// @dev A pause stops what is new and nothing else.
    function test_pause_stopsFilingOnly() public {
        Story memory s = _settleHonest(_two());
        uint32 caseId = _file(s, 0, Question.Output);
        vm.prank(guardian);
        jury.pause();
        uint64 until = uint64(block.timestamp) + LONGEST_PAUSE;
        _refusedFiling(_accusedAt(s, 1), abi.encodeWithSelector(BoundedPause.BoundedPause_Paused.selector, until));
        _draw(caseId);
        _voteOut(caseId, Vote.Guilty);
        jury.withdraw(filer);
        jury.compensate(caseId, uses, 0);
        _juror("latecomer", 200e18);
        vm.prank(jurors[0]);
        jury.unstake(200e18);
        _pass(2 * (DRAW + COMMIT + REVEAL));
        assertEq(jury.juror(jurors[0]).leaving, 200e18);
        jury.withdrawStake(jurors[0]);
        assertEq(token.balanceOf(jurors[0]) >= 2_000e18, true);
    }

    /// @dev All vote so, at clocks that leave the filing period open.
    function _voteOut(
        uint32 caseId,
        Vote vote
    ) private {
        _unanimous(caseId, vote);
        jury.decide(caseId);
    }
}
