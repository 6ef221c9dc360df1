// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IndexRows} from "../../libraries/IndexRows.sol";
import {Int8} from "../../libraries/Int8.sol";
import {SumTree} from "../../libraries/SumTree.sol";
import {TreeProofs} from "../../libraries/TreeProofs.sol";
import {DataRequest, RowAsked, ScoredBy} from "../../types/Data.sol";
import {Accused, OpenedComponents, OpenedEvidence, OpenedRow} from "../../types/Proofs.sol";
import {Release} from "../../types/Release.sol";
import {BatchHeader, Component, Receipt} from "../../types/Settlement.sol";
import {IDataRequests} from "../IDataRequests.sol";
import {IOperatorRegistry} from "../IOperatorRegistry.sol";
import {LeafRequests} from "./LeafRequests.sol";

/// @notice Requests for a row of the index that a receipt was scored with, of more than one chunk: its operator states what
///         the row scored, chunk by chunk, so that one chunk decides even about rows too long for one transaction.
abstract contract RowRequests is LeafRequests {
    IOperatorRegistry public immutable registry;

    constructor(
        IOperatorRegistry registry_
    ) {
        registry = registry_;
    }

    /// @inheritdoc IDataRequests
    function requestRow(
        BatchHeader calldata header,
        OpenedEvidence calldata opened,
        uint32 position,
        uint32 chunk
    ) external returns (bytes32 requestId) {
        Receipt calldata receipt = opened.receipt.receipt;
        // slither-disable-next-line unused-return (it reverts unless the leaf opens)
        TreeProofs.open(header.body.receipts, SumTree.RECEIPTS, opened.receipt.leaf);
        // slither-disable-next-line unused-return (the digest is for signatures only)
        (bytes32 receiptHash,) = settlement.hashReceipt(receipt);
        _requireSame(receiptHash, opened.receipt.leaf.data);
        Component[] memory composition = new Component[](1);
        composition[0] = opened.component;
        _requireSame(keccak256(abi.encode(composition)), receipt.compositionHash);
        _requireSame(keccak256(abi.encode(opened.release)), opened.component.releaseHash);
        _requireSame(keccak256(abi.encode(opened.evidence)), receipt.evidenceHash);
        if (opened.release.k <= IndexRows.CHUNK) revert DataRequests_RowTooShort(opened.release.k);
        if (position >= opened.release.indexRows || chunk >= IndexRows.chunks(opened.release.k)) {
            revert DataRequests_NoSuchRow(position, chunk);
        }
        RowAsked memory asked =
            RowAsked(_hashHeader(header), opened.component.releaseHash, receipt.evidenceHash, position, chunk);
        requestId = keccak256(abi.encode(asked));
        uint64 deadline = _open(header, asked.headerHash, requestId);
        _emitRequested(requestId, header, asked, receiptHash, deadline);
    }

    /// @inheritdoc IDataRequests
    function answerRow(
        BatchHeader calldata header,
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row,
        OpenedComponents calldata components,
        int32[] calldata partials
    ) external {
        bytes32 requestId = keccak256(abi.encode(asked));
        DataRequest storage open = _requireAnswerable(header, requestId);
        address operator = header.body.operator;
        if (msg.sender != operator && msg.sender != registry.signerOf(operator)) {
            revert DataRequests_NotOperator(msg.sender, operator);
        }
        _requireRow(asked, by, row);
        Release calldata release = by.release;
        IndexRows.openChunk(SumTree.INDEX_ROW, row.leaf.rowRoot, release.k, asked.chunk, components);
        uint256 chunks = IndexRows.chunks(release.k);
        if (partials.length != chunks) revert DataRequests_WrongCount(partials.length, chunks);
        open.statement = keccak256(abi.encode(partials));
        _answered(header, requestId, open);
    }

    /// @inheritdoc IDataRequests
    function proveStatedOmission(
        Accused calldata accused,
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row,
        int32[] calldata partials
    ) external {
        _requireStated(accused, asked, partials);
        _requireRow(asked, by, row);
        int256 score = 0;
        for (uint256 i = 0; i < partials.length; ++i) {
            score += partials[i];
        }
        if (!IndexRows.belongs(by.evidence, by.release.nullThreshold, row.leaf, score)) revert FraudProofs_NoFault();
        _condemn(accused, Fault.OmittedRecord);
    }

    /// @inheritdoc IDataRequests
    function proveFalseStatement(
        Accused calldata accused,
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row,
        int32[] calldata partials,
        uint32 chunk,
        OpenedComponents calldata query,
        OpenedComponents calldata components
    ) external {
        _requireStated(accused, asked, partials);
        _requireRow(asked, by, row);
        uint32 k = by.release.k;
        if (chunk >= partials.length) revert DataRequests_NoSuchRow(asked.position, chunk);
        uint256 length = IndexRows.chunkLength(k, chunk);
        IndexRows.openChunk(SumTree.QUERY, by.evidence.queryRoot, k, chunk, query);
        IndexRows.openChunk(SumTree.INDEX_ROW, row.leaf.rowRoot, k, chunk, components);
        // Who answers for a query is the operator; who trained the release for a row.
        if (components.components.length != length) {
            revert DataRequests_WrongLength(components.components.length, length);
        }
        if (query.components.length == length && Int8.dot(query.components, components.components) == partials[chunk]) {
            revert FraudProofs_NoFault();
        }
        _condemn(accused, Fault.FalseScore);
    }

    function _emitRequested(
        bytes32 requestId,
        BatchHeader calldata header,
        RowAsked memory asked,
        bytes32 receiptHash,
        uint64 deadline
    ) private {
        emit RowRequested(
            requestId,
            header.body.operator,
            asked.headerHash,
            header.body.batchIndex,
            asked.releaseHash,
            receiptHash,
            asked.evidenceHash,
            asked.position,
            asked.chunk,
            bond,
            deadline,
            msg.sender
        );
    }

    /// @dev The operator of the accused batch has stated that.
    function _requireStated(
        Accused calldata accused,
        RowAsked calldata asked,
        int32[] calldata partials
    ) private view {
        bytes32 requestId = keccak256(abi.encode(asked));
        bytes32 stated = _book().requests[requestId].statement;
        if (stated == 0) revert DataRequests_NothingStated(requestId);
        _requireSame(keccak256(abi.encode(partials)), stated);
        bytes32 headerHash = _hashHeader(accused.header);
        if (headerHash != asked.headerHash) revert DataRequests_WrongHeader(headerHash, asked.headerHash);
    }

    /// @dev The row is the one asked for, of the release and for the evidence that the request names.
    function _requireRow(
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row
    ) private pure {
        _requireSame(keccak256(abi.encode(by.release)), asked.releaseHash);
        _requireSame(keccak256(abi.encode(by.evidence)), asked.evidenceHash);
        if (row.leaf.position != asked.position) revert DataRequests_WrongPosition(row.leaf.position, asked.position);
        IndexRows.open(by.release, row);
    }
}
