// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {Tree} from "../../src/types/Settlement.sol";

/// @notice Builds sum trees and their proofs the plain way, level by level, as docs/wire.md says.
library TestTree {
    struct Node {
        bytes32 hash;
        uint96 amount;
        uint96 weight;
    }

    struct Built {
        uint8 id;
        Tree commitment;
        SumTree.Leaf[] leaves;
        Node[][] levels;
    }

    function build(
        uint8 id,
        SumTree.Leaf[] memory leaves
    ) internal pure returns (Built memory built) {
        built.id = id;
        built.leaves = leaves;
        if (leaves.length == 0) return built;
        uint256 depth = 1;
        for (uint256 width = leaves.length; width > 1; width = (width + 1) / 2) {
            ++depth;
        }
        built.levels = new Node[][](depth);
        Node[] memory level = new Node[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            SumTree.Leaf memory leaf = leaves[i];
            level[i] = Node(
                keccak256(abi.encodePacked(bytes1(0x00), id, leaf.key, leaf.data, leaf.amount, leaf.weight)),
                leaf.amount,
                leaf.weight
            );
        }
        built.levels[0] = level;
        for (uint256 d = 1; d < depth; ++d) {
            level = above(id, level);
            built.levels[d] = level;
        }
        built.commitment = Tree(level[0].hash, uint32(leaves.length), level[0].amount, level[0].weight);
    }

    function above(
        uint8 id,
        Node[] memory level
    ) internal pure returns (Node[] memory up) {
        up = new Node[]((level.length + 1) / 2);
        for (uint256 i = 0; i < up.length; ++i) {
            Node memory l = level[2 * i];
            if (2 * i + 1 == level.length) {
                up[i] = l; // promoted
                continue;
            }
            Node memory r = level[2 * i + 1];
            up[i] = Node(
                keccak256(abi.encodePacked(bytes1(0x01), id, l.hash, l.amount, l.weight, r.hash, r.amount, r.weight)),
                l.amount + r.amount,
                l.weight + r.weight
            );
        }
    }

    function proof(
        Built memory built,
        uint256 index
    ) internal pure returns (bytes memory packed) {
        for (uint256 d = 0; d + 1 < built.levels.length; ++d) {
            Node[] memory level = built.levels[d];
            uint256 at = (index >> d) ^ 1;
            if (at >= level.length) continue;
            Node memory n = level[at];
            packed = bytes.concat(packed, abi.encodePacked(n.hash, n.amount, n.weight));
        }
    }

    /// @notice Sorts by key and adds the two sentinels of trees 1–3.
    function withSentinels(
        SumTree.Leaf[] memory leaves
    ) internal pure returns (SumTree.Leaf[] memory all) {
        uint256 n = leaves.length;
        all = new SumTree.Leaf[](n + 2);
        for (uint256 i = 0; i < n; ++i) {
            all[i + 1] = leaves[i];
        }
        all[n + 1].key = type(uint256).max;
        _mergeSort(all, new SumTree.Leaf[](n + 2), 1, n + 1);
    }

    function _mergeSort(
        SumTree.Leaf[] memory a,
        SumTree.Leaf[] memory buffer,
        uint256 from,
        uint256 to
    ) private pure {
        if (to - from < 2) return;
        uint256 middle = (from + to) / 2;
        _mergeSort(a, buffer, from, middle);
        _mergeSort(a, buffer, middle, to);
        uint256 l = from;
        uint256 r = middle;
        for (uint256 i = from; i < to; ++i) {
            buffer[i] = l < middle && (r == to || a[l].key <= a[r].key) ? a[l++] : a[r++];
        }
        for (uint256 i = from; i < to; ++i) {
            a[i] = buffer[i];
        }
    }
}
