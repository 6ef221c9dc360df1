// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../libraries/SumTree.sol";
import {TreeProofs} from "../../libraries/TreeProofs.sol";
import {DataRequest, DisclosedReceipt, LeavesAsked} from "../../types/Data.sol";
import {Opening} from "../../types/Proofs.sol";
import {BatchHeader, Receipt, Tree} from "../../types/Settlement.sol";
import {IDataRequests} from "../IDataRequests.sol";
import {DataBook} from "./DataBook.sol";

/// @notice Requests for what a batch's file holds: leaves of its trees, and its parameters.
abstract contract LeafRequests is DataBook {
    /// @inheritdoc IDataRequests
    uint32 public constant MAX_LEAVES = 16;
    /// @dev In place of a tree's id.
    uint8 internal constant PARAMETERS = 0;

    /// @inheritdoc IDataRequests
    function requestData(
        BatchHeader calldata header,
        uint8 tree,
        uint32 from,
        uint32 count
    ) external returns (bytes32 requestId) {
        if (count == 0 || uint256(from) + count > _leavesOf(header, tree) || count > _mostOf(tree)) {
            revert DataRequests_NoSuchLeaves(tree, from, count);
        }
        bytes32 headerHash = _hashHeader(header);
        requestId = keccak256(abi.encode(LeavesAsked(headerHash, tree, from, count)));
        uint64 deadline = _open(header, headerHash, requestId);
        emit DataRequested(
            requestId,
            header.body.operator,
            headerHash,
            header.body.batchIndex,
            tree,
            from,
            count,
            bond,
            deadline,
            msg.sender
        );
    }

    /// @inheritdoc IDataRequests
    function answerLeaves(
        BatchHeader calldata header,
        LeavesAsked calldata asked,
        Opening[] calldata leaves
    ) external {
        (bytes32 requestId, DataRequest storage open) = _requireLeaves(header, asked);
        bool isRewards = asked.tree == SumTree.REWARDS;
        if (!isRewards) _requireTree(asked, SumTree.ALLOCATIONS);
        if (leaves.length != asked.count) revert DataRequests_WrongCount(leaves.length, asked.count);
        Tree calldata tree = isRewards ? header.rewards : header.body.allocations;
        for (uint256 i = 0; i < leaves.length; ++i) {
            _requireLeaf(tree, asked.tree, leaves[i], asked.from + i);
        }
        _answered(header, requestId, open);
    }

    /// @inheritdoc IDataRequests
    function answerReceipt(
        BatchHeader calldata header,
        LeavesAsked calldata asked,
        Opening calldata leaf,
        DisclosedReceipt calldata disclosed
    ) external {
        (bytes32 requestId, DataRequest storage open) = _requireLeaves(header, asked);
        _requireTree(asked, SumTree.RECEIPTS);
        _requireLeaf(header.body.receipts, SumTree.RECEIPTS, leaf, asked.from);
        // The first and the last are sentinels, or the leaf itself shows that they are none.
        if (asked.from != 0 && uint256(asked.from) + 1 != header.body.receipts.count) {
            Receipt calldata receipt = disclosed.receipt;
            // slither-disable-next-line unused-return (the digest is for signatures only)
            (bytes32 receiptHash,) = settlement.hashReceipt(receipt);
            _requireSame(receiptHash, leaf.data);
            _requireSame(keccak256(abi.encode(disclosed.composition)), receipt.compositionHash);
            _requireSame(keccak256(abi.encode(disclosed.evidence)), receipt.evidenceHash);
            _requireSame(keccak256(abi.encode(disclosed.allocations)), receipt.allocationHash);
        }
        _answered(header, requestId, open);
    }

    /// @inheritdoc IDataRequests
    function answerParameters(
        BatchHeader calldata header,
        LeavesAsked calldata asked,
        bytes calldata parameters
    ) external {
        (bytes32 requestId, DataRequest storage open) = _requireLeaves(header, asked);
        _requireTree(asked, PARAMETERS);
        _requireSame(keccak256(parameters), header.body.parametersHash);
        _answered(header, requestId, open);
    }

    function _requireSame(
        bytes32 given,
        bytes32 expected
    ) internal pure {
        if (given != expected) revert DataRequests_WrongAnswer(given, expected);
    }

    function _requireLeaves(
        BatchHeader calldata header,
        LeavesAsked calldata asked
    ) private view returns (bytes32 requestId, DataRequest storage open) {
        requestId = keccak256(abi.encode(asked));
        open = _requireAnswerable(header, requestId);
    }

    function _requireTree(
        LeavesAsked calldata asked,
        uint8 tree
    ) private pure {
        if (asked.tree != tree) revert DataRequests_WrongTree(asked.tree, tree);
    }

    function _requireLeaf(
        Tree calldata tree,
        uint8 treeId,
        Opening calldata leaf,
        uint256 index
    ) private pure {
        if (leaf.index != index) revert DataRequests_WrongPosition(leaf.index, index);
        // slither-disable-next-line unused-return (it reverts unless the leaf opens; what lies before is not asked for)
        TreeProofs.open(tree, treeId, leaf);
    }

    function _leavesOf(
        BatchHeader calldata header,
        uint8 tree
    ) private pure returns (uint256) {
        if (tree == PARAMETERS) return 1;
        if (tree == SumTree.RECEIPTS) return header.body.receipts.count;
        if (tree == SumTree.ALLOCATIONS) return header.body.allocations.count;
        return tree == SumTree.REWARDS ? header.rewards.count : 0;
    }

    /// @dev A receipt is answered with its evidence, of up to 32 records.
    function _mostOf(
        uint8 tree
    ) private pure returns (uint256) {
        return tree == SumTree.ALLOCATIONS || tree == SumTree.REWARDS ? MAX_LEAVES : 1;
    }
}
