// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../libraries/SumTree.sol";
import {TreeProofs} from "../libraries/TreeProofs.sol";
import {Span, SpanSource} from "../types/Evidence.sol";
import {
    Accused,
    IndexLeaf,
    OpenedEvidence,
    OpenedOutput,
    OpenedRow,
    OpenedTokens,
    SpanToken
} from "../types/Proofs.sol";
import {Receipt} from "../types/Settlement.sol";
import {EvidenceOpenings} from "./EvidenceOpenings.sol";
import {IEvidenceProofs} from "./IEvidenceProofs.sol";

/// @notice Spans of the answer that their sources do not contain.
abstract contract SpanFaults is EvidenceOpenings {
    uint256 internal constant TOKENS = 64; // of a chunk; the last one has fewer
    uint256 internal constant TOKEN_BYTES = 4;

    /// @inheritdoc IEvidenceProofs
    function proveFalseSpan(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        SpanToken calldata at,
        OpenedRow calldata row,
        OpenedOutput calldata output,
        OpenedTokens calldata tokens
    ) external {
        _requireEvidence(accused, opened);
        _requireItem(at.span, opened.evidence.spans.length);
        Span calldata span = opened.evidence.spans[at.span];
        _requireItem(at.source, span.sources.length);
        SpanSource calldata source = span.sources[at.source];
        if (
            _isWithin(span, opened.receipt.receipt) && _isIndexed(opened, source, row)
                && _isSame(opened, span, source, at.offset, row.leaf, output, tokens)
        ) revert FraudProofs_NoFault();
        _condemn(accused, Fault.FalseSpan);
    }

    /// @dev A span of no tokens matches nothing.
    function _isWithin(
        Span calldata span,
        Receipt calldata receipt
    ) private pure returns (bool) {
        return span.length != 0 && uint256(span.start) + span.length <= receipt.completionTokens;
    }

    /// @dev Whether the index has that source, as it is quoted.
    function _isIndexed(
        OpenedEvidence calldata opened,
        SpanSource calldata source,
        OpenedRow calldata row
    ) private pure returns (bool) {
        if (source.releaseHash != opened.component.releaseHash || source.position >= opened.release.indexRows) {
            return false;
        }
        _requireRowAt(opened.release, row, source.position);
        return row.leaf.recordId == source.recordId && row.leaf.contributor == source.contributor
            && row.leaf.cluster == source.cluster;
    }

    /// @dev Whether the answer's token at that place is the record's.
    function _isSame(
        OpenedEvidence calldata opened,
        Span calldata span,
        SpanSource calldata source,
        uint32 offset,
        IndexLeaf calldata leaf,
        OpenedOutput calldata output,
        OpenedTokens calldata tokens
    ) private pure returns (bool) {
        _requireItem(offset, span.length);
        (bool said, bytes4 token) = _outputToken(opened.receipt.receipt, uint256(span.start) + offset, output);
        if (!said) return false;
        (bool there, bytes4 recorded) = _recordToken(leaf.tokensRoot, uint256(source.offset) + offset, tokens);
        return there && token == recorded;
    }

    /// @return said false when the operator's chunk is not as long as it must be
    function _outputToken(
        Receipt calldata receipt,
        uint256 at,
        OpenedOutput calldata output
    ) private pure returns (bool said, bytes4 token) {
        bytes32 given = keccak256(abi.encode(output.textHash, output.root));
        if (given != receipt.outputHash) revert EvidenceProofs_WrongOutput(given, receipt.outputHash);
        uint256 count = receipt.completionTokens;
        // slither-disable-next-line divide-before-multiply (the token's chunk, and that chunk's first token)
        uint256 chunk = at / TOKENS;
        SumTree.Leaf memory leaf = SumTree.Leaf(
            chunk, keccak256(bytes.concat(output.salt, output.tokens)), uint96(output.tokens.length / TOKEN_BYTES), 0
        );
        uint32 chunks = uint32((count + TOKENS - 1) / TOKENS);
        TreeProofs.openAt(output.root, chunks, uint96(count), SumTree.OUTPUT_CHUNKS, leaf, output.proof);
        uint256 length = chunk + 1 == chunks ? count - chunk * TOKENS : TOKENS;
        if (output.tokens.length != length * TOKEN_BYTES) return (false, 0);
        return (true, _token(output.tokens, at % TOKENS));
    }

    /// @return there false when the record ends before
    function _recordToken(
        bytes32 root,
        uint256 at,
        OpenedTokens calldata opened
    ) private pure returns (bool there, bytes4 token) {
        uint256 count = opened.tokens.length / TOKEN_BYTES;
        SumTree.Leaf memory leaf = SumTree.Leaf(opened.chunk, keccak256(opened.tokens), uint96(count), 0);
        TreeProofs.openAt(root, opened.chunks, opened.total, SumTree.RECORD_TOKENS, leaf, opened.proof);
        uint256 first = opened.chunk * TOKENS;
        if (at >= first && at < first + count) return (true, _token(opened.tokens, at - first));
        // A path without a right sibling on any level is the last leaf's, whatever count is given with it.
        if (at < first || opened.chunk + 1 != opened.chunks) {
            revert EvidenceProofs_WrongChunk(opened.chunk, at);
        }
        return (false, 0);
    }

    function _token(
        bytes calldata tokens,
        uint256 at
    ) private pure returns (bytes4) {
        return bytes4(tokens[at * TOKEN_BYTES:(at + 1) * TOKEN_BYTES]);
    }
}
