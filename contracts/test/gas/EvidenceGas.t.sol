// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IEvidenceProofs} from "../../src/oracles/IEvidenceProofs.sol";
import {Allocation, Evidence, Passage, RecordScore, Span, SpanSource} from "../../src/types/Evidence.sol";
import {
    Accused,
    Derivation,
    OpenedComponents,
    OpenedEvidence,
    OpenedOutput,
    OpenedTokens,
    SpanToken
} from "../../src/types/Proofs.sol";
import {EvidenceBase} from "../fraud/EvidenceBase.sol";
import {TestIndex} from "../fraud/TestIndex.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @notice Gas of each proof about evidence as a whole transaction, the void included: 32 records, 8 spans and 8 passages,
///         query and rows of one whole chunk of 4,096 components.
/// forge-config: default.isolate = true
contract EvidenceGasTest is TransactionGas, EvidenceBase {
    function _k() internal pure override returns (uint32) {
        return 4_096;
    }

    /// @dev All 36 clusters score above it.
    function _nullThreshold() internal pure override returns (int32) {
        return -100_000_000;
    }

    uint256 private constant SPANS = 8;

    /// @dev Sources of each span.
    function _sourceCount() internal pure virtual returns (uint256) {
        return 1;
    }

    /// @dev Seven more spans before the first, and eight passages, all of clusters that no record is of.
    function _addChannels(
        Evidence memory e
    ) internal view override {
        Span memory last = e.spans[0];
        e.spans = new Span[](SPANS);
        for (uint32 i = 0; i < SPANS; ++i) {
            bool made = i + 1 < SPANS;
            e.spans[i] = made ? Span(7 * i, 7, new SpanSource[](_sourceCount())) : last;
            for (uint256 j = 0; j < e.spans[i].sources.length && made; ++j) {
                bytes32 id = keccak256(abi.encode("source", i, j));
                e.spans[i].sources[j] =
                    SpanSource(releaseHash, 4 + i, id, id, address(uint160(uint256(id))), datanetId, 9);
            }
        }
        e.passages = new Passage[](8);
        for (uint32 i = 0; i < 8; ++i) {
            bytes32 id = keccak256(abi.encode("passage", i));
            e.passages[i] = Passage(datanetId, 1, id, id, address(uint160(uint256(id))), int32(1_000 + i));
        }
    }

    function _proven(
        string memory name,
        bytes memory call
    ) private {
        (bool done, bytes memory reason) = address(evidenceProofs).call(call);
        assertTrue(done, string(reason));
        _measure(name, call);
        assertEq(_state().voidedFrom, 1);
    }

    function _accused(
        Evidence memory e
    ) private returns (Story memory s, Accused memory accused, OpenedEvidence memory opened) {
        s = _tell(_two());
        _commitWith(s, e);
        return (s, _accuse(s), _openEvidence(s, 0, e));
    }

    function test_unfoundedAllocation() public virtual {
        _proveUnfounded("proof_unfounded_allocation_32_records");
    }

    function _proveUnfounded(
        string memory name
    ) internal {
        Story memory s = _tell(_two());
        Allocation[] memory stated = _stated(operator, s.opened[0].fee, 0);
        stated[0].weight += 1; // found last of all
        s.opened[0].allocationHash = keccak256(abi.encode(stated));
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        OpenedEvidence memory opened = _openEvidence(s, 0, _evidence());
        assertEq(opened.evidence.records.length, 32);
        Derivation memory d = _derivation(s, 0, _parameters(), stated);
        _proven(name, abi.encodeCall(IEvidenceProofs.proveUnfoundedAllocation, (_accuse(s), opened, d)));
    }

    function test_falseRecord() public {
        Evidence memory e = _evidence();
        e.records[31].contributor = mallory;
        (, Accused memory accused, OpenedEvidence memory opened) = _accused(e);
        _proven(
            "proof_false_record",
            abi.encodeCall(IEvidenceProofs.proveFalseRecord, (accused, opened, 31, _row(e.records[31].position)))
        );
    }

    function test_falseScore() public {
        Evidence memory e = _evidence();
        e.records[0].partials[0] += 1;
        (, Accused memory accused, OpenedEvidence memory opened) = _accused(e);
        OpenedComponents memory q = OpenedComponents(query, "");
        OpenedComponents memory row = OpenedComponents(TestIndex.vector(e.records[0].position, _k()), "");
        _proven(
            "proof_false_score_4096", abi.encodeCall(IEvidenceProofs.proveFalseScore, (accused, opened, 0, 0, q, row))
        );
    }

    function test_omittedRecord() public {
        Evidence memory e = _evidence();
        uint32 position = e.records[31].position;
        RecordScore[] memory all = TestIndex.rank(query, _nullThreshold(), releaseHash, datanetId);
        e.records[31] = all[32];
        (, Accused memory accused, OpenedEvidence memory opened) = _accused(e);
        bytes memory row = TestIndex.vector(position, _k());
        _proven(
            "proof_omitted_record_4096",
            abi.encodeCall(IEvidenceProofs.proveOmittedRecord, (accused, opened, _row(position), query, row))
        );
    }

    function test_falseSpan() public {
        Evidence memory e = _evidence();
        e.spans[SPANS - 1].sources[0].offset += 1;
        (, Accused memory accused, OpenedEvidence memory opened) = _accused(e);
        OpenedOutput memory output = _openOutput(0);
        OpenedTokens memory tokens = TestIndex.openTokens(3, 0);
        _proven(
            "proof_false_span",
            abi.encodeCall(
                IEvidenceProofs.proveFalseSpan, (accused, opened, SpanToken(SPANS - 1, 0, 0), _row(3), output, tokens)
            )
        );
    }
}
