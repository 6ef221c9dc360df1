// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {Accused, Boundary, OpenedReceipt} from "../../src/types/Proofs.sol";
import {Component, Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {Mutations} from "./Mutations.sol";

/// @notice Wrong receipts, and the proof that each loses to.
contract ReceiptMutationsTest is Mutations {
    function test_everyMutationOfAReceiptLoses() public {
        _loses("another receipt than the one that was signed", "contradicted receipt", settledOther);
        _loses("two signed receipts of one sequence", "contradicted receipt", signedTwice);
        _loses("a receipt of another fee than its leaf", "mislabelled receipt", otherFee);
        _loses("a receipt of another sequence than its leaf", "mislabelled receipt", otherSequence);
        _loses("a receipt of another channel than its leaf", "mislabelled receipt", otherChannel);
        _loses("a receipt under another fee version", "mislabelled receipt", otherFeeVersion);
        _loses("fewer tokens than the fee pays", "wrong price", fewerTokens);
        _loses("more tokens than the fee pays", "wrong price", moreTokens);
        _loses("a release that nobody registered", "wrong price", unknownRelease);
        _loses("terms that nobody set", "wrong price", unknownTerms);
        _loses("a single release with less than its weight", "wrong price", lightComponent);
        _loses("a part of a receipt paid to another", "unfaithful allocation", partMoved);
        _loses("votes of a receipt given to another", "unfaithful allocation", votesMoved);
        _loses("an allocation that the receipt does not state", "unfaithful allocation", unstated);
        _loses("a stated allocation left out", "unfaithful allocation", leftOut);
        _loses("a receipt that states more than its fee", "unbalanced allocation", statesMore);
        _loses("a receipt that states less than its fee", "unbalanced allocation", statesLess);
        _loses("a receipt that states accounts out of order", "unbalanced allocation", statesDisorder);
        assertEq(mutations, 18);
    }

    // ── What was signed ─────────────────────────────────────────────────────────────────────────────────────────────

    function settledOther(
        Story memory,
        Story memory s
    ) internal {
        bytes memory signature = _sign(s.opened[1]);
        SignedReceipt memory signed = abi.decode(abi.encode(s.opened[1]), (SignedReceipt));
        s.opened[1].outputHash = "another";
        s.receipts[2].data = _hash(s.opened[1]);
        _commit(s);
        fraudProofs.proveContradictedReceipt(_accuse(s), signed, signature, _open(s, R, 2));
    }

    function signedTwice(
        Story memory,
        Story memory s
    ) internal {
        _commit(s);
        SignedReceipt memory second = s.opened[3];
        second.completionTokens += 1;
        bytes memory signature = _sign(second);
        fraudProofs.proveContradictedReceipt(_accuse(s), second, signature, _open(s, R, 4));
    }

    // ── What the leaf says of it ────────────────────────────────────────────────────────────────────────────────────

    function _mislabelled(
        Story memory s,
        uint256 position,
        SignedReceipt memory r
    ) private {
        s.receipts[position + 1].data = _hash(r);
        _commit(s);
        fraudProofs.proveMislabelledReceipt(_accuse(s), _openReceipt(s, position, r));
    }

    function otherFee(
        Story memory,
        Story memory s
    ) internal {
        s.opened[2].fee += 10_000;
        _mislabelled(s, 2, s.opened[2]);
    }

    function otherSequence(
        Story memory,
        Story memory s
    ) internal {
        s.opened[2].sequence += 1;
        _mislabelled(s, 2, s.opened[2]);
    }

    function otherChannel(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].channel = s.opened[4].channel;
        _mislabelled(s, 0, s.opened[0]);
    }

    function otherFeeVersion(
        Story memory,
        Story memory s
    ) internal {
        s.opened[2].feeVersion += 1;
        _mislabelled(s, 2, s.opened[2]);
    }

    // ── Prices ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _wrongPrice(
        Story memory s,
        Component memory component
    ) private {
        SignedReceipt memory r = s.opened[0];
        r.compositionHash = _hashComponent(component);
        s.receipts[1].data = _hash(r);
        _commit(s);
        fraudProofs.proveWrongPrice(_accuse(s), _openReceipt(s, 0, r), component, _channel(s, 0));
    }

    function fewerTokens(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].promptTokens -= 1;
        _wrongPrice(s, _component());
    }

    function moreTokens(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].promptTokens += 1;
        _wrongPrice(s, _component());
    }

    function unknownRelease(
        Story memory,
        Story memory s
    ) internal {
        _wrongPrice(s, Component("nobody's", 1, 10_000));
    }

    function unknownTerms(
        Story memory,
        Story memory s
    ) internal {
        _wrongPrice(s, Component(releaseHash, 2, 10_000));
    }

    function lightComponent(
        Story memory,
        Story memory s
    ) internal {
        _wrongPrice(s, Component(releaseHash, 1, 9_999));
    }

    // ── Allocations ─────────────────────────────────────────────────────────────────────────────────────────────────

    function _key(
        address account,
        uint256 position
    ) private pure returns (uint256) {
        return uint256(uint160(account)) << 96 | position;
    }

    function _unfaithful(
        Story memory s,
        address account
    ) private {
        _commit(s);
        Allocation[] memory stated = _stated(operator, s.opened[1].fee, 1);
        Boundary memory boundary = _boundary(A, s.allocations, _key(account, 1));
        fraudProofs.proveUnfaithfulAllocation(_accuse(s), _openReceipt(s, 1, s.opened[1]), stated, account, boundary);
    }

    function partMoved(
        Story memory,
        Story memory s
    ) internal {
        _move(s.allocations, _find(s.allocations, _key(_developer(), 1)), _find(s.allocations, _key(operator, 1)), 1);
        _unfaithful(s, _developer());
    }

    function votesMoved(
        Story memory,
        Story memory s
    ) internal {
        s.allocations[_find(s.allocations, _key(_developer(), 1))].weight -= 1;
        s.allocations[_find(s.allocations, _key(operator, 1))].weight += 1;
        _unfaithful(s, operator);
    }

    function unstated(
        Story memory,
        Story memory s
    ) internal {
        SumTree.Leaf memory leaf = SumTree.Leaf(_key(mallory, 1), bytes32(s.receipts[2].key), 1, 0);
        s.allocations = _insert(s.allocations, leaf, _find(s.allocations, _key(operator, 1)));
        _unfaithful(s, mallory);
    }

    function leftOut(
        Story memory,
        Story memory s
    ) internal {
        s.allocations = _drop(s.allocations, _find(s.allocations, _key(_developer(), 1)));
        _unfaithful(s, _developer());
    }

    function _unbalanced(
        Story memory s,
        Allocation[] memory stated
    ) private {
        SignedReceipt memory r = s.opened[0];
        r.allocationHash = keccak256(abi.encode(stated));
        s.receipts[1].data = _hash(r);
        _commit(s);
        Accused memory accused = _accuse(s);
        OpenedReceipt memory opened = _openReceipt(s, 0, r);
        fraudProofs.proveUnbalancedAllocation(accused, opened, stated);
    }

    function statesMore(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _stated(operator, s.opened[0].fee, 0);
        stated[1].amount += 1;
        _unbalanced(s, stated);
    }

    function statesLess(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _stated(operator, s.opened[0].fee, 0);
        stated[2].amount -= 1;
        _unbalanced(s, stated);
    }

    function statesDisorder(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _stated(operator, s.opened[0].fee, 0);
        (stated[0], stated[1]) = (stated[1], stated[0]);
        _unbalanced(s, stated);
    }
}
