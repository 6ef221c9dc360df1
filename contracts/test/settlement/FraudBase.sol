// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Channels} from "../../src/libraries/Channels.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {
    AccountSums,
    Accused,
    Boundary,
    OpenedChannel,
    OpenedReceipt,
    OpenedRewards,
    Opening
} from "../../src/types/Proofs.sol";
import {Release, Terms} from "../../src/types/Release.sol";
import {BatchHeader, Component, Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "./BatchBuilder.sol";
import {TestTree} from "./TestTree.sol";

/// @notice Honest batches with whole receipts, whose leaves a test may change before they are settled; and what a
///         watchtower brings against them.
abstract contract FraudBase is BatchBuilder {
    using TestTree for TestTree.Built;

    uint64 internal constant PRICE = 1e14; // wei per prompt token
    uint96 internal constant FEE = 1e18; // of 10,000 prompt tokens

    bytes32 internal releaseHash;
    address internal watchtower = address(this); // the test itself
    address internal mallory = makeAddr("mallory");

    /// @dev A batch with its leaves, sentinels included, and its receipts by position.
    struct Story {
        Calls[] calls;
        Batch batch;
        SumTree.Leaf[] receipts;
        SumTree.Leaf[] allocations;
        SumTree.Leaf[] rewards;
        SignedReceipt[] opened;
    }

    function setUp() public virtual override {
        super.setUp();
        Terms memory terms;
        terms.contributorsBps = 10_000;
        terms.promptPrice = PRICE;
        Release memory release;
        release.baseModel = "base";
        uint32 modelId = models.createModel("Guide", "bafkreicard", terms);
        releaseHash = models.addRelease(modelId, release, 0, "bafkreimanifest");
        _deposit(payer, operator, 100_000e18);
        _deposit(payer2, operator, 100_000e18);
    }

    // ── Receipts ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _component() internal view returns (Component memory) {
        return Component(releaseHash, 1, 10_000);
    }

    function _hashComponent(
        Component memory c
    ) internal pure returns (bytes32) {
        Component[] memory composition = new Component[](1);
        composition[0] = c;
        return keccak256(abi.encode(composition));
    }

    function _receiptOf(
        address operator_,
        bytes32 id,
        uint32 sequence,
        uint96 fee,
        uint256 position
    ) internal view virtual returns (SignedReceipt memory r) {
        r.channel = id;
        r.sequence = sequence;
        r.compositionHash = _hashComponent(_component());
        r.promptTokens = uint32(fee / PRICE);
        r.fee = fee;
        r.feeVersion = feePolicy.currentVersion();
        r.outputHash = keccak256(abi.encode(id, sequence));
        r.allocationHash = keccak256(abi.encode(_stated(operator_, fee, position)));
        r.timestamp = uint32(block.timestamp);
    }

    /// @dev The receipt's allocations, by account.
    function _stated(
        address operator_,
        uint96 fee,
        uint256 position
    ) internal view returns (Allocation[] memory stated) {
        Allocation[] memory a = _allocationsOf(operator_, fee, feePolicy.currentVersion(), position);
        stated = new Allocation[](a.length);
        for (uint256 i = 0; i < a.length; ++i) {
            uint256 at = 0;
            for (uint256 j = 0; j < a.length; ++j) {
                if (a[j].account < a[i].account) ++at;
            }
            stated[at] = a[i];
        }
    }

    function _receiptHash(
        address operator_,
        bytes32 id,
        uint32 sequence,
        uint96 fee,
        uint256 position
    ) internal view override returns (bytes32) {
        return _hash(_receiptOf(operator_, id, sequence, fee, position));
    }

    function _hash(
        SignedReceipt memory r
    ) internal view returns (bytes32 structHash) {
        (structHash,) = settlement.hashReceipt(r);
    }

    function _sign(
        SignedReceipt memory r
    ) internal view returns (bytes memory) {
        return _signWith(operatorSignerKey, r);
    }

    function _signWith(
        uint256 key,
        SignedReceipt memory r
    ) internal view returns (bytes memory) {
        (, bytes32 digest) = settlement.hashReceipt(r);
        (uint8 v, bytes32 r_, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r_, s, v);
    }

    // ── Batches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _two() internal view returns (Calls[] memory calls) {
        calls = new Calls[](2);
        calls[0] = Calls(payer, payerKey, 3, FEE);
        calls[1] = Calls(payer2, payer2Key, 2, 2 * FEE);
    }

    /// @dev The operator's next batch, honest.
    function _tell(
        Calls[] memory calls
    ) internal view returns (Story memory s) {
        s.batch = _build(operator, calls);
        s.calls = calls; // sorted by now
        SumTree.Leaf[] memory receipts = _receiptLeaves(operator, calls);
        SumTree.Leaf[] memory allocations = _allocationLeaves(operator, receipts, s.batch.body.feeVersion);
        s.receipts = TestTree.withSentinels(receipts);
        s.allocations = TestTree.withSentinels(allocations);
        s.rewards = _rewardLeaves(_addRewards(rewardsAfter[operator][s.batch.body.batchIndex - 1], allocations));
        s.opened = new SignedReceipt[](receipts.length);
        uint256 at;
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes32 id = Channels.id(calls[i].payer, operator, vm.addr(calls[i].signerKey));
            uint32 sequence = escrow.channel(id).sequence;
            for (uint32 j = 1; j <= calls[i].calls; ++j) {
                s.opened[at] = _receiptOf(operator, id, sequence + j, calls[i].fee, at);
                ++at;
            }
        }
    }

    function _rewardLeaves(
        Reward[] memory rewards
    ) internal pure returns (SumTree.Leaf[] memory) {
        return _rewardsTree(rewards).leaves;
    }

    /// @dev Settles what the story's leaves say by now.
    function _commit(
        Story memory s
    ) internal {
        s.batch.body.receipts = TestTree.build(SumTree.RECEIPTS, s.receipts).commitment;
        s.batch.body.allocations = TestTree.build(SumTree.ALLOCATIONS, s.allocations).commitment;
        s.batch.rewards = TestTree.build(SumTree.REWARDS, s.rewards).commitment;
        uint32 index = s.batch.body.batchIndex;
        vm.prank(operator);
        settlement.settle(s.batch.body, s.batch.rewards, s.batch.previous, s.batch.channels, s.batch.data);
        headers[operator][index] = BatchHeader(s.batch.body, s.batch.rewards, uint64(block.timestamp));
        delete rewardsAfter[operator][index];
        for (uint256 i = 1; i + 1 < s.rewards.length; ++i) {
            SumTree.Leaf memory leaf = s.rewards[i];
            rewardsAfter[operator][index].push(Reward(address(uint160(leaf.key >> 96)), leaf.amount, leaf.weight));
        }
    }

    function _settleHonest(
        Calls[] memory calls
    ) internal returns (Story memory s) {
        s = _tell(calls);
        _commit(s);
    }

    // ── Proofs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _accuse(
        uint32 batchIndex
    ) internal view returns (Accused memory accused) {
        accused.header = headers[operator][batchIndex];
        uint32 finalized = settlement.batches(operator).finalized;
        accused.earlier = new BatchHeader[](batchIndex - 1 - finalized);
        for (uint32 i = 0; i < accused.earlier.length; ++i) {
            accused.earlier[i] = headers[operator][finalized + 1 + i];
        }
    }

    function _accuse(
        Story memory s
    ) internal view returns (Accused memory) {
        return _accuse(s.batch.body.batchIndex);
    }

    function _leaves(
        Story memory s,
        uint8 tree
    ) internal pure returns (SumTree.Leaf[] memory) {
        return tree == SumTree.RECEIPTS ? s.receipts : tree == SumTree.ALLOCATIONS ? s.allocations : s.rewards;
    }

    function _open(
        Story memory s,
        uint8 tree,
        uint256 index
    ) internal pure returns (Opening memory) {
        return _openIn(tree, _leaves(s, tree), index);
    }

    function _openIn(
        uint8 tree,
        SumTree.Leaf[] memory leaves,
        uint256 index
    ) internal pure returns (Opening memory) {
        SumTree.Leaf memory leaf = leaves[index];
        bytes memory proof = TestTree.build(tree, leaves).proof(index);
        return Opening(leaf.key, leaf.data, leaf.amount, leaf.weight, uint32(index), proof);
    }

    function _boundary(
        uint8 tree,
        SumTree.Leaf[] memory leaves,
        uint256 key
    ) internal pure returns (Boundary memory) {
        uint256 at = 1;
        while (leaves[at].key < key) ++at;
        return Boundary(_openIn(tree, leaves, at - 1), _openIn(tree, leaves, at));
    }

    /// @dev The receipt at a position, as its leaf and `r` say.
    function _openReceipt(
        Story memory s,
        uint256 position,
        SignedReceipt memory r
    ) internal pure returns (OpenedReceipt memory) {
        return OpenedReceipt(_open(s, SumTree.RECEIPTS, position + 1), r);
    }

    function _channel(
        Story memory s,
        uint256 index
    ) internal pure returns (OpenedChannel memory) {
        return OpenedChannel(s.batch.channels, index);
    }

    /// @dev Sums of an account between two stories; `before` without leaves when there is none.
    function _sums(
        Story memory before,
        Story memory s,
        address account
    ) internal view returns (AccountSums memory sums) {
        uint256 key = uint256(uint160(account)) << 96;
        sums.account = account;
        if (before.rewards.length != 0) {
            BatchHeader memory header = headers[operator][before.batch.body.batchIndex];
            sums.previous = OpenedRewards(keccak256(abi.encode(header.body)), header.rewards, header.settledAt);
            sums.before = _boundary(SumTree.REWARDS, before.rewards, key);
        }
        sums.current = _boundary(SumTree.REWARDS, s.rewards, key);
        sums.first = _boundary(SumTree.ALLOCATIONS, s.allocations, key);
        sums.end = _boundary(SumTree.ALLOCATIONS, s.allocations, key + (1 << 96));
    }

    /// @dev The call to FraudProofs reverts with exactly that error.
    function _refused(
        bytes memory call,
        bytes memory error
    ) internal {
        (bool done, bytes memory reason) = address(fraudProofs).call(call);
        assertFalse(done, "the proof succeeded");
        assertEq(reason, error);
    }

    function _noFault(
        bytes memory call
    ) internal {
        _refused(call, abi.encodeWithSelector(BatchFaults.FraudProofs_NoFault.selector));
    }

    /// @dev A batch with one fault, which `_void` proves.
    function _settleBad(
        Calls[] memory calls
    ) internal returns (Story memory s) {
        s = _tell(calls);
        s.rewards[1].amount -= 1;
        s.rewards[2].amount += 1;
        _commit(s);
    }

    function _void(
        Story memory before,
        Story memory s
    ) internal {
        fraudProofs.proveMisaccounting(_accuse(s), _sums(before, s, address(uint160(s.rewards[1].key >> 96))));
    }

    function _refundAll(
        Story memory s
    ) internal {
        settlement.refund(headers[operator][s.batch.body.batchIndex], s.batch.channels, 0, s.calls.length);
    }

    function _state() internal view returns (ISettlement.OperatorBatches memory) {
        return settlement.batches(operator);
    }
}
