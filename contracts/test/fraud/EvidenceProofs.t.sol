// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {TreeProofs} from "../../src/libraries/TreeProofs.sol";
import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IEvidenceProofs} from "../../src/oracles/IEvidenceProofs.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {Evidence} from "../../src/types/Evidence.sol";
import {
    Accused,
    Derivation,
    OpenedComponents,
    OpenedEvidence,
    OpenedOutput,
    OpenedRow,
    OpenedTokens,
    SpanToken
} from "../../src/types/Proofs.sol";
import {Component} from "../../src/types/Settlement.sol";
import {EvidenceBase} from "./EvidenceBase.sol";
import {TestIndex} from "./TestIndex.sol";

/// @notice What a proof about evidence must bring, error by error, and that an honest batch never loses to one.
contract EvidenceProofsTest is EvidenceBase {
    function _honest() private returns (Story memory s, Accused memory accused, OpenedEvidence memory opened) {
        s = _settleHonest(_two());
        accused = _accuse(s);
        opened = _openEvidence(s, 0, _evidence());
    }

    function _unfounded(
        Accused memory accused,
        OpenedEvidence memory opened,
        Derivation memory d
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IEvidenceProofs.proveUnfoundedAllocation, (accused, opened, d));
    }

    function _falseRecord(
        Accused memory accused,
        OpenedEvidence memory opened,
        uint256 rank,
        OpenedRow memory row
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IEvidenceProofs.proveFalseRecord, (accused, opened, rank, row));
    }

    function _falseScore(
        Accused memory accused,
        OpenedEvidence memory opened,
        uint256 rank,
        uint32 chunk
    ) private view returns (bytes memory) {
        uint32 position = opened.evidence.records[rank % opened.evidence.records.length].position;
        OpenedComponents memory q = TestIndex.openChunk(SumTree.QUERY, query, 0);
        OpenedComponents memory row = TestIndex.openChunk(SumTree.INDEX_ROW, TestIndex.vector(position, _k()), 0);
        return abi.encodeCall(IEvidenceProofs.proveFalseScore, (accused, opened, rank, chunk, q, row));
    }

    function _omitted(
        Accused memory accused,
        OpenedEvidence memory opened,
        uint32 position
    ) private view returns (bytes memory) {
        bytes memory row = TestIndex.vector(position, _k());
        return abi.encodeCall(IEvidenceProofs.proveOmittedRecord, (accused, opened, _row(position), query, row));
    }

    function _falseSpan(
        Accused memory accused,
        OpenedEvidence memory opened,
        SpanToken memory at,
        OpenedOutput memory output,
        OpenedTokens memory tokens
    ) private view returns (bytes memory) {
        return abi.encodeCall(IEvidenceProofs.proveFalseSpan, (accused, opened, at, _row(3), output, tokens));
    }

    // ── Honest batches ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Each run settles a batch of its own with whole evidence: a fifth of the deep runs takes a quarter of an hour.
    /// forge-config: deep.fuzz.runs = 10000
    function testFuzz_honestEvidenceNeverLoses(
        uint256 seed,
        uint256 at
    ) public {
        Calls[] memory calls = new Calls[](2);
        calls[0] = Calls(payer, payerKey, uint32(1 + seed % 3), uint96(FEE * (1 + 2 * ((seed >> 8) % 50))));
        calls[1] = Calls(payer2, payer2Key, uint32(1 + (seed >> 16) % 3), uint96(FEE * 2 * (1 + (seed >> 24) % 50)));
        Story memory s = _settleHonest(calls);
        Accused memory accused = _accuse(s);
        OpenedEvidence memory opened = _openEvidence(s, at % s.opened.length, _evidence());
        _evidenceHolds(_unfounded(accused, opened, _derivation(s, at % s.opened.length)));
        uint256 rank = at % opened.evidence.records.length;
        _evidenceHolds(_falseRecord(accused, opened, rank, _row(opened.evidence.records[rank].position)));
        _evidenceHolds(_falseScore(accused, opened, rank, 0));
        _evidenceHolds(_omitted(accused, opened, uint32(at % TestIndex.ROWS)));
        SpanToken memory token = SpanToken(0, 0, uint32(at % SPAN_LENGTH));
        OpenedOutput memory output = _openOutput((SPAN_START + token.offset) / 64);
        _evidenceHolds(
            _falseSpan(accused, opened, token, output, TestIndex.openTokens(3, (SOURCE_OFFSET + token.offset) / 64))
        );
        assertEq(_state().voidedFrom, 0);
    }

    function test_noRowOfTheIndexWasOmitted() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        for (uint32 i = 0; i < TestIndex.ROWS; ++i) {
            _evidenceHolds(_omitted(accused, opened, i));
        }
    }

    /// @dev A receipt that waited keeps the weight of its own day.
    function test_votes_mayBeThoseOfTheDayOfTheCall() public {
        Story memory s = _tell(_two());
        vm.warp(block.timestamp + 20 hours);
        s.batch.body.dayIndex = 1;
        _commit(s);
        Accused memory accused = _accuse(s);
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        _evidenceHolds(_unfounded(accused, opened, _derivation(s, 0)));
    }

    function test_votes_mayNotBeThoseOfAnotherDay() public {
        votesDay = 3; // after the batch
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        bytes memory call = _unfounded(accused, opened, _derivation(s, 0));
        (bool done,) = address(evidenceProofs).call(call);
        assertTrue(done);
        assertEq(_state().voidedFrom, 1);
    }

    /// @dev Sold between call and settlement: the seller owned it at the time of the call, the buyer at settlement.
    function test_developer_mayBeWhoeverOwnedTheModelMeanwhile() public {
        Story memory s = _tell(_two());
        vm.warp(block.timestamp + 1 hours);
        models.transferFrom(address(this), mallory, modelId);
        vm.warp(block.timestamp + 1 hours);
        _commit(s);
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        _evidenceHolds(_unfounded(_accuse(s), opened, _derivation(s, 0)));
    }

    function test_developer_mayNotBeAFormerOwner() public {
        models.transferFrom(address(this), mallory, modelId);
        vm.warp(block.timestamp + 61); // more than clocks may differ by
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        bytes memory call = _unfounded(accused, opened, _derivation(s, 0));
        (bool done,) = address(evidenceProofs).call(call);
        assertTrue(done);
        assertEq(_state().voidedFrom, 1);
    }

    // ── Openings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Every proof opens the same things first.
    function _everyProofRefused(
        Story memory s,
        Accused memory accused,
        OpenedEvidence memory opened,
        bytes memory error
    ) private {
        OpenedRow memory row = _row(3);
        OpenedOutput memory output = _openOutput(0);
        OpenedTokens memory tokens = TestIndex.openTokens(3, 0);
        _evidenceRefused(_unfounded(accused, opened, _derivation(s, 0)), error);
        _evidenceRefused(_falseRecord(accused, opened, 0, row), error);
        _evidenceRefused(_falseScore(accused, opened, 0, 0), error);
        _evidenceRefused(_omitted(accused, opened, 3), error);
        _evidenceRefused(_falseSpan(accused, opened, SpanToken(0, 0, 0), output, tokens), error);
    }

    function test_everyProof_failsForAnotherReceipt() public {
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        opened.receipt.receipt.promptTokens += 1;
        bytes memory error = abi.encodeWithSelector(
            BatchFaults.FraudProofs_WrongReceipt.selector, _hash(opened.receipt.receipt), s.receipts[1].data
        );
        _everyProofRefused(s, accused, opened, error);
    }

    function test_everyProof_failsForAnotherComposition() public {
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        opened.component = Component(releaseHash, 2, 10_000);
        bytes memory error = abi.encodeWithSelector(
            BatchFaults.FraudProofs_WrongComposition.selector,
            _hashComponent(opened.component),
            _hashComponent(_component())
        );
        _everyProofRefused(s, accused, opened, error);
    }

    function test_everyProof_failsForAnotherRelease() public {
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        opened.release.nullThreshold += 1;
        bytes memory error = abi.encodeWithSelector(
            IEvidenceProofs.EvidenceProofs_WrongRelease.selector, keccak256(abi.encode(opened.release)), releaseHash
        );
        _everyProofRefused(s, accused, opened, error);
    }

    function test_everyProof_failsForOtherEvidence() public {
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        opened.evidence.nullThreshold += 1;
        bytes memory error = abi.encodeWithSelector(
            IEvidenceProofs.EvidenceProofs_WrongEvidence.selector,
            keccak256(abi.encode(opened.evidence)),
            opened.receipt.receipt.evidenceHash
        );
        _everyProofRefused(s, accused, opened, error);
    }

    function test_everyProof_failsForAnotherHeader() public {
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        Evidence memory e = _evidence();
        e.nullThreshold += 1;
        s.opened[0].evidenceHash = keccak256(abi.encode(e));
        s.receipts[1].data = _hash(s.opened[0]);
        opened = _openEvidence(s, 0, e);
        // The tree of a batch that was never settled.
        accused.header.body.receipts.root = _treeRoot(R, s.receipts);
        (bool done, bytes memory reason) = address(evidenceProofs).call(_falseRecord(accused, opened, 0, _row(3)));
        assertFalse(done);
        assertEq(bytes4(reason), ISettlement.Settlement_WrongHeader.selector);
    }

    function test_voidBatch_failsForAnybodyElse() public {
        (, Accused memory accused,) = _honest();
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_NotFraudProofs.selector, address(this)));
        settlement.voidBatch(accused.header, accused.earlier, address(this));
        // What slashes for two receipts of one sequence is not for this contract.
        vm.prank(address(evidenceProofs));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.Settlement_NotFraudProofs.selector, address(evidenceProofs)));
        settlement.slashEquivocation(operator, address(this));
    }

    // ── Allocations ─────────────────────────────────────────────────────────────────────────────────────────────────

    function test_unfoundedAllocation_failsForOtherInputs() public {
        (Story memory s, Accused memory accused, OpenedEvidence memory opened) = _honest();
        Derivation memory d = _derivation(s, 0);
        d.stated[0].amount += 1;
        bytes memory error = abi.encodeWithSelector(
            BatchFaults.FraudProofs_WrongAllocations.selector,
            keccak256(abi.encode(d.stated)),
            opened.receipt.receipt.allocationHash
        );
        _evidenceRefused(_unfounded(accused, opened, d), error);
        d = _derivation(s, 0);
        d.parameters = "{}";
        error = abi.encodeWithSelector(
            IEvidenceProofs.EvidenceProofs_WrongParameters.selector, keccak256("{}"), keccak256(_parameters())
        );
        _evidenceRefused(_unfounded(accused, opened, d), error);
        d = _derivation(s, 0);
        d.datanets[0].version += 1;
        error = abi.encodeWithSelector(
            IEvidenceProofs.EvidenceProofs_WrongDatanets.selector,
            keccak256(abi.encode(d.datanets)),
            release.datanetsHash
        );
        _evidenceRefused(_unfounded(accused, opened, d), error);
        d = _derivation(s, 0);
        d.channel.index = 1 - d.channel.index;
        error = abi.encodeWithSelector(
            BatchFaults.FraudProofs_WrongChannel.selector, s.opened[0].channel, s.opened[s.opened.length - 1].channel
        );
        _evidenceRefused(_unfounded(accused, opened, d), error);
        d.channel.index = 2;
        error = abi.encodeWithSelector(BatchFaults.FraudProofs_NoSuchEntry.selector, 2, 2);
        _evidenceRefused(_unfounded(accused, opened, d), error);
    }

    // ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_recordProofs_failForWhatIsNotThere() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        uint256 count = opened.evidence.records.length;
        bytes memory error = abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_NoSuchItem.selector, count, count);
        _evidenceRefused(_falseRecord(accused, opened, count, _row(3)), error);
        _evidenceRefused(_falseScore(accused, opened, count, 0), error);
        error = abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_NoSuchItem.selector, 1, 1);
        _evidenceRefused(_falseScore(accused, opened, 0, 1), error);
    }

    function test_falseRecord_failsForAnotherRow() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        uint32 position = opened.evidence.records[0].position;
        bytes memory error =
            abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_WrongPosition.selector, position ^ 1, position);
        _evidenceRefused(_falseRecord(accused, opened, 0, _row(position ^ 1)), error);
        OpenedRow memory row = _row(position);
        row.leaf.contributor = mallory;
        error = abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, 6, position);
        _evidenceRefused(_falseRecord(accused, opened, 0, row), error);
    }

    function test_scoreProofs_failForOtherComponents() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        uint32 position = opened.evidence.records[0].position;
        bytes memory error = abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, 10, 0);
        bytes memory had = query;
        query = TestIndex.vector(1_001, _k());
        _evidenceRefused(_falseScore(accused, opened, 0, 0), error);
        _evidenceRefused(_omitted(accused, opened, position), error);
        query = had;
        bytes memory other = TestIndex.vector(position ^ 1, _k());
        OpenedComponents memory row = OpenedComponents(other, "");
        OpenedComponents memory q = OpenedComponents(query, "");
        error = abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, 9, 0);
        bytes memory call = abi.encodeCall(IEvidenceProofs.proveFalseScore, (accused, opened, 0, 0, q, row));
        _evidenceRefused(call, error);
        call = abi.encodeCall(IEvidenceProofs.proveOmittedRecord, (accused, opened, _row(position), query, other));
        _evidenceRefused(call, error);
    }

    // ── Spans ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_falseSpan_failsForWhatIsNotThere() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        OpenedOutput memory output = _openOutput(0);
        OpenedTokens memory tokens = TestIndex.openTokens(3, 0);
        bytes memory error = abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_NoSuchItem.selector, 1, 1);
        _evidenceRefused(_falseSpan(accused, opened, SpanToken(1, 0, 0), output, tokens), error);
        _evidenceRefused(_falseSpan(accused, opened, SpanToken(0, 1, 0), output, tokens), error);
        error = abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_NoSuchItem.selector, SPAN_LENGTH, SPAN_LENGTH);
        _evidenceRefused(_falseSpan(accused, opened, SpanToken(0, 0, SPAN_LENGTH), output, tokens), error);
    }

    function test_falseSpan_failsForAnotherAnswerOrChunk() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        SpanToken memory first = SpanToken(0, 0, 0);
        OpenedOutput memory output = _openOutput(0);
        OpenedTokens memory tokens = TestIndex.openTokens(3, 0);
        output.textHash = "another";
        bytes memory error = abi.encodeWithSelector(
            IEvidenceProofs.EvidenceProofs_WrongOutput.selector,
            keccak256(abi.encode(output.textHash, output.root)),
            opened.receipt.receipt.outputHash
        );
        _evidenceRefused(_falseSpan(accused, opened, first, output, tokens), error);
        error = abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, 7, 0);
        _evidenceRefused(_falseSpan(accused, opened, first, _openOutput(1), tokens), error);
        output = _openOutput(0);
        tokens = TestIndex.openTokens(3, 1);
        error = abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_WrongChunk.selector, 1, SOURCE_OFFSET);
        _evidenceRefused(_falseSpan(accused, opened, first, output, tokens), error);
        tokens = TestIndex.openTokens(4, 0);
        error = abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, 8, 0);
        _evidenceRefused(_falseSpan(accused, opened, first, output, tokens), error);
    }

    /// @dev A record's first chunk is not its last, whatever count is given with it.
    function test_falseSpan_failsForARecordMadeShorter() public {
        (, Accused memory accused, OpenedEvidence memory opened) = _honest();
        SpanToken memory last = SpanToken(0, 0, SPAN_LENGTH - 1); // the record's second chunk
        OpenedTokens memory tokens = TestIndex.openTokens(3, 0);
        bytes memory error = abi.encodeWithSelector(
            IEvidenceProofs.EvidenceProofs_WrongChunk.selector, 0, SOURCE_OFFSET + SPAN_LENGTH - 1
        );
        _evidenceRefused(_falseSpan(accused, opened, last, _openOutput(1), tokens), error);
        tokens.chunks = 1;
        error = abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, 8, 0);
        _evidenceRefused(_falseSpan(accused, opened, last, _openOutput(1), tokens), error);
    }
}

