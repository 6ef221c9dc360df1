// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {AskedStatus, DataRequest, LeavesAsked} from "../../src/types/Data.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice An operator settles; people ask for parameters, which it has, and for leaves, which it withholds; time passes;
///         batches become final, or void and refunded.
contract DataHandler is FraudBase {
    struct Asked {
        bytes32 id;
        uint8 tree;
        uint32 from;
        BatchHeader header;
    }

    Asked[] private all;
    mapping(uint32 batchIndex => bytes) private channelsOf;
    address private asker = makeAddr("asker");

    uint256 public asked;
    uint256 public answered;
    uint256 public withheld;
    uint256 public dropped;
    bool public finalTooEarly;

    constructor() {
        setUp();
        _give(asker, address(dataRequests), 10_000_000e18);
    }

    function settle(
        uint8 calls
    ) external {
        ISettlement.OperatorBatches memory state = _state();
        if (state.voidedFrom != 0 || state.settled - state.finalized == settlement.MAX_PENDING()) return;
        Story memory s = _settleHonest(_one(payer, payerKey, 1 + calls % 3, FEE / 1_000));
        channelsOf[s.batch.body.batchIndex] = s.batch.channels;
    }

    function ask(
        uint256 which,
        uint8 from
    ) external {
        ISettlement.OperatorBatches memory state = _state();
        uint32 last = state.voidedFrom == 0 ? state.settled : state.voidedFrom - 1;
        if (last == state.finalized) return;
        uint32 index = uint32(bound(which, state.finalized + 1, last));
        BatchHeader memory header = headers[operator][index];
        if (block.timestamp >= header.settledAt + WINDOW) return;
        uint8 tree = from % 2 == 0 ? 0 : 3;
        uint32 leaf = tree == 0 ? 0 : from % 3;
        bytes32 id = keccak256(abi.encode(_subject(index, tree, leaf)));
        if (dataRequests.request(id).status != AskedStatus.None) return;
        vm.prank(asker);
        dataRequests.requestData(header, tree, leaf, 1);
        Asked storage one = all.push();
        (one.id, one.tree, one.from, one.header) = (id, tree, leaf, header);
        ++asked;
    }

    function answer(
        uint256 which
    ) external {
        if (all.length == 0) return;
        Asked memory one = all[which % all.length];
        if (one.tree != 0 || !_isOpen(one.id) || block.timestamp > dataRequests.request(one.id).deadline) return;
        vm.prank(operator);
        dataRequests.answerParameters(one.header, LeavesAsked(_hashOf(one.header), 0, 0, 1), _parameters());
        ++answered;
    }

    function proveWithheld(
        uint256 which
    ) external {
        if (all.length == 0) return;
        Asked memory one = all[which % all.length];
        if (!_isOpen(one.id) || block.timestamp <= dataRequests.request(one.id).deadline) return;
        if (!_isPending(one.header)) return;
        dataRequests.proveWithheld(_accuse(one.header.body.batchIndex), one.id);
        ++withheld;
    }

    function drop(
        uint256 which
    ) external {
        if (all.length == 0) return;
        Asked memory one = all[which % all.length];
        if (!_isOpen(one.id) || _isPending(one.header)) return;
        dataRequests.drop(one.header, one.id);
        ++dropped;
    }

    function finalizeNext() external {
        ISettlement.OperatorBatches memory state = _state();
        if (state.finalized == state.settled || state.finalized + 1 == state.voidedFrom) return;
        BatchHeader memory header = headers[operator][state.finalized + 1];
        bytes32 headerHash = settlement.headerHash(operator, state.finalized + 1);
        uint256 until = dataRequests.heldUntil(headerHash);
        if (block.timestamp < header.settledAt + WINDOW) return;
        try settlement.finalize(header) {
            if (until > block.timestamp) finalTooEarly = true;
        } catch {
            // Only a request can hold it after its window.
            assertGt(until, block.timestamp);
        }
    }

    function refund() external {
        ISettlement.OperatorBatches memory state = _state();
        if (state.voidedFrom == 0) return;
        // Of batches that share a channel, the later first.
        uint32 index = state.settled - state.refunded;
        settlement.refund(headers[operator][index], channelsOf[index], 0, 1);
    }

    function pass(
        uint8 time
    ) external {
        vm.warp(block.timestamp + 1 + time % 24);
    }

    // ── What the invariants read ────────────────────────────────────────────────────────────────────────────────────

    function bonds() external view returns (uint256 sum) {
        for (uint256 i = 0; i < all.length; ++i) {
            DataRequest memory one = dataRequests.request(all[i].id);
            if (one.status == AskedStatus.Open) sum += one.bond;
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(dataRequests));
    }

    /// @return whether some request of a final batch is still open
    function anyOpenOfFinal() external view returns (bool) {
        ISettlement.OperatorBatches memory state = _state();
        for (uint256 i = 0; i < all.length; ++i) {
            uint32 index = all[i].header.body.batchIndex;
            bool same = settlement.headerHash(operator, index) == _hashOf(all[i].header);
            if (index <= state.finalized && same && _isOpen(all[i].id)) return true;
        }
        return false;
    }

    function _subject(
        uint32 index,
        uint8 tree,
        uint32 leaf
    ) private view returns (LeavesAsked memory) {
        return LeavesAsked(settlement.headerHash(operator, index), tree, leaf, 1);
    }

    function _isOpen(
        bytes32 id
    ) private view returns (bool) {
        return dataRequests.request(id).status == AskedStatus.Open;
    }

    function _isPending(
        BatchHeader memory header
    ) private view returns (bool) {
        uint32 index = header.body.batchIndex;
        ISettlement.OperatorBatches memory state = _state();
        return settlement.headerHash(operator, index) == _hashOf(header) && index > state.finalized
            && index <= state.settled && (state.voidedFrom == 0 || index < state.voidedFrom);
    }

    function _hashOf(
        BatchHeader memory header
    ) private pure returns (bytes32) {
        bytes32 body = keccak256(abi.encode(header.body));
        return keccak256(abi.encode(body, keccak256(abi.encode(header.rewards)), header.settledAt));
    }
}
