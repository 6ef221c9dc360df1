// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {CaseStatus, JuryCase, Question, Vote} from "../../src/types/Jury.sol";
import {JuryBase} from "../settlement/JuryBase.sol";

contract JuryVerdictsTest is JuryBase {
    function test_guilty_slashesAndPaysFilerJurorsPayerAndDatanets() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        uint256 supply = token.totalSupply();
        _unanimous(caseId, Vote.Guilty);
        vm.expectEmit(address(jury));
        emit IJuryEvents.CaseDecided(caseId, CaseStatus.Guilty, 3, 0, MINIMUM_STAKE, 100e18, 100e18, 300e18, anyone);
        vm.prank(anyone);
        jury.decide(caseId); // at once: everybody has revealed
        assertEq(registry.operator(operator).stake, STAKE - MINIMUM_STAKE);
        assertEq(jury.credit(filer), CASE_BOND + 100e18);
        for (uint256 i = 0; i < drawn.length; ++i) {
            assertEq(jury.credit(drawn[i]), uint256(100e18) / 3);
            assertEq(jury.juror(drawn[i]).locked, 0);
        }
        JuryCase memory c = jury.caseOf(caseId);
        assertEq(jury.credit(c.payer), c.fee);
        assertEq(c.compensation, 300e18 - c.fee);
        assertEq(supply - token.totalSupply(), 500e18 + 1); // a wei that three jurors cannot share
        _assertSolvent();
    }

    function test_guilty_voidsAndFreezesNothing() public {
        Story memory s = _settleHonest(_two());
        uint32 caseId = _file(s, 0, Question.Output);
        ISettlement.OperatorBatches memory before = _state();
        _settleHonest(_two()); // goes on while the case is open
        _draw(caseId);
        _unanimous(caseId, Vote.Guilty);
        jury.decide(caseId);
        ISettlement.OperatorBatches memory state = _state();
        assertEq(state.settled, before.settled + 1);
        assertEq(state.voidedFrom, 0);
        settlement.finalize(headers[operator][s.batch.body.batchIndex]);
        assertEq(_state().finalized, s.batch.body.batchIndex);
    }

    function test_innocent_givesTheBondToJurorsAndAccused() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        Vote[] memory votes_ = new Vote[](3);
        (votes_[0], votes_[1], votes_[2]) = (Vote.Innocent, Vote.Innocent, Vote.Guilty);
        _voteAll(caseId, votes_);
        jury.decide(caseId);
        assertEq(uint256(_status(caseId)), uint256(CaseStatus.Innocent));
        assertEq(jury.credit(operator), 25e18);
        assertEq(jury.credit(drawn[0]), 12.5e18);
        assertEq(jury.credit(drawn[1]), 12.5e18);
        assertEq(jury.credit(filer), 0);
        assertEq(registry.operator(operator).stake, STAKE);
        _assertSolvent();
    }

    /// @dev Who was outvoted gets nothing, and loses nothing.
    function test_honestDisagreementCostsNoMoreThanTheReward() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        Vote[] memory votes_ = new Vote[](3);
        (votes_[0], votes_[1], votes_[2]) = (Vote.Innocent, Vote.Innocent, Vote.Guilty);
        _voteAll(caseId, votes_);
        jury.decide(caseId);
        assertEq(jury.credit(drawn[2]), 0);
        assertEq(jury.juror(drawn[2]).stake, 200e18);
        assertEq(jury.juror(drawn[2]).locked, 0);
    }

    function test_noShow_losesAFixedPartToThoseWhoCame() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        Vote[] memory votes_ = new Vote[](3);
        (votes_[0], votes_[1]) = (Vote.Innocent, Vote.Innocent);
        _voteAll(caseId, votes_);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooEarly.selector, block.timestamp + REVEAL));
        jury.decide(caseId);
        _pass(REVEAL);
        vm.expectEmit(address(jury));
        emit IJuryEvents.NoShowPenalised(caseId, drawn[2], 1, PENALTY, 190e18);
        jury.decide(caseId);
        assertEq(jury.juror(drawn[2]).stake, 190e18);
        assertEq(jury.juror(drawn[2]).locked, 0);
        assertEq(jury.credit(drawn[0]), 12.5e18 + 5e18);
        _assertSolvent();
    }

    /// @dev A bribe for not revealing must be worth more than the penalty, and buys no verdict: two of three decide.
    function test_bribedEmptyReveal_isANoShow() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        _commitVote(caseId, drawn[0], Vote.None);
        _commitVote(caseId, drawn[1], Vote.Guilty);
        _commitVote(caseId, drawn[2], Vote.Guilty);
        _pass(COMMIT + 1);
        bytes32 commitment = jury.commitmentOf(caseId, 1, drawn[0], Vote.None, "salt");
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_WrongVote.selector, commitment, commitment));
        _revealVote(caseId, drawn[0], Vote.None);
        _revealVote(caseId, drawn[1], Vote.Guilty);
        _revealVote(caseId, drawn[2], Vote.Guilty);
        _pass(REVEAL);
        jury.decide(caseId);
        assertEq(uint256(_status(caseId)), uint256(CaseStatus.Guilty));
        assertEq(jury.juror(drawn[0]).stake, 200e18 - PENALTY);
        assertEq(jury.credit(drawn[0]), 0);
    }

    function test_noMajority_drawsTwiceAsManyOnceThenReturnsTheBond() public {
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        Vote[] memory votes_ = new Vote[](6);
        (votes_[0], votes_[1]) = (Vote.Innocent, Vote.Guilty);
        _voteAll(caseId, votes_);
        _pass(REVEAL);
        jury.decide(caseId);
        JuryCase memory c = jury.caseOf(caseId);
        assertEq(uint256(c.status), uint256(CaseStatus.Open));
        assertEq(c.round, 2);
        assertEq(c.seats, 2 * SEATS);
        assertEq(jury.credit(drawn[0]), PENALTY / 2); // the penalty of the third
        assertEq(_draw(caseId).length, 6);
        votes_ = new Vote[](6);
        for (uint256 i = 0; i < 6; ++i) {
            votes_[i] = i < 3 ? Vote.Guilty : Vote.Innocent;
        }
        _voteAll(caseId, votes_);
        vm.expectEmit(address(jury));
        emit IJuryEvents.CaseDecided(caseId, CaseStatus.Dismissed, 3, 3, 0, 0, 0, 0, address(this));
        jury.decide(caseId);
        assertEq(jury.credit(filer), CASE_BOND);
        assertEq(registry.operator(operator).stake, STAKE);
        assertEq(jury.openCases(c.target), 0);
        _assertSolvent();
    }

    function test_undrawn_isDismissedInTheEnd() public {
        uint32 caseId = _file(_settleHonest(_two()), 0, Question.Query);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooEarly.selector, block.timestamp + DRAW + 1));
        jury.decide(caseId);
        _pass(DRAW + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, block.timestamp - 1));
        jury.draw(caseId);
        jury.decide(caseId);
        _pass(DRAW + 1);
        jury.decide(caseId);
        assertEq(uint256(_status(caseId)), uint256(CaseStatus.Dismissed));
        assertEq(jury.credit(filer), CASE_BOND);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotOpen.selector, caseId, CaseStatus.Dismissed));
        jury.decide(caseId);
        _assertSolvent();
    }

    function test_guilty_takesThawingStake() public {
        (uint32 caseId,) = _drawnCase();
        vm.prank(operator);
        registry.unbond(STAKE);
        _unanimous(caseId, Vote.Guilty);
        jury.decide(caseId);
        assertEq(registry.operator(operator).unbonding, STAKE - MINIMUM_STAKE);
    }

    function test_repeatedSlashesOfTheSameReceipt_areOne() public {
        Story memory s = _settleHonest(_two());
        uint32 first = _file(s, 0, Question.Output);
        uint32 second = _file(s, 0, Question.Query);
        _pass(jury.SEED_DELAY() + 1);
        jury.draw(first);
        jury.draw(second);
        uint32[2] memory both = [first, second];
        for (uint256 k = 0; k < 2; ++k) {
            address[] memory drawn = jury.jurorsOf(both[k], 1);
            for (uint256 i = 0; i < drawn.length; ++i) {
                _commitVote(both[k], drawn[i], Vote.Guilty);
            }
        }
        _pass(COMMIT + 1);
        for (uint256 k = 0; k < 2; ++k) {
            address[] memory drawn = jury.jurorsOf(both[k], 1);
            for (uint256 i = 0; i < drawn.length; ++i) {
                _revealVote(both[k], drawn[i], Vote.Guilty);
            }
            jury.decide(both[k]);
        }
        assertEq(uint256(_status(second)), uint256(CaseStatus.Guilty));
        assertEq(registry.operator(operator).stake, STAKE - MINIMUM_STAKE);
        assertEq(jury.credit(filer), CASE_BOND + 2 * CASE_BOND + 100e18); // both bonds, one bounty
        _assertSolvent();
    }

    /// @dev The operator is the filer's friend, and every juror, the payer and both datanets are its own.
    function testFuzz_selfConvictionForTheBounty_neverProfits(
        uint96 fee,
        uint96 left
    ) public {
        fee = uint96(bound(fee, 1e18, 5_000e18)) / 10_000 * 10_000;
        Calls[] memory calls = new Calls[](1);
        calls[0] = Calls(payer, payerKey, 1, fee);
        Story memory s = _settleHonest(calls);
        uint32 caseId = _file(s, 0, Question.Output);
        address[] memory drawn = _draw(caseId);
        left = uint96(bound(left, 0, STAKE));
        vm.prank(juryAddress);
        registry.seize(operator, left); // what another fault took before
        vm.prank(juryAddress);
        token.burn(left);
        uint256 before = registry.operator(operator).stake;
        _unanimous(caseId, Vote.Guilty);
        jury.decide(caseId);
        uint256 lost = before - registry.operator(operator).stake;
        uint256 back = jury.credit(filer) - CASE_BOND + jury.credit(payer) + jury.caseOf(caseId).compensation;
        for (uint256 i = 0; i < drawn.length; ++i) {
            back += jury.credit(drawn[i]);
        }
        assertLe(2 * back, lost);
        assertGe(lost, before < MINIMUM_STAKE ? before : MINIMUM_STAKE);
        _assertSolvent();
    }

    /// @dev 0: does not come, 1: guilty, 2: innocent, 3: commits and stays silent.
    function testFuzz_anyVotes_leaveExactlyWhatIsOwed(
        uint8[9] calldata acts
    ) public {
        (uint32 caseId,) = _drawnCase();
        uint256 at = 0;
        while (_status(caseId) == CaseStatus.Open) {
            address[] memory drawn = jury.jurorsOf(caseId, jury.caseOf(caseId).round);
            uint256 from = at;
            for (uint256 i = 0; i < drawn.length; ++i) {
                uint8 act = acts[at++] % 4;
                if (act != 0) _commitVote(caseId, drawn[i], act == 3 ? Vote.Guilty : Vote(act));
            }
            _pass(COMMIT + 1);
            for (uint256 i = 0; i < drawn.length; ++i) {
                uint8 act = acts[from + i] % 4;
                if (act == 1 || act == 2) _revealVote(caseId, drawn[i], Vote(act));
            }
            _pass(REVEAL);
            jury.decide(caseId);
            _assertSolvent();
            if (_status(caseId) == CaseStatus.Open) _draw(caseId);
        }
        for (uint256 i = 0; i < jurors.length; ++i) {
            assertEq(jury.juror(jurors[i]).locked, 0);
        }
    }

    function test_compensate_paysEachDatanetOnce() public {
        (uint32 caseId,) = _drawnCase();
        _unanimous(caseId, Vote.Guilty);
        jury.decide(caseId);
        uint256 half = jury.caseOf(caseId).compensation / 2;
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NoSuchDatanet.selector, 2, 2));
        jury.compensate(caseId, uses, 2);
        jury.compensate(caseId, uses, 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadyCompensated.selector, caseId, 1));
        jury.compensate(caseId, uses, 1);
        jury.compensate(caseId, uses, 0);
        assertEq(token.balanceOf(datanets.datanet(uses[0].datanetId).pool), half);
        assertEq(token.balanceOf(datanets.datanet(uses[1].datanetId).pool), half);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingToCompensate.selector, caseId));
        jury.compensate(caseId, uses, 0);
        uses.pop();
        vm.expectRevert(
            abi.encodeWithSelector(
                IJuryEvents.Jury_WrongDatanets.selector, keccak256(abi.encode(uses)), release_.datanetsHash
            )
        );
        jury.compensate(caseId, uses, 0);
        _assertSolvent();
    }

    function test_burnCompensation_afterAMonthOnly() public {
        (uint32 caseId,) = _drawnCase();
        _unanimous(caseId, Vote.Guilty);
        jury.decide(caseId);
        uint64 from = uint64(block.timestamp) + jury.COMPENSATION_PERIOD();
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooEarly.selector, from));
        jury.burnCompensation(caseId);
        uint96 left = jury.caseOf(caseId).compensation;
        uint256 supply = token.totalSupply();
        vm.warp(from);
        jury.burnCompensation(caseId);
        assertEq(supply - token.totalSupply(), left);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingToCompensate.selector, caseId));
        jury.burnCompensation(caseId);
        _assertSolvent();
    }

    function test_withdraw_paysTheAccountWhoeverCalls() public {
        (uint32 caseId,) = _drawnCase();
        _unanimous(caseId, Vote.Guilty);
        jury.decide(caseId);
        uint256 before = token.balanceOf(filer);
        vm.prank(anyone);
        jury.withdraw(filer);
        assertEq(token.balanceOf(filer) - before, CASE_BOND + 100e18);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingToWithdraw.selector, filer));
        jury.withdraw(filer);
        _assertSolvent();
    }

    function test_seize_failsForAnybodyElse() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_NotJury.selector, address(this)));
        registry.seize(operator, 1);
        vm.prank(address(settlement));
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_NotJury.selector, address(settlement))
        );
        registry.seize(operator, 1);
    }
}
