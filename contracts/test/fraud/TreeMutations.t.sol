// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {Opening} from "../../src/types/Proofs.sol";
import {Mutations} from "./Mutations.sol";

/// @notice Wrong trees, and the proof that each loses to.
contract TreeMutationsTest is Mutations {
    function test_everyMutationOfATreeLoses() public {
        _loses("receipts out of order", "disorder", receiptsSwapped);
        _loses("a receipt twice", "disorder", receiptTwice);
        _loses("allocations out of order", "disorder", allocationsSwapped);
        _loses("an allocation twice", "disorder", allocationTwice);
        _loses("rewards out of order", "disorder", rewardsSwapped);
        _loses("an account's rewards twice", "disorder", rewardTwice);
        _loses("no first sentinel", "malformed leaf", firstSentinel);
        _loses("no last sentinel", "malformed leaf", lastSentinel);
        _loses("a sentinel with rewards", "malformed leaf", sentinelPaid);
        _loses("a receipt counted twice for another", "malformed leaf", receiptWeight);
        _loses("fees that are no whole units", "malformed leaf", inexactFee);
        _loses("rewards with data", "malformed leaf", rewardData);
        _loses("rewards under a key beyond an account", "malformed leaf", rewardKey);
        _loses("a receipt under a later sequence: the first is missing", "missing receipt", receiptMissing);
        _loses("a receipt under the sequence of one settled before", "missing receipt", firstMissing);
        _loses("a receipt under a later sequence: that one is stray", "stray receipt", receiptLate);
        _loses("a receipt of a channel that pays nothing", "stray receipt", receiptOfNobody);
        _loses("a receipt of an earlier batch", "stray receipt", receiptEarly);
        _loses("one channel pays for another: it paid too much", "wrong collection", overcharged);
        _loses("one channel pays for another: the other too little", "wrong collection", undercharged);
        _loses("rewards moved to another account", "misaccounting", rewardMoved);
        _loses("votes moved to another account", "misaccounting", weightMoved);
        _loses("an account that vanished", "misaccounting", accountVanished);
        _loses("an account that was never allocated anything", "misaccounting", accountInvented);
        _loses("rewards of before forgotten", "misaccounting", pastForgotten);
        _loses("an allocation of a receipt that does not exist", "stray allocation", positionBeyond);
        _loses("an allocation that names another receipt", "stray allocation", otherReceipt);
        assertEq(mutations, 27);
    }

    // ── Order ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _disorder(
        Story memory s,
        uint8 tree,
        uint256 left
    ) private {
        _commit(s);
        fraudProofs.proveDisorder(_accuse(s), tree, _open(s, tree, left), _open(s, tree, left + 1));
    }

    function receiptsSwapped(
        Story memory,
        Story memory s
    ) internal {
        _swap(s.receipts, 1, 2);
        _disorder(s, R, 1);
    }

    function receiptTwice(
        Story memory,
        Story memory s
    ) internal {
        uint96 amount = s.receipts[2].amount;
        s.receipts[2] = _copy(s.receipts[1]);
        s.receipts[2].amount = amount;
        _disorder(s, R, 1);
    }

    function allocationsSwapped(
        Story memory,
        Story memory s
    ) internal {
        _swap(s.allocations, 4, 5);
        _disorder(s, A, 4);
    }

    function allocationTwice(
        Story memory,
        Story memory s
    ) internal {
        s.allocations[4].key = s.allocations[3].key;
        _disorder(s, A, 3);
    }

    function rewardsSwapped(
        Story memory,
        Story memory s
    ) internal {
        _swap(s.rewards, 2, 3);
        _disorder(s, W, 2);
    }

    function rewardTwice(
        Story memory,
        Story memory s
    ) internal {
        s.rewards[3].key = s.rewards[2].key;
        _disorder(s, W, 2);
    }

    // ── Form ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _malformed(
        Story memory s,
        uint8 tree,
        uint256 index
    ) private {
        _commit(s);
        fraudProofs.proveMalformedLeaf(_accuse(s), tree, _open(s, tree, index));
    }

    function firstSentinel(
        Story memory,
        Story memory s
    ) internal {
        s.receipts[0].key = 1;
        _malformed(s, R, 0);
    }

    function lastSentinel(
        Story memory,
        Story memory s
    ) internal {
        s.allocations[s.allocations.length - 1].key -= 1;
        _malformed(s, A, s.allocations.length - 1);
    }

    function sentinelPaid(
        Story memory,
        Story memory s
    ) internal {
        _move(s.rewards, 1, 0, 5);
        _malformed(s, W, 0);
    }

    function receiptWeight(
        Story memory,
        Story memory s
    ) internal {
        (s.receipts[1].weight, s.receipts[2].weight) = (0, 2);
        _malformed(s, R, 2);
    }

    function inexactFee(
        Story memory,
        Story memory s
    ) internal {
        _move(s.receipts, 1, 2, 1);
        _malformed(s, R, 1);
    }

    function rewardData(
        Story memory,
        Story memory s
    ) internal {
        s.rewards[1].data = "data";
        _malformed(s, W, 1);
    }

    function rewardKey(
        Story memory,
        Story memory s
    ) internal {
        s.rewards[1].key |= 1;
        _malformed(s, W, 1);
    }

    // ── Receipts against the channel list ───────────────────────────────────────────────────────────────────────────

    function receiptMissing(
        Story memory,
        Story memory s
    ) internal {
        uint32 last = s.calls[0].calls; // leaf of the first channel's last receipt
        s.receipts[last].key += 7;
        _commit(s);
        uint32 sequence = uint32(s.receipts[last].key) - 7;
        Opening memory left = _open(s, R, last - 1);
        fraudProofs.proveMissingReceipt(_accuse(s), _channel(s, 0), sequence, left, _open(s, R, last));
    }

    function firstMissing(
        Story memory,
        Story memory s
    ) internal {
        uint32 sequence = uint32(s.receipts[1].key);
        s.receipts[1].key -= 1;
        _commit(s);
        Opening memory left = _open(s, R, 1);
        fraudProofs.proveMissingReceipt(_accuse(s), _channel(s, 0), sequence, left, _open(s, R, 2));
    }

    function _stray(
        Story memory s,
        uint256 index
    ) private {
        _commit(s);
        fraudProofs.proveStrayReceipt(_accuse(s), s.batch.channels, _open(s, R, index));
    }

    function receiptLate(
        Story memory,
        Story memory s
    ) internal {
        s.receipts[s.calls[0].calls].key += 7;
        _stray(s, s.calls[0].calls);
    }

    function receiptOfNobody(
        Story memory,
        Story memory s
    ) internal {
        s.receipts[1].key = 1 << 64 | 1;
        _stray(s, 1);
    }

    function receiptEarly(
        Story memory,
        Story memory s
    ) internal {
        s.receipts[1].key -= 1;
        _stray(s, 1);
    }

    function _wrongCollection(
        Story memory s,
        uint256 channel
    ) private {
        _commit(s);
        uint256 first = channel == 0 ? 1 : 1 + s.calls[0].calls;
        Opening memory last = _open(s, R, first + s.calls[channel].calls - 1);
        fraudProofs.proveWrongCollection(_accuse(s), _channel(s, channel), _open(s, R, first), last);
    }

    function overcharged(
        Story memory,
        Story memory s
    ) internal {
        _move(s.receipts, 1, s.receipts.length - 2, FEE / 2);
        _wrongCollection(s, 0);
    }

    function undercharged(
        Story memory,
        Story memory s
    ) internal {
        _move(s.receipts, 1, s.receipts.length - 2, FEE / 2);
        _wrongCollection(s, 1);
    }

    // ── Rewards against allocations ─────────────────────────────────────────────────────────────────────────────────

    function _misaccounting(
        Story memory before,
        Story memory s,
        address account
    ) private {
        _commit(s);
        fraudProofs.proveMisaccounting(_accuse(s), _sums(before, s, account));
    }

    function _account(
        SumTree.Leaf memory leaf
    ) private pure returns (address) {
        return address(uint160(leaf.key >> 96));
    }

    function rewardMoved(
        Story memory before,
        Story memory s
    ) internal {
        _move(s.rewards, 2, 5, 1);
        _misaccounting(before, s, _account(s.rewards[2]));
    }

    function weightMoved(
        Story memory before,
        Story memory s
    ) internal {
        uint256 at = _find(s.rewards, uint256(uint160(_developer())) << 96);
        s.rewards[at].weight -= 1;
        s.rewards[at == 1 ? 2 : 1].weight += 1;
        _misaccounting(before, s, _developer());
    }

    function accountVanished(
        Story memory before,
        Story memory s
    ) internal {
        address account = _account(s.rewards[2]);
        s.rewards = _drop(s.rewards, 2);
        _misaccounting(before, s, account);
    }

    function accountInvented(
        Story memory before,
        Story memory s
    ) internal {
        s.rewards = _insert(s.rewards, SumTree.Leaf(uint256(uint160(mallory)) << 96, 0, 1, 0), 1);
        _misaccounting(before, s, mallory);
    }

    /// @dev What the account had before the batch goes to another; what the batch adds is right.
    function pastForgotten(
        Story memory before,
        Story memory s
    ) internal {
        _move(s.rewards, 3, 4, before.rewards[3].amount);
        _misaccounting(before, s, _account(s.rewards[3]));
    }

    // ── Allocations against receipts ────────────────────────────────────────────────────────────────────────────────

    function positionBeyond(
        Story memory,
        Story memory s
    ) internal {
        uint256 last = s.allocations.length - 2;
        s.allocations[last].key = s.allocations[last].key >> 96 << 96 | 5; // the batch has five receipts: 0 to 4
        _commit(s);
        fraudProofs.proveStrayAllocation(_accuse(s), _open(s, A, last), _open(s, R, 0));
    }

    function otherReceipt(
        Story memory,
        Story memory s
    ) internal {
        uint256 position = uint96(s.allocations[3].key);
        s.allocations[3].data = bytes32(s.receipts[position == 0 ? 2 : 1].key);
        _commit(s);
        Opening memory receipt = _open(s, R, position + 1);
        fraudProofs.proveStrayAllocation(_accuse(s), _open(s, A, 3), receipt);
    }
}