/// @notice What only rows of more than one chunk can show.
contract LongRowProofsTest is EvidenceBase {
    function _k() internal pure override returns (uint32) {
        return 4_164;
    }

    function test_omittedRecord_failsForRowsOfMoreThanAChunk() public {
        Story memory s = _settleHonest(_two());
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        _evidenceRefused(
            abi.encodeCall(IEvidenceProofs.proveOmittedRecord, (_accuse(s), opened, _row(3), "", "")),
            abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_RowTooLong.selector, 4_164)
        );
    }

    function test_falseScore_holdsForBothChunksOfAnHonestRecord() public {
        Story memory s = _settleHonest(_two());
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        bytes memory row = TestIndex.vector(opened.evidence.records[0].position, _k());
        for (uint32 chunk = 0; chunk < 2; ++chunk) {
            OpenedComponents memory q = TestIndex.openChunk(SumTree.QUERY, query, chunk);
            OpenedComponents memory r = TestIndex.openChunk(SumTree.INDEX_ROW, row, chunk);
            _evidenceHolds(abi.encodeCall(IEvidenceProofs.proveFalseScore, (_accuse(s), opened, 0, chunk, q, r)));
        }
    }

    /// @dev A row whose chunks are of other lengths is the fault of whoever trained the release.
    function test_falseScore_failsForARowOfOtherChunks() public {
        Story memory s = _tell(_two());
        Evidence memory e = _evidence();
        bytes memory row = TestIndex.vector(e.records[0].position, _k());
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](2);
        bytes memory first = TestIndex.slice(row, 0, 64);
        leaves[0] = SumTree.Leaf(0, keccak256(first), 64, 0);
        leaves[1] = SumTree.Leaf(1, keccak256(TestIndex.slice(row, 64, 4_100)), 4_100, 0);
        e.records[0].rowRoot = _treeRoot(SumTree.INDEX_ROW, leaves);
        _commitWith(s, e);
        OpenedComponents memory q = TestIndex.openChunk(SumTree.QUERY, query, 0);
        OpenedComponents memory r = OpenedComponents(first, _treeProof(SumTree.INDEX_ROW, leaves, 0));
        _evidenceRefused(
            abi.encodeCall(IEvidenceProofs.proveFalseScore, (_accuse(s), _openEvidence(s, 0, e), 0, 0, q, r)),
            abi.encodeWithSelector(IEvidenceProofs.EvidenceProofs_WrongLength.selector, 64, 4_096)
        );
    }
}
