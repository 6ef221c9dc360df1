// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {TreeProofs} from "../../src/libraries/TreeProofs.sol";
import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {AskedStatus} from "../../src/types/Data.sol";
import {Evidence, RecordScore} from "../../src/types/Evidence.sol";
import {OpenedComponents, OpenedEvidence, OpenedRow} from "../../src/types/Proofs.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {TestIndex} from "../fraud/TestIndex.sol";
import {RowBase} from "./RowBase.sol";

/// @notice Rows of an index that are too long for one proof: what the operator must state of them, and what its statement
///         is worth.
contract RowRequestsTest is RowBase {
    // ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_requestRow_takesTheBondAndHoldsTheBatch() public {
        Story memory s = _settleHonest(_two());
        Evidence memory e = _evidence();
        bytes32 id = keccak256(abi.encode(_askedRow(s, e, 7, 1)));
        uint64 deadline = uint64(block.timestamp) + ANSWER_PERIOD;
        vm.expectEmit(address(dataRequests));
        emit IDataRequests.RowRequested(
            id,
            operator,
            _headerHash(s),
            1,
            releaseHash,
            _hash(s.opened[0]),
            keccak256(abi.encode(e)),
            7,
            1,
            DATA_BOND,
            deadline,
            asker
        );
        assertEq(_askRow(s, e, 7, 1), id);
        assertEq(dataRequests.heldUntil(_headerHash(s)), type(uint64).max);
        vm.warp(deadline + 1);
        _done(anyone, _withheld(s, id));
        assertTrue(_status(id) == AskedStatus.Withheld);
    }

    function test_requestRow_failsForWhatTheBatchDoesNotHold() public {
        Story memory s = _settleHonest(_two());
        BatchHeader memory header = _header(s);
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        opened.receipt.receipt.fee += 1;
        _rowRefused(header, opened, _hash(opened.receipt.receipt), opened.receipt.leaf.data);
        opened.receipt.receipt.fee -= 1; // the story's own
        opened = _openEvidence(s, 0, _evidence());
        opened.component.termsVersion = 9;
        _rowRefused(header, opened, _hashComponent(opened.component), opened.receipt.receipt.compositionHash);
        opened = _openEvidence(s, 0, _evidence());
        opened.release.k = 1;
        _rowRefused(header, opened, keccak256(abi.encode(opened.release)), releaseHash);
        opened = _openEvidence(s, 0, _evidence());
        opened.evidence.queryRoot = "other";
        _rowRefused(header, opened, keccak256(abi.encode(opened.evidence)), opened.receipt.receipt.evidenceHash);
        opened = _openEvidence(s, 0, _evidence());
        opened.receipt.leaf.amount += 1;
        _dataRefused(
            asker,
            abi.encodeCall(IDataRequests.requestRow, (header, opened, 0, 0)),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, R, 1)
        );
    }

    function _rowRefused(
        BatchHeader memory header,
        OpenedEvidence memory opened,
        bytes32 given,
        bytes32 expected
    ) private {
        _dataRefused(
            asker,
            abi.encodeCall(IDataRequests.requestRow, (header, opened, 0, 0)),
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongAnswer.selector, given, expected)
        );
    }

    function test_requestRow_failsForRowsAndChunksThatAreNotThere() public {
        Story memory s = _settleHonest(_two());
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        uint32[2][2] memory beyond = [[TestIndex.ROWS, uint32(0)], [uint32(0), uint32(2)]];
        for (uint256 i = 0; i < 2; ++i) {
            _dataRefused(
                asker,
                abi.encodeCall(IDataRequests.requestRow, (_header(s), opened, beyond[i][0], beyond[i][1])),
                abi.encodeWithSelector(IDataRequests.DataRequests_NoSuchRow.selector, beyond[i][0], beyond[i][1])
            );
        }
    }

    // ── Answering ───────────────────────────────────────────────────────────────────────────────────────────────────

    function test_answerRow_isTheOperatorsOwn() public {
        Story memory s = _settleHonest(_two());
        Evidence memory e = _evidence();
        _askRow(s, e, 3, 1);
        bytes memory answer = _answerRow(s, e, 3, 1, _partials(3));
        bytes memory error = abi.encodeWithSelector(IDataRequests.DataRequests_NotOperator.selector, mallory, operator);
        _dataRefused(mallory, answer, error);
        _done(operator, answer);
    }

    function test_answerRow_failsForOtherRowsAndChunks() public {
        Story memory s = _settleHonest(_two());
        Evidence memory e = _evidence();
        _askRow(s, e, 3, 1);
        _rowAnswerRefused(
            s,
            _row(4),
            _chunk(3, 1),
            _partials(3),
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongPosition.selector, 4, 3)
        );
        _rowAnswerRefused(
            s,
            _row(3),
            _chunk(3, 0),
            _partials(3),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, SumTree.INDEX_ROW, 1)
        );
        _rowAnswerRefused(
            s,
            _row(3),
            _chunk(3, 1),
            new int32[](1),
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongCount.selector, 1, 2)
        );
        OpenedRow memory row = _row(3);
        row.leaf.contributor = mallory;
        _rowAnswerRefused(
            s,
            row,
            _chunk(3, 1),
            _partials(3),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, SumTree.ATTRIBUTION_INDEX, 3)
        );
    }

    function _rowAnswerRefused(
        Story memory s,
        OpenedRow memory row,
        OpenedComponents memory chunk,
        int32[] memory partials,
        bytes memory error
    ) private {
        Evidence memory e = _evidence();
        _dataRefused(
            operator,
            abi.encodeCall(IDataRequests.answerRow, (_header(s), _askedRow(s, e, 3, 1), _by(e), row, chunk, partials)),
            error
        );
    }

    // ── What a statement is worth ───────────────────────────────────────────────────────────────────────────────────

    /// @dev Whoever left out a row can state the truth, and loses by it …
    function test_statedOmission_voidsTheBatch() public {
        (Story memory s, Evidence memory e, uint32 position) = _lying();
        int32[] memory partials = _partials(position);
        _dataRefused(
            anyone,
            _stated(s, e, position, partials),
            abi.encodeWithSelector(
                IDataRequests.DataRequests_NothingStated.selector, keccak256(abi.encode(_askedRow(s, e, position, 0)))
            )
        );
        _askRow(s, e, position, 0);
        _done(operator, _answerRow(s, e, position, 0, partials));
        uint256 had = token.balanceOf(anyone);
        _done(anyone, _stated(s, e, position, partials));
        assertEq(token.balanceOf(anyone) - had, uint256(s.batch.body.receipts.amount) * 2 / 5);
        assertEq(_state().voidedFrom, 1);
    }

    /// @dev … or lie, and lose by the chunk that shows it (see `testFuzz_falseStatement_voidsTheBatch`), or stay silent, and
    ///      lose by that (see `test_requestRow_takesTheBondAndHoldsTheBatch`).
    function test_proofs_failForWhatWasNotStated() public {
        (Story memory s, Evidence memory e, uint32 position) = _lying();
        int32[] memory partials = _partials(position);
        _askRow(s, e, position, 0);
        _done(operator, _answerRow(s, e, position, 0, partials));
        int32[] memory other = _partials(position);
        other[0] -= 1;
        bytes memory error = abi.encodeWithSelector(
            IDataRequests.DataRequests_WrongAnswer.selector,
            keccak256(abi.encode(other)),
            keccak256(abi.encode(partials))
        );
        _dataRefused(anyone, _stated(s, e, position, other), error);
        _dataRefused(anyone, _false(s, e, position, other, 0), error);
    }

    function test_falseStatement_failsForOtherVectorsAndChunks() public {
        (Story memory s, Evidence memory e, uint32 position) = _lying();
        int32[] memory partials = _partials(position);
        partials[0] += 1;
        _askRow(s, e, position, 0);
        _done(operator, _answerRow(s, e, position, 0, partials));
        OpenedComponents memory q = TestIndex.openChunk(SumTree.QUERY, query, 0);
        OpenedComponents memory q1 = TestIndex.openChunk(SumTree.QUERY, query, 1);
        OpenedComponents memory row = _chunk(position, 0);
        _falseRefused(
            s,
            e,
            position,
            partials,
            0,
            q1,
            row,
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, SumTree.QUERY, 0)
        );
        _falseRefused(
            s,
            e,
            position,
            partials,
            0,
            q,
            _chunk(position, 1),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, SumTree.INDEX_ROW, 0)
        );
        _falseRefused(
            s,
            e,
            position,
            partials,
            2,
            q,
            row,
            abi.encodeWithSelector(IDataRequests.DataRequests_NoSuchRow.selector, position, 2)
        );
    }

    function _falseRefused(
        Story memory s,
        Evidence memory e,
        uint32 position,
        int32[] memory partials,
        uint32 chunk,
        OpenedComponents memory q,
        OpenedComponents memory row,
        bytes memory error
    ) private {
        _dataRefused(
            anyone,
            abi.encodeCall(
                IDataRequests.proveFalseStatement,
                (_accuse(s), _askedRow(s, e, position, 0), _by(e), _row(position), partials, chunk, q, row)
            ),
            error
        );
    }
}
