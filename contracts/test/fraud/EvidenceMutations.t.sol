// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {Evidence, RecordScore} from "../../src/types/Evidence.sol";
import {OpenedComponents, SpanToken} from "../../src/types/Proofs.sol";
import {TestTree} from "../settlement/TestTree.sol";
import {EvidenceBase} from "./EvidenceBase.sol";
import {TestIndex} from "./TestIndex.sol";

/// @notice Evidence that misquotes the index, misjudges a record or leaves one out, or quotes what is not there.
contract EvidenceMutationsTest is EvidenceBase {
    function test_everyMutationOfARecordLoses() public {
        _loses("another record than the index has there", "false record", otherId);
        _loses("a record credited to somebody else", "false record", otherContributor);
        _loses("a record in another cluster", "false record", otherCluster);
        _loses("a record with another row", "false record", otherRow);
        _loses("a position beyond the index", "false record", beyondIndex);
        _loses("a record of another release", "false record", otherRelease);
        _loses("another null threshold", "false record", otherThreshold);
        assertEq(mutations, 7);
    }

    function test_everyMutationOfAScoreLoses() public {
        _loses("a score one too high", "false score", higher);
        _loses("a score one too low", "false score", lower);
        _loses("a score of no chunk", "false score", noPartials);
        _loses("a score of more chunks than the row has", "false score", morePartials);
        assertEq(mutations, 4);
    }

    function test_everyOmissionLoses() public {
        _loses("the best record left out", "omitted record", bestOmitted);
        _loses("the last of fewer than 32 left out", "omitted record", lastOmitted);
        _loses("a cluster's second instead of its best", "omitted record", secondInstead);
        _loses("no records at all", "omitted record", allOmitted);
        assertEq(mutations, 4);
    }

    function test_everyMutationOfASpanLoses() public {
        _loses("a span that begins a token early", "false span", earlySpan);
        _loses("a span that ends a token late", "false span", longSpan);
        _loses("a source at another offset", "false span", otherOffset);
        _loses("a source that ends before the span", "false span", shortSource);
        _loses("a source credited to somebody else", "false span", otherSource);
        _loses("a source that the index does not have", "false span", unknownSource);
        _loses("a span beyond the answer", "false span", beyondAnswer);
        _loses("a span of nothing", "false span", emptySpan);
        assertEq(mutations, 8);
    }

    // ── False records ───────────────────────────────────────────────────────────────────────────────────────────────

    function _falseRecord(
        Story memory s,
        Evidence memory e
    ) private {
        uint32 position = _evidence().records[1].position;
        _commitWith(s, e);
        evidenceProofs.proveFalseRecord(_accuse(s), _openEvidence(s, 0, e), 1, _row(position));
    }

    function otherId(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].recordId = "another";
        _falseRecord(s, e);
    }

    function otherContributor(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].contributor = mallory;
        _falseRecord(s, e);
    }

    function otherCluster(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].cluster = e.records[0].cluster;
        _falseRecord(s, e);
    }

    function otherRow(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].rowRoot = e.records[0].rowRoot;
        _falseRecord(s, e);
    }

    function beyondIndex(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].position = TestIndex.ROWS;
        _falseRecord(s, e);
    }

    function otherRelease(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].releaseHash = "nobody's";
        _falseRecord(s, e);
    }

    function otherThreshold(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.nullThreshold += 1;
        _falseRecord(s, e);
    }

    // ── False scores ────────────────────────────────────────────────────────────────────────────────────────────────

    function _falseScore(
        Story memory s,
        Evidence memory e
    ) private {
        _commitWith(s, e);
        bytes memory row = TestIndex.vector(e.records[0].position, _k());
        evidenceProofs.proveFalseScore(
            _accuse(s),
            _openEvidence(s, 0, e),
            0,
            0,
            TestIndex.openChunk(SumTree.QUERY, query, 0),
            TestIndex.openChunk(SumTree.INDEX_ROW, row, 0)
        );
    }

    function higher(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[0].partials[0] += 1;
        _falseScore(s, e);
    }

    function lower(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[0].partials[0] -= 1;
        _falseScore(s, e);
    }

    function noPartials(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[0].partials = new int32[](0);
        _falseScore(s, e);
    }

    function morePartials(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        int32[] memory partials = new int32[](2);
        partials[0] = e.records[0].partials[0];
        e.records[0].partials = partials;
        _falseScore(s, e);
    }

    // ── Omitted records ─────────────────────────────────────────────────────────────────────────────────────────────

    function _without(
        Evidence memory e,
        uint256 rank
    ) private pure returns (Evidence memory) {
        RecordScore[] memory less = new RecordScore[](e.records.length - 1);
        for (uint256 i = 0; i < less.length; ++i) {
            less[i] = e.records[i < rank ? i : i + 1];
        }
        e.records = less;
        return e;
    }

    function _omitted(
        Story memory s,
        Evidence memory e,
        uint32 position
    ) private {
        _commitWith(s, e);
        bytes memory row = TestIndex.vector(position, _k());
        evidenceProofs.proveOmittedRecord(_accuse(s), _openEvidence(s, 0, e), _row(position), query, row);
    }

    function bestOmitted(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        _omitted(s, _without(_evidence(), 0), e.records[0].position);
    }

    function lastOmitted(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        uint256 last = e.records.length - 1;
        assertLt(last, 32);
        _omitted(s, _without(_evidence(), last), e.records[last].position);
    }

    function allOmitted(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        uint32 position = e.records[2].position;
        e.records = new RecordScore[](0);
        _omitted(s, e, position);
    }

    /// @dev A listed record of a pair of rows is replaced by the other row of its cluster, wherever that belongs.
    function secondInstead(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        uint256 rank = 0;
        while (e.records[rank].position >= 2 * TestIndex.PAIRS) ++rank;
        uint32 position = e.records[rank].position;
        RecordScore memory second = TestIndex.record(position ^ 1, query, releaseHash, datanetId);
        assertTrue(TestIndex.beats(e.records[rank], second));
        e.records[rank] = second;
        _omitted(s, e, position);
    }

    // ── False spans ─────────────────────────────────────────────────────────────────────────────────────────────────

    function _falseSpan(
        Story memory s,
        Evidence memory e,
        uint32 offset
    ) private {
        _commitWith(s, e);
        uint32 said = (e.spans[0].start + offset) / 64;
        uint32 recorded = (e.spans[0].sources[0].offset + offset) / 64;
        evidenceProofs.proveFalseSpan(
            _accuse(s),
            _openEvidence(s, 0, e),
            SpanToken(0, 0, offset),
            _row(3),
            _openOutput(said > 1 ? 1 : said),
            TestIndex.openTokens(3, recorded > 1 ? 1 : recorded)
        );
    }

    function earlySpan(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].start -= 1;
        e.spans[0].length += 1;
        e.spans[0].sources[0].offset -= 1;
        _falseSpan(s, e, 0);
    }

    function longSpan(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].length += 1;
        _falseSpan(s, e, SPAN_LENGTH);
    }

    function otherOffset(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].sources[0].offset += 1;
        _falseSpan(s, e, 3);
    }

    function shortSource(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].sources[0].offset = uint32(TestIndex.RECORD_TOKENS) - 5;
        _falseSpan(s, e, 5);
    }

    function otherSource(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].sources[0].contributor = mallory;
        _falseSpan(s, e, 0);
    }

    function unknownSource(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].sources[0].position = TestIndex.ROWS;
        _falseSpan(s, e, 0);
    }

    function beyondAnswer(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].length = OUTPUT_TOKENS - SPAN_START + 1;
        _falseSpan(s, e, 0);
    }

    function emptySpan(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].length = 0;
        _falseSpan(s, e, 0);
    }
}

