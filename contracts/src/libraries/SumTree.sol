// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Tree} from "../types/Settlement.sol";

/// @notice Merkle sum trees of docs/wire.md: each node carries an amount and a weight, so a path also proves the sums
///         of everything before its leaf.
/// @dev leaf = keccak(0x00 ‖ treeId ‖ key ‖ data ‖ sums), node = keccak(0x01 ‖ treeId ‖ left ‖ sums ‖ right ‖ sums),
///      sums = uint96 amount ‖ uint96 weight. Odd nodes are promoted. A sibling in a proof takes 56 bytes.
library SumTree {
    uint8 internal constant RECEIPTS = 1;
    uint8 internal constant ALLOCATIONS = 2;
    uint8 internal constant REWARDS = 3;
    uint8 internal constant RECORDS = 4;
    uint8 internal constant DATANET_VERSION = 5;
    uint8 internal constant ATTRIBUTION_INDEX = 6;
    uint8 internal constant OUTPUT_CHUNKS = 7;
    uint8 internal constant RECORD_TOKENS = 8;
    uint8 internal constant INDEX_ROW = 9;
    uint8 internal constant QUERY = 10;

    /// @dev A leaf as it is hashed; `key` strictly increases along a tree.
    struct Leaf {
        uint256 key;
        bytes32 data;
        uint96 amount;
        uint96 weight;
    }

    function hashLeaf(
        uint8 treeId,
        Leaf memory leaf
    ) internal pure returns (bytes32 hash) {
        uint256 sums = uint256(leaf.amount) << 160 | uint256(leaf.weight) << 64;
        assembly ("memory-safe") {
            let at := mload(0x40) // 90 bytes: 0x00 ‖ treeId ‖ key 32 ‖ data 32 ‖ sums 24
            mstore(at, shl(240, and(treeId, 0xff)))
            mstore(add(at, 2), mload(leaf))
            mstore(add(at, 34), mload(add(leaf, 0x20)))
            mstore(add(at, 66), sums)
            hash := keccak256(at, 90)
        }
    }

    /// @notice Whether `leaf` is the one at `index` of the committed tree.
    function verify(
        Tree calldata tree,
        uint8 treeId,
        Leaf memory leaf,
        uint32 index,
        bytes calldata proof
    ) internal pure returns (bool valid) {
        (valid,) = _prove(tree, treeId, leaf, index, proof);
    }

    /// @notice Checks the leaf at `index` and says what the leaves before it add up to.
    /// @return valid whether the proof holds; the sums mean nothing otherwise
    /// @return amountBefore sum of amounts of the leaves 0 … index − 1
    /// @return weightBefore sum of their weights
    function prefix(
        Tree calldata tree,
        uint8 treeId,
        Leaf memory leaf,
        uint32 index,
        bytes calldata proof
    ) internal pure returns (bool valid, uint256 amountBefore, uint256 weightBefore) {
        uint256 before;
        (valid, before) = _prove(tree, treeId, leaf, index, proof);
        return (valid, before >> 128, before & type(uint128).max);
    }

    /// @notice Whether `leaf` is in a tree whose keys are positions and whose weights are 0 (trees 6 to 10).
    function verifyAt(
        bytes32 root,
        uint32 count,
        uint96 amount,
        uint8 treeId,
        Leaf memory leaf,
        bytes calldata proof
    ) internal pure returns (bool) {
        if (leaf.key >= count) return false;
        (bytes32 hash, uint256 total,) = _walk(count, leaf.key, proof, treeId, leaf);
        return hash != 0 && hash == root && total == _lanes(amount, 0);
    }

    function _prove(
        Tree calldata tree,
        uint8 treeId,
        Leaf memory leaf,
        uint32 index,
        bytes calldata proof
    ) private pure returns (bool, uint256 before) {
        if (index >= tree.count) return (false, 0);
        bytes32 root;
        uint256 sums;
        (root, sums, before) = _walk(tree.count, index, proof, treeId, leaf);
        // Root 0 says that the proof does not fit; a tree with leaves never has it.
        return (root != 0 && root == tree.root && sums == _lanes(tree.amount, tree.weight), before);
    }

    /// @dev Two sums in one word, amount ‖ weight in 128 bits each, so that one addition adds both without a carry.
    function _lanes(
        uint96 amount,
        uint96 weight
    ) private pure returns (uint256) {
        return uint256(amount) << 128 | weight;
    }

    /// @param width leaves, then nodes of each level
    /// @param position of the leaf, then of the node above it at each level
    /// @return hash of that node, at last of the root; 0 if the proof does not fit
    /// @return total lanes of that node's sums
    /// @return before lanes of the sums left of the leaf
    function _walk(
        uint256 width,
        uint256 position,
        bytes calldata proof,
        uint8 treeId,
        Leaf memory leaf
    ) private pure returns (bytes32 hash, uint256 total, uint256 before) {
        hash = hashLeaf(treeId, leaf);
        total = _lanes(leaf.amount, leaf.weight);
        // Assembly because a proof of 20 siblings is walked in calldata with one hash and a handful of additions each;
        // slices and checked additions take several times the gas. Memory: scratch above the free pointer only.
        assembly ("memory-safe") {
            let node := mload(0x40) // 114 bytes: 0x01 ‖ treeId ‖ left 32 ‖ sums 24 ‖ right 32 ‖ sums 24
            mstore8(node, 1)
            mstore8(add(node, 1), treeId)
            let at := proof.offset
            for {} gt(width, 1) { width := shr(1, add(width, 1)) } {
                // The last node of a level of odd width has no sibling and moves up unchanged.
                // slither-disable-next-line incorrect-exp (xor is meant: the sibling differs in the last bit)
                if lt(xor(position, 1), width) {
                    let sibling := shr(64, calldataload(add(at, 32)))
                    sibling := or(shl(128, shr(96, sibling)), and(sibling, 0xffffffffffffffffffffffff))
                    // The own sums as 24 bytes at the top of a word. A sum beyond 96 bits is cut here, but not in
                    // `total`, which at the end exceeds what a commitment can hold.
                    let own := or(shl(160, shr(128, total)), shl(64, and(total, 0xffffffffffffffffffffffff)))
                    switch and(position, 1)
                    case 0 {
                        mstore(add(node, 2), hash)
                        mstore(add(node, 34), own) // its last 8 bytes are overwritten by the sibling
                        calldatacopy(add(node, 58), at, 56)
                    }
                    default {
                        calldatacopy(add(node, 2), at, 56)
                        mstore(add(node, 58), hash)
                        mstore(add(node, 90), own)
                        before := add(before, sibling) // at most 32 numbers of 96 bits in a lane of 128
                    }
                    hash := keccak256(node, 114)
                    total := add(total, sibling)
                    at := add(at, 56)
                }
                position := shr(1, position)
            }
            // A proof too short has been read past its end, one too long not to it: neither is the proof of this leaf.
            if iszero(eq(at, add(proof.offset, proof.length))) { hash := 0 }
        }
    }
}
