// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    Accused,
    Derivation,
    OpenedComponents,
    OpenedEvidence,
    OpenedOutput,
    OpenedRow,
    OpenedTokens,
    SpanToken
} from "../types/Proofs.sol";
import {BatchFaults} from "./BatchFaults.sol";

/// @notice What the chain can check of a receipt's evidence: that it says what the release's index says, that its scores
///         are the products of the committed numbers, and that the allocation follows from it. Each proof is one
///         transaction of anyone, as in IFraudProofs. Of receipts of a single release.
interface IEvidenceProofs is BatchFaults {
    error EvidenceProofs_WrongEvidence(bytes32 given, bytes32 expected);
    error EvidenceProofs_WrongRelease(bytes32 given, bytes32 expected);
    error EvidenceProofs_WrongParameters(bytes32 given, bytes32 expected);
    error EvidenceProofs_WrongDatanets(bytes32 given, bytes32 expected);
    error EvidenceProofs_WrongOutput(bytes32 given, bytes32 expected);
    /// @notice A list has no such item: a record, a chunk, a span, a source or a token.
    error EvidenceProofs_NoSuchItem(uint256 index, uint256 count);
    error EvidenceProofs_WrongPosition(uint32 given, uint32 expected);
    error EvidenceProofs_WrongLength(uint256 given, uint256 expected);
    error EvidenceProofs_RowTooLong(uint32 k);
    /// @notice The chunk neither holds the token nor is the record's last.
    error EvidenceProofs_WrongChunk(uint32 chunk, uint256 token);

    /// @notice A receipt whose stated allocation is not the one that its evidence implies (docs/allocation.md), for any
    ///         owner of the model and any day between call and settlement; or whose evidence or frozen parameters nothing
    ///         follows from: more of them than there may be, out of order, not in their format, a cap, a burned share or
    ///         pools other than the chain's.
    function proveUnfoundedAllocation(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        Derivation calldata derivation
    ) external;

    /// @notice A record of the evidence that is not in the index, or whose id, contributor, cluster or row is another
    ///         there; or a null threshold that is not the release's.
    /// @param rank of the record in the evidence; nothing to be found when the threshold is wrong
    /// @param row at the record's position; ignored when the release has no such position
    function proveFalseRecord(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        uint256 rank,
        OpenedRow calldata row
    ) external;

    /// @notice A partial score that is not the inner product of that chunk of query and row; a record without one partial
    ///         score for each chunk; a query whose chunks are not 4,096 long.
    /// @param chunk of 4,096 components, from 0
    function proveFalseScore(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        uint256 rank,
        uint32 chunk,
        OpenedComponents calldata query,
        OpenedComponents calldata row
    ) external;

    /// @notice A row of the index that scores above the threshold and belongs in the evidence: it beats what its cluster
    ///         has there or, of a cluster that has nothing there, the last record of 32. Of rows of one chunk.
    function proveOmittedRecord(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        OpenedRow calldata row,
        bytes calldata query,
        bytes calldata components
    ) external;

    /// @notice A span with a source whose token at that place is not the answer's, or that lies beyond answer or record,
    ///         or that the index does not have.
    /// @param row at the source's position; with the two chunks, ignored when the fault shows without it
    function proveFalseSpan(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        SpanToken calldata at,
        OpenedRow calldata row,
        OpenedOutput calldata output,
        OpenedTokens calldata tokens
    ) external;
}