/// @notice All 36 clusters score above the threshold, so the evidence holds 32 records.
contract FullEvidenceMutationsTest is EvidenceBase {
    function _nullThreshold() internal pure override returns (int32) {
        return -10_000_000;
    }

    function test_everyOmissionFromAFullListLoses() public {
        assertEq(_evidence().records.length, 32);
        _loses("a record of 32 replaced by a lesser one", "omitted record", lesserInstead);
        _loses("the last of 32 replaced by the next", "omitted record", nextInstead);
        assertEq(mutations, 2);
    }

    /// @dev The record of that rank goes out, the best that was not listed comes in.
    function _replaced(
        Story memory s,
        uint256 rank
    ) private {
        Evidence memory e = _evidence();
        uint32 position = e.records[rank].position;
        RecordScore[] memory all = TestIndex.rank(query, _nullThreshold(), releaseHash, datanetId);
        for (uint256 i = rank; i < 32; ++i) {
            e.records[i] = all[i + 1];
        }
        _commitWith(s, e);
        bytes memory row = TestIndex.vector(position, _k());
        evidenceProofs.proveOmittedRecord(_accuse(s), _openEvidence(s, 0, e), _row(position), query, row);
    }

    function lesserInstead(
        Story memory,
        Story memory s
    ) internal {
        _replaced(s, 7);
    }

    function nextInstead(
        Story memory,
        Story memory s
    ) internal {
        _replaced(s, 31);
    }
}

/// @notice Rows of two chunks, the second shorter.
contract LongRowMutationsTest is EvidenceBase {
    using TestTree for TestTree.Built;

    function _k() internal pure override returns (uint32) {
        return 4_164;
    }

    function test_everyMutationOfALongRowLoses() public {
        _loses("a second partial score one too high", "false score", secondHigher);
        _loses("parts of a score moved to another chunk", "false score", shifted);
        _loses("a query whose chunks are of other lengths", "false score", otherChunks);
        assertEq(mutations, 3);
    }

    function _prove(
        Story memory s,
        Evidence memory e,
        uint32 chunk,
        OpenedComponents memory opened
    ) private {
        _commitWith(s, e);
        bytes memory row = TestIndex.vector(e.records[0].position, _k());
        evidenceProofs.proveFalseScore(
            _accuse(s), _openEvidence(s, 0, e), 0, chunk, opened, TestIndex.openChunk(SumTree.INDEX_ROW, row, chunk)
        );
    }

    function secondHigher(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[0].partials[1] += 1;
        _prove(s, e, 1, TestIndex.openChunk(SumTree.QUERY, query, 1));
    }

    function shifted(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[0].partials[0] += 1;
        e.records[0].partials[1] -= 1;
        _prove(s, e, 0, TestIndex.openChunk(SumTree.QUERY, query, 0));
    }

    function otherChunks(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](2);
        bytes memory first = TestIndex.slice(query, 0, 64);
        leaves[0] = SumTree.Leaf(0, keccak256(first), 64, 0);
        leaves[1] = SumTree.Leaf(1, keccak256(TestIndex.slice(query, 64, 4_100)), 4_100, 0);
        TestTree.Built memory tree = TestTree.build(SumTree.QUERY, leaves);
        e.queryRoot = tree.commitment.root;
        _prove(s, e, 0, OpenedComponents(first, tree.proof(0)));
    }
}
