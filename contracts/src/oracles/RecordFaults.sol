// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IndexRows} from "../libraries/IndexRows.sol";
import {Int8} from "../libraries/Int8.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TreeProofs} from "../libraries/TreeProofs.sol";
import {RecordScore} from "../types/Evidence.sol";
import {Accused, IndexLeaf, OpenedComponents, OpenedEvidence, OpenedRow} from "../types/Proofs.sol";
import {EvidenceOpenings} from "./EvidenceOpenings.sol";
import {IEvidenceProofs} from "./IEvidenceProofs.sol";

/// @notice Records that the evidence misquotes, misjudges or leaves out.
abstract contract RecordFaults is EvidenceOpenings {
    /// @inheritdoc IEvidenceProofs
    function proveFalseRecord(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        uint256 rank,
        OpenedRow calldata row
    ) external {
        _requireEvidence(accused, opened);
        if (opened.evidence.nullThreshold == opened.release.nullThreshold) {
            _requireItem(rank, opened.evidence.records.length);
            RecordScore calldata record = opened.evidence.records[rank];
            bool known =
                record.releaseHash == opened.component.releaseHash && record.position < opened.release.indexRows;
            if (known) {
                _requireRowAt(opened.release, row, record.position);
                IndexLeaf calldata leaf = row.leaf;
                if (
                    leaf.recordId == record.recordId && leaf.contributor == record.contributor
                        && leaf.cluster == record.cluster && leaf.rowRoot == record.rowRoot
                ) revert FraudProofs_NoFault();
            }
        }
        _condemn(accused, Fault.FalseRecord);
    }

    /// @inheritdoc IEvidenceProofs
    function proveFalseScore(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        uint256 rank,
        uint32 chunk,
        OpenedComponents calldata query,
        OpenedComponents calldata row
    ) external {
        _requireEvidence(accused, opened);
        _requireItem(rank, opened.evidence.records.length);
        RecordScore calldata record = opened.evidence.records[rank];
        uint32 k = opened.release.k;
        uint256 chunks = IndexRows.chunks(k);
        if (record.partials.length == chunks) {
            _requireItem(chunk, chunks);
            uint256 length = IndexRows.chunkLength(k, chunk);
            IndexRows.openChunk(SumTree.QUERY, opened.evidence.queryRoot, k, chunk, query);
            IndexRows.openChunk(SumTree.INDEX_ROW, record.rowRoot, k, chunk, row);
            // Who answers for a query is the operator; who trained the release for a row.
            if (row.components.length != length) {
                revert EvidenceProofs_WrongLength(row.components.length, length);
            }
            if (
                query.components.length == length
                    && Int8.dot(query.components, row.components) == record.partials[chunk]
            ) revert FraudProofs_NoFault();
        }
        _condemn(accused, Fault.FalseScore);
    }

    /// @inheritdoc IEvidenceProofs
    function proveOmittedRecord(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        OpenedRow calldata row,
        bytes calldata query,
        bytes calldata components
    ) external {
        _requireEvidence(accused, opened);
        if (opened.release.k > IndexRows.CHUNK) revert EvidenceProofs_RowTooLong(opened.release.k);
        IndexRows.open(opened.release, row);
        _requireOnlyChunk(SumTree.QUERY, opened.evidence.queryRoot, opened.release.k, query);
        _requireOnlyChunk(SumTree.INDEX_ROW, row.leaf.rowRoot, opened.release.k, components);
        int256 score = Int8.dot(query, components);
        if (!IndexRows.belongs(opened.evidence, opened.release.nullThreshold, row.leaf, score)) {
            revert FraudProofs_NoFault();
        }
        _condemn(accused, Fault.OmittedRecord);
    }

    /// @dev The vector has that one chunk: its leaf is the root.
    function _requireOnlyChunk(
        uint8 treeId,
        bytes32 root,
        uint32 k,
        bytes calldata components
    ) private pure {
        SumTree.Leaf memory leaf = SumTree.Leaf(0, keccak256(components), uint96(components.length), 0);
        TreeProofs.openAt(root, 1, k, treeId, leaf, components[:0]);
    }
}
