// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Evidence, RecordScore} from "../types/Evidence.sol";
import {IndexLeaf, OpenedComponents, OpenedRow} from "../types/Proofs.sol";
import {Release} from "../types/Release.sol";
import {ImpliedAllocation} from "./ImpliedAllocation.sol";
import {SumTree} from "./SumTree.sol";
import {TreeProofs} from "./TreeProofs.sol";

/// @notice Rows of a release's index: their openings, and which of them an evidence must list.
library IndexRows {
    /// @dev int8 components of a chunk; the last one has fewer.
    uint256 internal constant CHUNK = 4_096;
    uint256 internal constant LISTED = 32; // most records of an evidence

    function chunks(
        uint32 k
    ) internal pure returns (uint256) {
        return (k + CHUNK - 1) / CHUNK;
    }

    /// @return components of that chunk of a vector of `k`
    function chunkLength(
        uint32 k,
        uint256 chunk
    ) internal pure returns (uint256) {
        return chunk + 1 == chunks(k) ? k - chunk * CHUNK : CHUNK;
    }

    /// @notice Requires the row to be the index's at its position.
    function open(
        Release calldata release,
        OpenedRow calldata row
    ) internal pure {
        SumTree.Leaf memory leaf = SumTree.Leaf(row.leaf.position, keccak256(abi.encode(row.leaf)), 1, 0);
        TreeProofs.openAt(
            release.indexRoot, release.indexRows, release.indexRows, SumTree.ATTRIBUTION_INDEX, leaf, row.proof
        );
    }

    /// @notice Requires a chunk of a query or row.
    function openChunk(
        uint8 treeId,
        bytes32 root,
        uint32 k,
        uint32 chunk,
        OpenedComponents calldata opened
    ) internal pure {
        SumTree.Leaf memory leaf =
            SumTree.Leaf(chunk, keccak256(opened.components), uint96(opened.components.length), 0);
        TreeProofs.openAt(root, uint32(chunks(k)), k, treeId, leaf, opened.proof);
    }

    /// @notice Whether a row of that score should stand in the evidence, where now another or nothing does.
    function belongs(
        Evidence calldata evidence,
        int32 nullThreshold,
        IndexLeaf calldata leaf,
        int256 score
    ) internal pure returns (bool) {
        if (score <= nullThreshold) return false;
        uint256 count = evidence.records.length;
        for (uint256 i = 0; i < count; ++i) {
            if (evidence.records[i].cluster == leaf.cluster) return _beats(leaf, score, evidence.records[i]);
        }
        return count < LISTED || _beats(leaf, score, evidence.records[count - 1]);
    }

    /// @dev By falling score, then by rising recordId.
    function _beats(
        IndexLeaf calldata leaf,
        int256 score,
        RecordScore calldata record
    ) private pure returns (bool) {
        int256 listed = ImpliedAllocation.score(record);
        return score > listed || (score == listed && leaf.recordId < record.recordId);
    }
}
