// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Channels} from "../libraries/Channels.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TreeProofs} from "../libraries/TreeProofs.sol";
import {AccountSums, Accused, OpenedChannel, OpenedRewards, Opening} from "../types/Proofs.sol";
import {BatchBody, Tree} from "../types/Settlement.sol";
import {BatchProofs} from "./BatchProofs.sol";
import {IFraudProofs} from "./IFraudProofs.sol";

/// @notice Faults that the three trees and the channel list show without opening a receipt.
abstract contract TreeFaults is IFraudProofs, BatchProofs {
    /// @dev Fees are multiples of this many wei, so that shares in basis points are exact.
    uint256 internal constant FEE_UNIT = 10_000;

    /// @inheritdoc IFraudProofs
    function proveDisorder(
        Accused calldata accused,
        uint8 treeId,
        Opening calldata left,
        Opening calldata right
    ) external {
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.openNeighbours(_tree(accused, treeId), treeId, left, right);
        if (left.key < right.key) revert FraudProofs_NoFault();
        _condemn(accused, Fault.Disorder);
    }

    /// @inheritdoc IFraudProofs
    function proveMalformedLeaf(
        Accused calldata accused,
        uint8 treeId,
        Opening calldata leaf
    ) external {
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.open(_tree(accused, treeId), treeId, leaf);
        uint256 end = _tree(accused, treeId).count - 1;
        bool sound;
        if (leaf.index == 0 || leaf.index == end) {
            uint256 key = leaf.index == 0 ? 0 : type(uint256).max;
            sound = leaf.key == key && leaf.data == 0 && leaf.amount == 0 && leaf.weight == 0;
        } else if (treeId == SumTree.RECEIPTS) {
            sound = leaf.weight == 1 && leaf.amount % FEE_UNIT == 0;
        } else if (treeId == SumTree.REWARDS) {
            sound = leaf.data == 0 && uint96(leaf.key) == 0;
        } else {
            sound = true; // what is wrong with an allocation shows against its receipt
        }
        if (sound) revert FraudProofs_NoFault();
        _condemn(accused, Fault.MalformedLeaf);
    }

    /// @inheritdoc IFraudProofs
    function proveMissingReceipt(
        Accused calldata accused,
        OpenedChannel calldata channel,
        uint32 sequence,
        Opening calldata left,
        Opening calldata right
    ) external {
        (bytes32 id,, Channels.Collection memory entry) = _openChannel(accused, channel);
        if (sequence <= entry.previousSequence || sequence > entry.lastSequence) {
            revert FraudProofs_NotInEntry(sequence, uint32(entry.previousSequence), entry.lastSequence);
        }
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.openNeighbours(accused.header.body.receipts, SumTree.RECEIPTS, left, right);
        uint256 key = _receiptKey(id, sequence);
        if (left.key >= key || right.key <= key) revert FraudProofs_NoFault();
        _condemn(accused, Fault.MissingReceipt);
    }

    /// @inheritdoc IFraudProofs
    function proveStrayReceipt(
        Accused calldata accused,
        bytes calldata channels,
        Opening calldata leaf
    ) external {
        uint256 entries = _requireChannels(accused, channels);
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.open(accused.header.body.receipts, SumTree.RECEIPTS, leaf);
        // The sentinels are no receipts.
        if (leaf.index == 0 || leaf.index == accused.header.body.receipts.count - 1) revert FraudProofs_NoFault();
        if (_isCollected(accused.header.body.operator, channels, entries, leaf.key)) revert FraudProofs_NoFault();
        _condemn(accused, Fault.StrayReceipt);
    }

    /// @inheritdoc IFraudProofs
    function proveWrongCollection(
        Accused calldata accused,
        OpenedChannel calldata channel,
        Opening calldata first,
        Opening calldata last
    ) external {
        (bytes32 id,, Channels.Collection memory entry) = _openChannel(accused, channel);
        _requireKey(first, _receiptKey(id, entry.previousSequence + 1));
        _requireKey(last, _receiptKey(id, entry.lastSequence));
        // slither-disable-next-line unused-return (the weight is not asked for)
        (uint256 before,) = TreeProofs.open(accused.header.body.receipts, SumTree.RECEIPTS, first);
        // slither-disable-next-line unused-return (the weight is not asked for)
        (uint256 after_,) = TreeProofs.open(accused.header.body.receipts, SumTree.RECEIPTS, last);
        if (after_ + last.amount == before + entry.collected) revert FraudProofs_NoFault();
        _condemn(accused, Fault.WrongCollection);
    }

    /// @inheritdoc IFraudProofs
    function proveMisaccounting(
        Accused calldata accused,
        AccountSums calldata sums
    ) external {
        (uint256 amount, uint256 weight) = _rewardsBefore(accused.header.body, sums);
        (uint256 allocated, uint256 weighed) = _allocated(accused.header.body, sums);
        (uint256 nowAmount, uint256 nowWeight) = TreeProofs.sumsAt(
            accused.header.rewards, SumTree.REWARDS, sums.current, uint256(uint160(sums.account)) << 96
        );
        if (amount + allocated == nowAmount && weight + weighed == nowWeight) revert FraudProofs_NoFault();
        _condemn(accused, Fault.Misaccounting);
    }

    /// @inheritdoc IFraudProofs
    function proveStrayAllocation(
        Accused calldata accused,
        Opening calldata allocation,
        Opening calldata receipt
    ) external {
        BatchBody calldata body = accused.header.body;
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.open(body.allocations, SumTree.ALLOCATIONS, allocation);
        if (allocation.index == 0 || allocation.index == body.allocations.count - 1) revert FraudProofs_NoFault();
        uint256 position = uint96(allocation.key);
        // Of `count` leaves two are sentinels; position 0 is the leaf after the first.
        if (position + 2 < body.receipts.count) {
            if (receipt.index != position + 1) revert FraudProofs_WrongPosition(receipt.index, position);
            // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
            TreeProofs.open(body.receipts, SumTree.RECEIPTS, receipt);
            if (uint256(allocation.data) == receipt.key) revert FraudProofs_NoFault();
        }
        _condemn(accused, Fault.StrayAllocation);
    }

    function _tree(
        Accused calldata accused,
        uint8 treeId
    ) private pure returns (Tree calldata) {
        if (treeId == SumTree.RECEIPTS) return accused.header.body.receipts;
        if (treeId == SumTree.ALLOCATIONS) return accused.header.body.allocations;
        if (treeId != SumTree.REWARDS) revert FraudProofs_UnknownTree(treeId);
        return accused.header.rewards;
    }

    /// @dev Whether an entry of the list covers the channel and sequence of that key.
    function _isCollected(
        address operator,
        bytes calldata channels,
        uint256 entries,
        uint256 key
    ) private pure returns (bool) {
        // slither-disable-next-line uninitialized-local (read overwrites it; zero until then)
        Channels.VoucherWords memory words;
        words.operator = operator;
        // slither-disable-next-line uninitialized-local (read overwrites it; zero until then)
        Channels.Collection memory entry;
        for (uint256 i = 0; i < entries; ++i) {
            Channels.read(channels, i, words, entry);
            if (uint256(Channels.channelOf(words)) >> 64 != key >> 64) continue;
            uint256 sequence = uint64(key);
            return sequence > entry.previousSequence && sequence <= entry.lastSequence;
        }
        return false;
    }

    function _requireKey(
        Opening calldata leaf,
        uint256 expected
    ) private pure {
        if (leaf.key != expected) revert FraudProofs_WrongLeaf(leaf.key, expected);
    }

    /// @dev Rewards of the account in the batch before, nothing before the first.
    function _rewardsBefore(
        BatchBody calldata body,
        AccountSums calldata sums
    ) private pure returns (uint256 amount, uint256 weight) {
        if (body.previousHash == 0) return (0, 0);
        OpenedRewards calldata previous = sums.previous;
        bytes32 given =
            keccak256(abi.encode(previous.bodyHash, keccak256(abi.encode(previous.rewards)), previous.settledAt));
        if (given != body.previousHash) revert FraudProofs_WrongPrevious(given, body.previousHash);
        return TreeProofs.sumsAt(previous.rewards, SumTree.REWARDS, sums.before, uint256(uint160(sums.account)) << 96);
    }

    /// @dev Sums of the account's allocations, which lie between its first possible key and the next account's.
    function _allocated(
        BatchBody calldata body,
        AccountSums calldata sums
    ) private pure returns (uint256 amount, uint256 weight) {
        uint256 first = uint256(uint160(sums.account)) << 96;
        uint256 end = sums.account == address(type(uint160).max) ? type(uint256).max : first + (1 << 96);
        (amount, weight) = TreeProofs.sumsBelow(body.allocations, SumTree.ALLOCATIONS, sums.end, end);
        (uint256 amountBefore, uint256 weightBefore) =
            TreeProofs.sumsBelow(body.allocations, SumTree.ALLOCATIONS, sums.first, first);
        // Of a tree out of order the difference may be negative; that is for another proof.
        if (amountBefore > amount || weightBefore > weight) revert FraudProofs_NoFault();
        return (amount - amountBefore, weight - weightBefore);
    }
}
