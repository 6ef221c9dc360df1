// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {AccountSums, Accused, Boundary, OpenedReceipt, OpenedRewards, Opening} from "../../src/types/Proofs.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";
import {TestTree} from "../settlement/TestTree.sol";

/// @notice Honest batches of up to 1,024 receipts on up to 64 channels: every proof, opened anywhere, finds no fault. What
///         Honest.t.sol shows of small ones; here each tree is built once and opened at many places.
contract LargeHonestTest is FraudBase {
    using TestTree for TestTree.Built;

    uint256 private constant CHANNELS = 64;
    uint256 private constant RECEIPTS = 1_024;
    uint256 private constant PLACES = 12;

    /// @dev A settled batch with its trees.
    struct Told {
        Story s;
        Accused accused;
        TestTree.Built receipts;
        TestTree.Built allocations;
        TestTree.Built rewards;
    }

    Calls[] private channels;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < CHANNELS; ++i) {
            (address from, uint256 key) = makeAddrAndKey(string.concat("payer of many ", vm.toString(i / 2)));
            if (i % 2 == 0) _deposit(from, operator, 10_000e18);
            else (key) = _session(from, i);
            channels.push(Calls(from, key, 1, _fee(i)));
        }
    }

    /// @dev Every second channel is a session key's.
    function _session(
        address from,
        uint256 i
    ) private returns (uint256 key) {
        address signer;
        (signer, key) = makeAddrAndKey(string.concat("session of many ", vm.toString(i)));
        _authorize(from, operator, signer, 5_000e18, uint32(block.timestamp + 1 days));
    }

    function _fee(
        uint256 seed
    ) private pure returns (uint96) {
        return uint96(uint256(keccak256(abi.encode("fee", seed))) % 1_000 * PRICE);
    }

    /// @dev That many channels, and receipts that lie anyhow among them.
    function _shape(
        uint256 count,
        uint256 receipts,
        uint256 seed
    ) private view returns (Calls[] memory calls) {
        calls = new Calls[](count);
        for (uint256 i = 0; i < count; ++i) {
            calls[i] = channels[i];
        }
        for (uint256 i = count; i < receipts; ++i) {
            ++calls[uint256(keccak256(abi.encode(seed, i))) % count].calls;
        }
    }

    /// @dev In a call of its own, so that the memory of building is given back.
    function settle(
        Calls[] memory calls
    ) external returns (Story memory) {
        return _settleHonest(calls);
    }

    function _settle(
        Calls[] memory calls
    ) private returns (Told memory t) {
        t.s = this.settle(calls);
        t.accused = _accuse(t.s);
        t.receipts = TestTree.build(SumTree.RECEIPTS, t.s.receipts);
        t.allocations = TestTree.build(SumTree.ALLOCATIONS, t.s.allocations);
        t.rewards = TestTree.build(SumTree.REWARDS, t.s.rewards);
    }

    function test_1024ReceiptsOn64Channels() public {
        _neverLoses(CHANNELS, RECEIPTS, 1);
    }

    function test_1024ReceiptsOnOneChannel() public {
        _neverLoses(1, RECEIPTS, 2);
    }

    /// forge-config: default.fuzz.runs = 6
    /// forge-config: deep.fuzz.runs = 1000
    function testFuzz_aLargeHonestBatchNeverLoses(
        uint256 seed
    ) public {
        uint256 receipts = 1 + uint256(keccak256(abi.encode("receipts", seed))) % RECEIPTS;
        uint256 most = receipts < CHANNELS ? receipts : CHANNELS;
        _neverLoses(1 + uint256(keccak256(abi.encode("channels", seed))) % most, receipts, seed);
    }

    function _neverLoses(
        uint256 count,
        uint256 receipts,
        uint256 seed
    ) private {
        vm.pauseGasMetering(); // a thousand receipts in memory cost more than a test may use
        Story memory before = this.settle(_shape(1 + seed % 7, 20, seed));
        Told memory t = _settle(_shape(count, receipts, seed));
        assertEq(t.s.opened.length, receipts);
        TestTree.Built memory earlier = TestTree.build(SumTree.REWARDS, before.rewards);
        for (uint256 i = 0; i < PLACES; ++i) {
            uint256 place = uint256(keccak256(abi.encode("place", seed, i)));
            _tryTrees(t, place);
            _tryChannel(t, place);
            _tryReceipt(t, place % receipts);
            _tryRewards(t, earlier, before.batch.body.batchIndex, place);
        }
        assertEq(_state().voidedFrom, 0);
        assertEq(_state().settled, 2);
    }

    function _tryTrees(
        Told memory t,
        uint256 place
    ) private {
        TestTree.Built[3] memory trees = [t.receipts, t.allocations, t.rewards];
        for (uint256 i = 0; i < 3; ++i) {
            TestTree.Built memory tree = trees[i];
            uint256 index = place % (tree.leaves.length - 1);
            (Opening memory left, Opening memory right) = (_at(tree, index), _at(tree, index + 1));
            _noFault(abi.encodeCall(IFraudProofs.proveDisorder, (t.accused, tree.id, left, right)));
            _noFault(abi.encodeCall(IFraudProofs.proveMalformedLeaf, (t.accused, tree.id, left)));
            _noFault(abi.encodeCall(IFraudProofs.proveMalformedLeaf, (t.accused, tree.id, right)));
        }
        Opening memory leaf = _at(t.allocations, place % t.allocations.leaves.length);
        bool sentinel = leaf.index == 0 || leaf.index + 1 == t.allocations.leaves.length;
        Opening memory receipt = _at(t.receipts, sentinel ? 0 : uint96(leaf.key) + 1);
        _noFault(abi.encodeCall(IFraudProofs.proveStrayAllocation, (t.accused, leaf, receipt)));
        leaf = _at(t.receipts, place % t.receipts.leaves.length);
        _noFault(abi.encodeCall(IFraudProofs.proveStrayReceipt, (t.accused, t.s.batch.channels, leaf)));
    }

    function _tryChannel(
        Told memory t,
        uint256 place
    ) private {
        uint256 c = place % t.s.calls.length;
        uint256 first = 1;
        for (uint256 i = 0; i < c; ++i) {
            first += t.s.calls[i].calls;
        }
        uint256 last = first + t.s.calls[c].calls - 1;
        bytes memory call = abi.encodeCall(
            IFraudProofs.proveWrongCollection,
            (t.accused, _channel(t.s, c), _at(t.receipts, first), _at(t.receipts, last))
        );
        _noFault(call);
        // Any sequence of it, between any two leaves.
        uint32 sequence = t.s.opened[first - 1 + place % t.s.calls[c].calls].sequence;
        uint256 index = place / 7 % (t.receipts.leaves.length - 1);
        call = abi.encodeCall(
            IFraudProofs.proveMissingReceipt,
            (t.accused, _channel(t.s, c), sequence, _at(t.receipts, index), _at(t.receipts, index + 1))
        );
        _noFault(call);
        OpenedReceipt memory opened = OpenedReceipt(_at(t.receipts, last), t.s.opened[last - 1]);
        call = abi.encodeCall(IFraudProofs.proveWrongPrice, (t.accused, opened, _component(), _channel(t.s, c)));
        _noFault(call);
    }

    function _tryReceipt(
        Told memory t,
        uint256 position
    ) private {
        OpenedReceipt memory opened = OpenedReceipt(_at(t.receipts, position + 1), t.s.opened[position]);
        bytes memory signature = _sign(opened.receipt);
        _noFault(
            abi.encodeCall(IFraudProofs.proveContradictedReceipt, (t.accused, opened.receipt, signature, opened.leaf))
        );
        _noFault(abi.encodeCall(IFraudProofs.proveMislabelledReceipt, (t.accused, opened)));
        Allocation[] memory stated = _stated(operator, opened.receipt.fee, position);
        _noFault(abi.encodeCall(IFraudProofs.proveUnbalancedAllocation, (t.accused, opened, stated)));
        address[2] memory accounts = [stated[position % 3].account, mallory];
        for (uint256 i = 0; i < 2; ++i) {
            Boundary memory boundary = _around(t.allocations, uint256(uint160(accounts[i])) << 96 | position);
            bytes memory call = abi.encodeCall(
                IFraudProofs.proveUnfaithfulAllocation, (t.accused, opened, stated, accounts[i], boundary)
            );
            _noFault(call);
        }
    }

    function _tryRewards(
        Told memory t,
        TestTree.Built memory earlier,
        uint32 earlierIndex,
        uint256 place
    ) private {
        address known = address(uint160(t.rewards.leaves[1 + place % (t.rewards.leaves.length - 2)].key >> 96));
        address[2] memory accounts = [known, address(uint160(bound(place, 1, type(uint160).max - 1)))];
        BatchHeader memory header = headers[operator][earlierIndex];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 key = uint256(uint160(accounts[i])) << 96;
            AccountSums memory sums;
            sums.account = accounts[i];
            sums.previous = OpenedRewards(keccak256(abi.encode(header.body)), header.rewards, header.settledAt);
            sums.before = _around(earlier, key);
            sums.current = _around(t.rewards, key);
            sums.first = _around(t.allocations, key);
            sums.end = _around(t.allocations, key + (1 << 96));
            _noFault(abi.encodeCall(IFraudProofs.proveMisaccounting, (t.accused, sums)));
        }
    }

    function _at(
        TestTree.Built memory tree,
        uint256 index
    ) private pure returns (Opening memory) {
        SumTree.Leaf memory leaf = tree.leaves[index];
        return Opening(leaf.key, leaf.data, leaf.amount, leaf.weight, uint32(index), tree.proof(index));
    }

    /// @dev The leaves on both sides of where a key begins.
    function _around(
        TestTree.Built memory tree,
        uint256 key
    ) private pure returns (Boundary memory) {
        uint256 at = 1;
        while (tree.leaves[at].key < key) ++at;
        return Boundary(_at(tree, at - 1), _at(tree, at));
    }
}
