// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {Accused, Opening, OpenedReceipt} from "../../src/types/Proofs.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice An honest batch never loses: every proof against it, opened anywhere, finds no fault.
contract HonestTest is FraudBase {
    uint8 private constant R = SumTree.RECEIPTS;
    uint8 private constant A = SumTree.ALLOCATIONS;
    uint8 private constant W = SumTree.REWARDS;

    Story private empty; // before the first batch

    function setUp() public override {
        super.setUp();
        _authorize(payer, operator, session, 50_000e18, uint32(block.timestamp + 1 days));
    }

    function _calls(
        uint256 seed
    ) private view returns (Calls[] memory calls) {
        uint256 count = 1 + seed % 3;
        calls = new Calls[](count);
        calls[0] = Calls(payer, payerKey, _number(seed, 0), _fee(seed, 0));
        if (count > 1) calls[1] = Calls(payer2, payer2Key, _number(seed, 1), _fee(seed, 1));
        if (count > 2) calls[2] = Calls(payer, sessionKey, _number(seed, 2), _fee(seed, 2));
    }

    function _number(
        uint256 seed,
        uint256 i
    ) private pure returns (uint32) {
        return uint32(1 + uint256(keccak256(abi.encode(seed, "calls", i))) % 4);
    }

    function _fee(
        uint256 seed,
        uint256 i
    ) private pure returns (uint96) {
        return uint96(uint256(keccak256(abi.encode(seed, "fee", i))) % 50_000 * PRICE);
    }

    /// forge-config: deep.fuzz.runs = 10000
    function testFuzz_anHonestBatchNeverLoses(
        uint256 seed,
        uint256 at
    ) public {
        Story memory before = empty;
        if (seed & 1 == 1) before = _settleHonest(_calls(seed >> 1));
        Story memory s = _settleHonest(_calls(seed >> 9));
        Accused memory accused = _accuse(s);
        _tryTrees(accused, s, at);
        _tryChannels(accused, s, at);
        _tryRewards(accused, before, s, at);
        _tryReceipts(accused, s, at);
        _tryAllocations(accused, s, at);
        assertEq(_state().voidedFrom, 0);
    }

    function _tryTrees(
        Accused memory accused,
        Story memory s,
        uint256 at
    ) private {
        for (uint8 tree = R; tree <= W; ++tree) {
            uint256 count = _leaves(s, tree).length;
            uint256 i = at % (count - 1);
            Opening memory left = _open(s, tree, i);
            Opening memory right = _open(s, tree, i + 1);
            _noFault(abi.encodeCall(IFraudProofs.proveDisorder, (accused, tree, left, right)));
            _noFault(abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, tree, left)));
            _noFault(abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, tree, _open(s, tree, 0))));
            _noFault(abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, tree, _open(s, tree, count - 1))));
        }
    }

    function _tryChannels(
        Accused memory accused,
        Story memory s,
        uint256 at
    ) private {
        uint256 first = 1;
        for (uint256 c = 0; c < s.calls.length; ++c) {
            uint256 last = first + s.calls[c].calls - 1;
            Opening memory lastLeaf = _open(s, R, last);
            bytes memory call = abi.encodeCall(
                IFraudProofs.proveWrongCollection, (accused, _channel(s, c), _open(s, R, first), lastLeaf)
            );
            _noFault(call);
            // Between any two leaves.
            uint256 i = at % (s.receipts.length - 1);
            call = abi.encodeCall(
                IFraudProofs.proveMissingReceipt,
                (accused, _channel(s, c), s.opened[last - 1].sequence, _open(s, R, i), _open(s, R, i + 1))
            );
            _noFault(call);
            first = last + 1;
        }
        for (uint256 i = 0; i < s.receipts.length; ++i) {
            _noFault(abi.encodeCall(IFraudProofs.proveStrayReceipt, (accused, s.batch.channels, _open(s, R, i))));
        }
    }

    function _tryRewards(
        Accused memory accused,
        Story memory before,
        Story memory s,
        uint256 at
    ) private {
        uint256 i = 1 + at % (s.rewards.length - 2);
        address account = address(uint160(s.rewards[i].key >> 96));
        _noFault(abi.encodeCall(IFraudProofs.proveMisaccounting, (accused, _sums(before, s, account))));
        // An account that is owed nothing, between any others.
        account = address(uint160(bound(at, 1, type(uint160).max - 1)));
        _noFault(abi.encodeCall(IFraudProofs.proveMisaccounting, (accused, _sums(before, s, account))));
    }

    function _tryReceipts(
        Accused memory accused,
        Story memory s,
        uint256 at
    ) private {
        uint256 position = at % s.opened.length;
        OpenedReceipt memory opened = _openReceipt(s, position, s.opened[position]);
        bytes memory signature = _sign(opened.receipt);
        _noFault(
            abi.encodeCall(IFraudProofs.proveContradictedReceipt, (accused, opened.receipt, signature, opened.leaf))
        );
        _noFault(abi.encodeCall(IFraudProofs.proveMislabelledReceipt, (accused, opened)));
        uint256 channel = 0;
        for (uint256 n = s.calls[0].calls; n <= position; n += s.calls[channel].calls) {
            ++channel;
        }
        _noFault(abi.encodeCall(IFraudProofs.proveWrongPrice, (accused, opened, _component(), _channel(s, channel))));
    }

    function _tryAllocations(
        Accused memory accused,
        Story memory s,
        uint256 at
    ) private {
        uint256 position = at % s.opened.length;
        OpenedReceipt memory opened = _openReceipt(s, position, s.opened[position]);
        Allocation[] memory stated = _stated(operator, opened.receipt.fee, position);
        _noFault(abi.encodeCall(IFraudProofs.proveUnbalancedAllocation, (accused, opened, stated)));
        address[2] memory accounts = [stated[at % 3].account, mallory];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 key = uint256(uint160(accounts[i])) << 96 | position;
            bytes memory call = abi.encodeCall(
                IFraudProofs.proveUnfaithfulAllocation,
                (accused, opened, stated, accounts[i], _boundary(A, s.allocations, key))
            );
            _noFault(call);
        }
        for (uint256 i = 0; i < s.allocations.length; ++i) {
            Opening memory leaf = _open(s, A, i);
            bool sentinel = i == 0 || i + 1 == s.allocations.length;
            Opening memory receipt = _open(s, R, sentinel ? 0 : uint96(leaf.key) + 1);
            _noFault(abi.encodeCall(IFraudProofs.proveStrayAllocation, (accused, leaf, receipt)));
        }
    }
}
