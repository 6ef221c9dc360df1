// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Boundary, Opening} from "../types/Proofs.sol";
import {Tree} from "../types/Settlement.sol";
import {SumTree} from "./SumTree.sol";

/// @notice Openings of sum trees that revert when they do not hold: leaves, neighbours, what lies before a key.
library TreeProofs {
    error TreeProofs_BadOpening(uint8 treeId, uint32 index);
    error TreeProofs_NotNeighbours(uint32 left, uint32 right);
    error TreeProofs_KeyNotBetween(uint256 key, uint256 below, uint256 from);

    /// @notice Requires the leaf to be the one at its index.
    /// @return amount sum of the amounts of all leaves before it
    /// @return weight sum of their weights
    function open(
        Tree calldata tree,
        uint8 treeId,
        Opening calldata o
    ) internal pure returns (uint256 amount, uint256 weight) {
        bool valid;
        (valid, amount, weight) =
            SumTree.prefix(tree, treeId, SumTree.Leaf(o.key, o.data, o.amount, o.weight), o.index, o.proof);
        if (!valid) revert TreeProofs_BadOpening(treeId, o.index);
    }

    /// @notice Requires the leaf of a tree whose keys are positions and whose weights are 0 (trees 6 to 10).
    function openAt(
        bytes32 root,
        uint32 count,
        uint96 amount,
        uint8 treeId,
        SumTree.Leaf memory leaf,
        bytes calldata proof
    ) internal pure {
        if (!SumTree.verifyAt(root, count, amount, treeId, leaf, proof)) {
            revert TreeProofs_BadOpening(treeId, uint32(leaf.key));
        }
    }

    /// @notice Requires two leaves that follow each other.
    /// @return amount sum of the amounts of all leaves before the right one
    /// @return weight sum of their weights
    function openNeighbours(
        Tree calldata tree,
        uint8 treeId,
        Opening calldata left,
        Opening calldata right
    ) internal pure returns (uint256 amount, uint256 weight) {
        if (uint256(left.index) + 1 != right.index) revert TreeProofs_NotNeighbours(left.index, right.index);
        open(tree, treeId, left);
        return open(tree, treeId, right);
    }

    /// @notice Sums of all leaves with a smaller key.
    function sumsBelow(
        Tree calldata tree,
        uint8 treeId,
        Boundary calldata boundary,
        uint256 key
    ) internal pure returns (uint256 amount, uint256 weight) {
        (uint256 below, uint256 from) = (boundary.below.key, boundary.from.key);
        if (below >= key || from < key) revert TreeProofs_KeyNotBetween(key, below, from);
        return openNeighbours(tree, treeId, boundary.below, boundary.from);
    }

    /// @notice Sums of the leaf with that key, 0 if there is none.
    function sumsAt(
        Tree calldata tree,
        uint8 treeId,
        Boundary calldata boundary,
        uint256 key
    ) internal pure returns (uint256 amount, uint256 weight) {
        sumsBelow(tree, treeId, boundary, key);
        if (boundary.from.key == key) (amount, weight) = (boundary.from.amount, boundary.from.weight);
    }
}
