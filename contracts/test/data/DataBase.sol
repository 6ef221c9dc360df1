// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {AskedStatus, DisclosedReceipt, LeavesAsked, RowAsked, ScoredBy} from "../../src/types/Data.sol";
import {Evidence} from "../../src/types/Evidence.sol";
import {OpenedComponents, OpenedRow, Opening} from "../../src/types/Proofs.sol";
import {BatchHeader, Component} from "../../src/types/Settlement.sol";
import {EvidenceBase} from "../fraud/EvidenceBase.sol";
import {TestIndex} from "../fraud/TestIndex.sol";

/// @notice Requests for the data of honest batches, and what an honest operator answers.
abstract contract DataBase is EvidenceBase {
    uint8 internal constant PARAMETERS = 0;

    address internal asker = makeAddr("asker");

    function setUp() public virtual override {
        super.setUp();
        _give(asker, address(dataRequests), 1_000_000e18);
    }

    function _header(
        Story memory s
    ) internal view returns (BatchHeader memory) {
        return headers[operator][s.batch.body.batchIndex];
    }

    function _headerHash(
        Story memory s
    ) internal view returns (bytes32) {
        return settlement.headerHash(operator, s.batch.body.batchIndex);
    }

    // ── Leaves and parameters ───────────────────────────────────────────────────────────────────────────────────────

    function _asked(
        Story memory s,
        uint8 tree,
        uint32 from,
        uint32 count
    ) internal view returns (LeavesAsked memory) {
        return LeavesAsked(_headerHash(s), tree, from, count);
    }

    function _ask(
        Story memory s,
        uint8 tree,
        uint32 from,
        uint32 count
    ) internal returns (bytes32 requestId) {
        BatchHeader memory header = _header(s);
        vm.prank(asker);
        requestId = dataRequests.requestData(header, tree, from, count);
    }

    function _openings(
        Story memory s,
        uint8 tree,
        uint32 from,
        uint32 count
    ) internal pure returns (Opening[] memory leaves) {
        leaves = new Opening[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = _open(s, tree, from + i);
        }
    }

    /// @dev What opens the receipt of that leaf; nothing for a sentinel.
    function _disclosed(
        Story memory s,
        uint32 leaf
    ) internal view returns (DisclosedReceipt memory d) {
        if (leaf == 0 || leaf + 1 == s.receipts.length) return d;
        d.receipt = s.opened[leaf - 1];
        d.composition = new Component[](1);
        d.composition[0] = _component();
        d.evidence = _evidence();
        d.allocations = _stated(operator, d.receipt.fee, leaf - 1);
    }

    /// @dev The call that answers honestly.
    function _answer(
        Story memory s,
        uint8 tree,
        uint32 from,
        uint32 count
    ) internal view returns (bytes memory) {
        BatchHeader memory header = _header(s);
        LeavesAsked memory asked = _asked(s, tree, from, count);
        if (tree == PARAMETERS) {
            return abi.encodeCall(IDataRequests.answerParameters, (header, asked, _parameters()));
        }
        if (tree == SumTree.RECEIPTS) {
            return
                abi.encodeCall(IDataRequests.answerReceipt, (header, asked, _open(s, tree, from), _disclosed(s, from)));
        }
        return abi.encodeCall(IDataRequests.answerLeaves, (header, asked, _openings(s, tree, from, count)));
    }

    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _askedRow(
        Story memory s,
        Evidence memory evidence,
        uint32 position,
        uint32 chunk
    ) internal view returns (RowAsked memory) {
        return RowAsked(_headerHash(s), releaseHash, keccak256(abi.encode(evidence)), position, chunk);
    }

    /// @dev About the first receipt.
    function _askRow(
        Story memory s,
        Evidence memory evidence,
        uint32 position,
        uint32 chunk
    ) internal returns (bytes32 requestId) {
        BatchHeader memory header = _header(s);
        vm.prank(asker);
        requestId = dataRequests.requestRow(header, _openEvidence(s, 0, evidence), position, chunk);
    }

    function _by(
        Evidence memory evidence
    ) internal view returns (ScoredBy memory) {
        return ScoredBy(release, evidence);
    }

    function _chunk(
        uint32 position,
        uint32 chunk
    ) internal pure returns (OpenedComponents memory) {
        return TestIndex.openChunk(SumTree.INDEX_ROW, TestIndex.vector(position, _k()), chunk);
    }

    /// @dev What the row scores with the query, chunk by chunk.
    function _partials(
        uint32 position
    ) internal view returns (int32[] memory) {
        return TestIndex.record(position, query, releaseHash, datanetId).partials;
    }

    function _answerRow(
        Story memory s,
        Evidence memory evidence,
        uint32 position,
        uint32 chunk,
        int32[] memory partials
    ) internal view returns (bytes memory) {
        return abi.encodeCall(
            IDataRequests.answerRow,
            (
                _header(s),
                _askedRow(s, evidence, position, chunk),
                _by(evidence),
                _row(position),
                _chunk(position, chunk),
                partials
            )
        );
    }

    // ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _done(
        address from,
        bytes memory call
    ) internal {
        vm.prank(from);
        (bool done, bytes memory reason) = address(dataRequests).call(call);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// @dev The call reverts with exactly that error.
    function _dataRefused(
        address from,
        bytes memory call,
        bytes memory error
    ) internal {
        vm.prank(from);
        (bool done, bytes memory reason) = address(dataRequests).call(call);
        assertFalse(done, "the call succeeded");
        assertEq(reason, error);
    }

    function _withheld(
        Story memory s,
        bytes32 requestId
    ) internal view returns (bytes memory) {
        return abi.encodeCall(IDataRequests.proveWithheld, (_accuse(s), requestId));
    }

    function _status(
        bytes32 requestId
    ) internal view returns (AskedStatus) {
        return dataRequests.request(requestId).status;
    }

    /// @dev Whether the operator's oldest pending batch cannot become final now, and says until when.
    function _isHeld(
        Story memory s,
        uint64 until
    ) internal {
        (bool done, bytes memory reason) = address(settlement).call(abi.encodeCall(settlement.finalize, (_header(s))));
        assertFalse(done, "the batch became final");
        assertEq(reason, abi.encodeWithSignature("Settlement_WindowOpen(uint64)", until));
    }
}
