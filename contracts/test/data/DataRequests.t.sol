// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {AskedStatus, DataRequest} from "../../src/types/Data.sol";
import {Accused} from "../../src/types/Proofs.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {DataBase} from "./DataBase.sol";

/// @notice A request from its bond to its end: answered, withheld or dropped; and what it does to its batch.
contract DataRequestsTest is DataBase {
    // ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_request_takesTheBondAndHoldsTheBatch() public {
        Story memory s = _settleHonest(_two());
        uint256 had = token.balanceOf(asker);
        bytes32 id = keccak256(abi.encode(_asked(s, R, 1, 1)));
        uint64 deadline = uint64(block.timestamp) + ANSWER_PERIOD;
        bytes32 headerHash = _headerHash(s);
        vm.expectEmit(address(dataRequests));
        emit IDataRequests.DataRequested(id, operator, headerHash, 1, R, 1, 1, DATA_BOND, deadline, asker);
        assertEq(_ask(s, R, 1, 1), id);
        assertEq(had - token.balanceOf(asker), DATA_BOND);
        DataRequest memory asked = dataRequests.request(id);
        assertEq(asked.requester, asker);
        assertEq(asked.bond, DATA_BOND);
        assertEq(asked.deadline, deadline);
        assertEq(asked.headerHash, headerHash);
        assertTrue(asked.status == AskedStatus.Open);
        assertEq(dataRequests.heldUntil(headerHash), type(uint64).max);
        vm.warp(block.timestamp + 10 * WINDOW);
        _isHeld(s, type(uint64).max);
    }

    function test_request_failsOutsideTheWindow() public {
        Story memory s = _settleHonest(_two());
        vm.warp(block.timestamp + WINDOW);
        BatchHeader memory header = _header(s);
        bytes memory call = abi.encodeCall(IDataRequests.requestData, (header, R, 1, 1));
        bytes memory closed = abi.encodeWithSelector(IDataRequests.DataRequests_WindowClosed.selector, block.timestamp);
        _dataRefused(asker, call, closed);
        _finalize(operator);
        bytes memory over = abi.encodeWithSelector(IDataRequests.DataRequests_NotPending.selector, operator, 1);
        _dataRefused(asker, call, over);
    }

    function test_request_failsForABatchThatIsVoidOrWasNeverSettled() public {
        Story memory before = _settleHonest(_two());
        Story memory s = _settleBad(_two());
        BatchHeader memory header = _header(s);
        bytes memory call = abi.encodeCall(IDataRequests.requestData, (header, R, 1, 1));
        _void(before, s);
        bytes memory over = abi.encodeWithSelector(IDataRequests.DataRequests_NotPending.selector, operator, 2);
        _dataRefused(asker, call, over);
        _refundAll(s);
        _dataRefused(asker, call, over);
        header.settledAt += 1;
        header.body.batchIndex = 1;
        _dataRefused(
            asker,
            abi.encodeCall(IDataRequests.requestData, (header, R, 1, 1)),
            abi.encodeWithSelector(IDataRequests.DataRequests_NotPending.selector, operator, 1)
        );
    }

    function test_request_failsForLeavesThatAreNotThere() public {
        Story memory s = _settleHonest(_two());
        uint32[3] memory counts = [uint32(s.receipts.length), uint32(s.allocations.length), uint32(s.rewards.length)];
        for (uint8 tree = 1; tree <= 3; ++tree) {
            uint32 count = counts[tree - 1];
            _noSuchLeaves(s, tree, count, 1);
            _noSuchLeaves(s, tree, 0, 0);
            _noSuchLeaves(s, tree, type(uint32).max, 1);
            _noSuchLeaves(s, tree, 1, tree == R ? 2 : 17);
        }
        _noSuchLeaves(s, PARAMETERS, 1, 1);
        _noSuchLeaves(s, PARAMETERS, 0, 2);
        _noSuchLeaves(s, 4, 0, 1);
    }

    function _noSuchLeaves(
        Story memory s,
        uint8 tree,
        uint32 from,
        uint32 count
    ) private {
        _dataRefused(
            asker,
            abi.encodeCall(IDataRequests.requestData, (_header(s), tree, from, count)),
            abi.encodeWithSelector(IDataRequests.DataRequests_NoSuchLeaves.selector, tree, from, count)
        );
    }

    function test_request_isMadeOnce() public {
        Story memory s = _settleHonest(_two());
        bytes32 id = _ask(s, A, 0, 4);
        bytes memory call = abi.encodeCall(IDataRequests.requestData, (_header(s), A, 0, 4));
        bytes memory error = abi.encodeWithSelector(IDataRequests.DataRequests_AskedBefore.selector, id);
        _dataRefused(asker, call, error);
        _done(operator, _answer(s, A, 0, 4));
        _dataRefused(asker, call, error);
        _ask(s, A, 0, 3); // another one
    }

    function test_request_failsWithoutABond() public {
        Story memory s = _settleHonest(_two());
        _dataRefused(
            anyone,
            abi.encodeCall(IDataRequests.requestData, (_header(s), R, 1, 1)),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(dataRequests), 0, DATA_BOND
            )
        );
    }

    // ── Answered ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_answer_paysTheOperatorAndIsPublished() public {
        Story memory s = _settleHonest(_two());
        bytes32 id = _ask(s, R, 2, 1);
        bytes memory answer = _answer(s, R, 2, 1);
        uint256 had = token.balanceOf(operator);
        uint64 until = uint64(block.timestamp) + PROOF_PERIOD;
        bytes32 headerHash = _headerHash(s);
        vm.expectEmit(address(dataRequests));
        emit IDataRequests.DataAnswered(id, operator, headerHash, 1, DATA_BOND, until, anyone, answer);
        _done(anyone, answer); // who has the data may answer; the bond is the operator's
        assertEq(token.balanceOf(operator) - had, DATA_BOND);
        assertEq(token.balanceOf(address(dataRequests)), 0);
        assertTrue(_status(id) == AskedStatus.Answered);
        assertEq(dataRequests.heldUntil(headerHash), until);
    }

    function test_finality_waitsForEveryRequest() public {
        Story memory s = _settleHonest(_two());
        for (uint32 i = 0; i < 3; ++i) {
            _ask(s, R, i, 1);
        }
        for (uint32 i = 0; i < 3; ++i) {
            _isHeld(s, type(uint64).max);
            _done(operator, _answer(s, R, i, 1));
        }
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
    }

    function test_answer_failsAfterTheDeadlineAndTwice() public {
        Story memory s = _settleHonest(_two());
        bytes32 id = _ask(s, W, 1, 2);
        bytes memory answer = _answer(s, W, 1, 2);
        uint64 deadline = uint64(block.timestamp) + ANSWER_PERIOD;
        vm.warp(deadline + 1);
        bytes memory late = abi.encodeWithSelector(IDataRequests.DataRequests_TooLate.selector, id, deadline);
        _dataRefused(operator, answer, late);
        vm.warp(deadline);
        _done(operator, answer);
        bytes memory done =
            abi.encodeWithSelector(IDataRequests.DataRequests_NotOpen.selector, id, AskedStatus.Answered);
        _dataRefused(operator, answer, done);
    }

    // ── Withheld ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_withheld_voidsTheBatchForTheRequester() public {
        _settleHonest(_two());
        Story memory s = _settleHonest(_two());
        uint256 had = token.balanceOf(asker);
        bytes32 id = _ask(s, R, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        uint256 value = s.batch.body.receipts.amount;
        vm.expectEmit(address(dataRequests));
        emit BatchFaults.FraudProven(
            operator, 2, keccak256(abi.encode(s.batch.body)), BatchFaults.Fault.WithheldData, asker
        );
        vm.expectEmit(address(dataRequests));
        emit IDataRequests.DataWithheld(id, operator, _headerHash(s), 2, DATA_BOND, asker, anyone);
        _done(anyone, _withheld(s, id)); // whoever sends it, the requester is paid
        assertEq(token.balanceOf(asker) - had, value * 2 / 5);
        assertEq(token.balanceOf(address(dataRequests)), 0);
        assertTrue(_status(id) == AskedStatus.Withheld);
        assertEq(_state().voidedFrom, 2);
        uint256 funds = escrow.account(payer, operator).balance;
        _refundAll(s);
        assertEq(escrow.account(payer, operator).balance - funds, 3 * FEE);
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator); // the one before stands
    }

    function test_withheld_failsBeforeItsTimeAndForOtherBatches() public {
        Story memory first = _settleHonest(_two());
        Story memory s = _settleHonest(_two());
        bytes32 id = _ask(s, R, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD);
        bytes memory open = abi.encodeWithSelector(IDataRequests.DataRequests_StillOpen.selector, id, block.timestamp);
        _dataRefused(anyone, _withheld(s, id), open);
        vm.warp(block.timestamp + 1);
        bytes memory other =
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongHeader.selector, _headerHash(first), _headerHash(s));
        _dataRefused(anyone, abi.encodeCall(IDataRequests.proveWithheld, (_accuse(first), id)), other);
        bytes memory none =
            abi.encodeWithSelector(IDataRequests.DataRequests_NotOpen.selector, bytes32("none"), AskedStatus.None);
        _dataRefused(anyone, abi.encodeCall(IDataRequests.proveWithheld, (_accuse(s), "none")), none);
        Accused memory accused = _accuse(s);
        accused.earlier = new BatchHeader[](0);
        _dataRefused(
            anyone,
            abi.encodeCall(IDataRequests.proveWithheld, (accused, id)),
            abi.encodeWithSelector(ISettlement.Settlement_WrongEarlierBatches.selector, 0, 1)
        );
        _done(anyone, _withheld(s, id));
    }

    /// @dev Of two that went unanswered the second gets its bond back, and no second slash.
    function test_drop_givesBackTheBondOfABatchThatIsVoidAlready() public {
        Story memory s = _settleHonest(_two());
        bytes32 one = _ask(s, R, 1, 1);
        bytes32 two = _ask(s, R, 2, 1);
        BatchHeader memory header = _header(s);
        bytes memory drop = abi.encodeCall(IDataRequests.drop, (header, two));
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        _dataRefused(
            anyone, drop, abi.encodeWithSelector(IDataRequests.DataRequests_StillPending.selector, operator, 1)
        );
        _done(anyone, _withheld(s, one));
        _dataRefused(
            anyone, _withheld(s, two), abi.encodeWithSelector(ISettlement.Settlement_BatchVoid.selector, operator, 1)
        );
        uint256 had = token.balanceOf(asker);
        vm.expectEmit(address(dataRequests));
        emit IDataRequests.DataRequestDropped(two, asker, DATA_BOND, anyone);
        _done(anyone, drop);
        assertEq(token.balanceOf(asker) - had, DATA_BOND);
        assertEq(token.balanceOf(address(dataRequests)), 0);
        bytes memory over =
            abi.encodeWithSelector(IDataRequests.DataRequests_NotOpen.selector, two, AskedStatus.Dropped);
        _dataRefused(anyone, drop, over);
    }

    /// @dev The void batch is refunded and its index used again before the bond is asked back.
    function test_drop_worksOnceTheIndexHasAnotherBatch() public {
        Story memory before = _settleHonest(_two());
        Story memory s = _settleBad(_two());
        bytes32 id = _ask(s, R, 1, 1);
        BatchHeader memory header = _header(s);
        _void(before, s);
        _refundAll(s);
        vm.warp(block.timestamp + 1);
        Story memory again = _settleHonest(_two());
        assertEq(again.batch.body.batchIndex, 2);
        _dataRefused(
            anyone,
            abi.encodeCall(IDataRequests.drop, (_header(again), id)),
            abi.encodeWithSelector(
                IDataRequests.DataRequests_WrongHeader.selector, _headerHash(again), keccak256(_encoded(header))
            )
        );
        _done(anyone, abi.encodeCall(IDataRequests.drop, (header, id)));
        assertTrue(_status(id) == AskedStatus.Dropped);
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        _finalize(operator); // nothing holds the new one
    }

    function _encoded(
        BatchHeader memory header
    ) private pure returns (bytes memory) {
        bytes32 body = keccak256(abi.encode(header.body));
        return abi.encode(body, keccak256(abi.encode(header.rewards)), header.settledAt);
    }

    // ── What it is worth to lie ─────────────────────────────────────────────────────────────────────────────────────

    /// @dev An operator that asks itself and stays silent loses what every proven operator loses.
    function test_operatorsThatAskThemselvesLoseFourFifths() public {
        Story memory s = _settleHonest(_two());
        _give(operator, address(dataRequests), DATA_BOND);
        BatchHeader memory header = _header(s);
        uint256 had = token.balanceOf(operator) + registry.operator(operator).stake;
        vm.prank(operator);
        bytes32 id = dataRequests.requestData(header, R, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        _done(operator, _withheld(s, id));
        uint256 has = token.balanceOf(operator) + registry.operator(operator).stake;
        uint256 slashed = 2 * uint256(s.batch.body.receipts.amount);
        assertEq(had - has, slashed * 4 / 5);
    }

    function test_aPauseStopsNoRequest() public {
        Story memory s = _settleHonest(_two());
        vm.startPrank(guardian);
        settlement.pause();
        escrow.pause();
        vm.stopPrank();
        bytes32 id = _ask(s, R, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        _done(anyone, _withheld(s, id));
        _refundAll(s);
    }
}
