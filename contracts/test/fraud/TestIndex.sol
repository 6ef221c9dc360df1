// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {RecordScore} from "../../src/types/Evidence.sol";
import {IndexLeaf, OpenedComponents, OpenedTokens} from "../../src/types/Proofs.sol";
import {TestTree} from "../settlement/TestTree.sol";

/// @notice An attribution index made from a seed: rows, their records' tokens, and the plain ranking of them by a query.
library TestIndex {
    using TestTree for TestTree.Built;

    uint32 internal constant ROWS = 44;
    uint32 internal constant PAIRS = 8; // rows 0 and 1, 2 and 3, … of one cluster each: 36 clusters
    uint256 internal constant RECORD_TOKENS = 100; // two chunks
    uint256 internal constant CHUNK = 4_096;

    /// @param seed of a row: its position; of a query: anything else
    function vector(
        uint256 seed,
        uint256 k
    ) internal pure returns (bytes memory v) {
        v = new bytes((k + 31) / 32 * 32);
        for (uint256 i = 0; i < v.length; i += 32) {
            bytes32 word = keccak256(abi.encode("vector", seed, i));
            assembly ("memory-safe") {
                mstore(add(add(v, 32), i), word)
            }
        }
        assembly ("memory-safe") {
            mstore(v, k)
        }
    }

    function slice(
        bytes memory v,
        uint256 from,
        uint256 most
    ) internal pure returns (bytes memory part) {
        uint256 length = v.length - from < most ? v.length - from : most;
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(v, 32), from), length)
        }
    }

    function vectorTree(
        uint8 treeId,
        bytes memory v
    ) internal pure returns (TestTree.Built memory) {
        return chunkTree(treeId, v, CHUNK, 1);
    }

    /// @param size bytes of a chunk
    /// @param unit bytes of one item
    function chunkTree(
        uint8 treeId,
        bytes memory v,
        uint256 size,
        uint256 unit
    ) internal pure returns (TestTree.Built memory) {
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[]((v.length + size - 1) / size);
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes memory part = slice(v, i * size, size);
            leaves[i] = SumTree.Leaf(i, keccak256(part), uint96(part.length / unit), 0);
        }
        return TestTree.build(treeId, leaves);
    }

    /// @dev The plain way, in checked arithmetic.
    function dot(
        bytes memory a,
        bytes memory b
    ) internal pure returns (int256 sum) {
        for (uint256 i = 0; i < a.length; ++i) {
            sum += int256(int8(uint8(a[i]))) * int8(uint8(b[i]));
        }
    }

    function recordTokens(
        uint32 position
    ) internal pure returns (bytes memory tokens) {
        for (uint256 i = 0; i < RECORD_TOKENS; ++i) {
            tokens = bytes.concat(tokens, bytes4(uint32(uint256(keccak256(abi.encode("token", position, i))) % 49_152)));
        }
    }

    function openTokens(
        uint32 position,
        uint32 chunk
    ) internal pure returns (OpenedTokens memory opened) {
        bytes memory all = recordTokens(position);
        TestTree.Built memory chunks = chunkTree(SumTree.RECORD_TOKENS, all, 256, 4);
        return OpenedTokens(chunk, 2, uint96(RECORD_TOKENS), slice(all, chunk * 256, 256), chunks.proof(chunk));
    }

    function contributorOf(
        uint32 position
    ) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("contributor", position % 7)))));
    }

    function leaf(
        uint32 position,
        uint256 k
    ) internal pure returns (IndexLeaf memory l) {
        l.position = position;
        l.recordId = keccak256(abi.encode("record", position));
        l.contributor = contributorOf(position);
        l.cluster = keccak256(abi.encode("cluster", position < 2 * PAIRS ? position / 2 : position));
        l.tokensRoot = chunkTree(SumTree.RECORD_TOKENS, recordTokens(position), 256, 4).commitment.root;
        l.scaleBits = 0x3f800000; // 1.0
        l.rowRoot = vectorTree(SumTree.INDEX_ROW, vector(position, k)).commitment.root;
    }

    function tree(
        uint256 k
    ) internal pure returns (TestTree.Built memory) {
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](ROWS);
        for (uint32 i = 0; i < ROWS; ++i) {
            leaves[i] = SumTree.Leaf(i, keccak256(abi.encode(leaf(i, k))), 1, 0);
        }
        return TestTree.build(SumTree.ATTRIBUTION_INDEX, leaves);
    }

    function openChunk(
        uint8 treeId,
        bytes memory v,
        uint256 chunk
    ) internal pure returns (OpenedComponents memory) {
        return OpenedComponents(slice(v, chunk * CHUNK, CHUNK), vectorTree(treeId, v).proof(chunk));
    }

    function record(
        uint32 position,
        bytes memory query,
        bytes32 releaseHash,
        uint32 datanetId
    ) internal pure returns (RecordScore memory r) {
        IndexLeaf memory l = leaf(position, query.length);
        r.releaseHash = releaseHash;
        r.position = position;
        (r.recordId, r.cluster, r.contributor, r.rowRoot) = (l.recordId, l.cluster, l.contributor, l.rowRoot);
        r.reviewer = address(uint160(uint256(keccak256(abi.encode("reviewer", position % 3)))));
        r.datanetId = datanetId;
        bytes memory row = vector(position, query.length);
        r.partials = new int32[]((query.length + CHUNK - 1) / CHUNK);
        for (uint256 i = 0; i < r.partials.length; ++i) {
            r.partials[i] = int32(dot(slice(query, i * CHUNK, CHUNK), slice(row, i * CHUNK, CHUNK)));
        }
    }

    /// @dev All rows above the threshold, one per cluster, best first.
    function rank(
        bytes memory query,
        int256 threshold,
        bytes32 releaseHash,
        uint32 datanetId
    ) internal pure returns (RecordScore[] memory records) {
        records = new RecordScore[](ROWS);
        uint256 count;
        for (uint32 i = 0; i < ROWS; ++i) {
            RecordScore memory r = record(i, query, releaseHash, datanetId);
            if (score(r) <= threshold) continue;
            uint256 at = count++;
            for (; at > 0 && beats(r, records[at - 1]); --at) {
                records[at] = records[at - 1];
            }
            records[at] = r;
        }
        uint256 kept;
        for (uint256 i = 0; i < count; ++i) {
            bool seen;
            for (uint256 j = 0; j < kept; ++j) {
                if (records[j].cluster == records[i].cluster) seen = true;
            }
            if (!seen) records[kept++] = records[i];
        }
        assembly ("memory-safe") {
            mstore(records, kept)
        }
    }

    function score(
        RecordScore memory r
    ) internal pure returns (int256 sum) {
        for (uint256 i = 0; i < r.partials.length; ++i) {
            sum += r.partials[i];
        }
    }

    function beats(
        RecordScore memory a,
        RecordScore memory b
    ) internal pure returns (bool) {
        return score(a) > score(b) || (score(a) == score(b) && a.recordId < b.recordId);
    }
}
