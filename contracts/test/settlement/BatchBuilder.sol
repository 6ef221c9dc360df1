// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {Channels} from "../../src/libraries/Channels.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {BatchBody, BatchHeader, Receipt as SignedReceipt, Tree, Voucher} from "../../src/types/Settlement.sol";
import {SettlementBase} from "./SettlementBase.sol";
import {TestTree} from "./TestTree.sol";

/// @notice An honest operator in Solidity: signs vouchers for payers, builds the three trees of a batch, settles it, keeps
///         its cumulative rewards and makes claims from them.
abstract contract BatchBuilder is SettlementBase {
    using TestTree for TestTree.Built;

    /// @dev Calls of one channel in a batch, all at the same fee.
    struct Calls {
        address payer;
        uint256 signerKey;
        uint32 calls;
        uint96 fee;
    }

    struct Batch {
        BatchBody body;
        Tree rewards;
        ISettlement.PreviousBatch previous;
        bytes channels;
        bytes data;
    }

    struct Reward {
        address account;
        uint96 amount;
        uint96 weight;
    }

    /// @dev Rewards of all time after each batch, and the headers that open the batches.
    mapping(address operator => mapping(uint32 batchIndex => Reward[])) internal rewardsAfter;
    mapping(address operator => mapping(uint32 batchIndex => BatchHeader)) internal headers;

    bytes internal constant DATA = "ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

    function _one(
        address payer_,
        uint256 signerKey,
        uint32 calls,
        uint96 fee
    ) internal pure returns (Calls[] memory c) {
        c = new Calls[](1);
        c[0] = Calls(payer_, signerKey, calls, fee);
    }

    // ── Vouchers and channel entries ────────────────────────────────────────────────────────────────────────────────

    function _voucher(
        address operator_,
        Calls memory c
    ) internal view returns (Voucher memory) {
        return Voucher({
            payer: c.payer,
            operator: operator_,
            signer: vm.addr(c.signerKey),
            cumulativeCeiling: 1_000_000e18,
            maxSequence: 1_000_000,
            app: address(0),
            appMarkupBps: 0,
            expiry: uint32(block.timestamp + 1 days)
        });
    }

    function _signCompact(
        uint256 key,
        bytes32 digest
    ) internal pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        bytes32 s;
        (v, r, s) = vm.sign(key, digest);
        vs = bytes32(uint256(s) | uint256(v - 27) << 255);
    }

    function _entry(
        Voucher memory v,
        uint96 collected,
        uint32 previousSequence,
        uint32 lastSequence,
        bytes32 r,
        bytes32 vs
    ) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(v.payer, v.signer, collected, lastSequence, v.cumulativeCeiling, v.maxSequence),
            abi.encodePacked(v.app, v.appMarkupBps, v.expiry, uint8(0), previousSequence, r, vs)
        );
    }

    function _signedEntry(
        Voucher memory v,
        uint256 key,
        uint96 collected,
        uint32 lastSequence
    ) internal view returns (bytes memory) {
        (bytes32 r, bytes32 vs) = _signCompact(key, escrow.hashVoucher(v));
        uint32 sequence = escrow.channel(escrow.channelId(v.payer, v.operator, v.signer)).sequence;
        return _entry(v, collected, sequence, lastSequence, r, vs);
    }

    // ── Batches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The operator's next batch over `calls`, whose channels get sorted.
    function _build(
        address operator_,
        Calls[] memory calls
    ) internal view returns (Batch memory b) {
        _sortByChannel(operator_, calls);
        ISettlement.OperatorBatches memory state = settlement.batches(operator_);
        b.body.operator = operator_;
        b.body.batchIndex = state.settled + 1;
        b.body.previousHash = settlement.headerHash(operator_, state.settled);
        if (state.settled != 0) {
            BatchHeader memory last = headers[operator_][state.settled];
            b.previous = ISettlement.PreviousBatch(keccak256(abi.encode(last.body)), last.rewards, last.settledAt);
        }
        b.body.feeVersion = feePolicy.currentVersion();
        b.body.dayIndex = settlement.dayIndex();
        b.body.parametersHash = keccak256(_parameters());

        SumTree.Leaf[] memory receipts = _receiptLeaves(operator_, calls);
        for (uint256 i = 0; i < calls.length; ++i) {
            b.channels = bytes.concat(b.channels, _entryOf(operator_, calls[i]));
        }
        b.body.receipts = TestTree.build(SumTree.RECEIPTS, TestTree.withSentinels(receipts)).commitment;
        b.body.protocolFee =
            uint96(uint256(b.body.receipts.amount) * feePolicy.fee(b.body.feeVersion).protocolFeeBps / 10_000);
        SumTree.Leaf[] memory allocations = _allocationLeaves(operator_, receipts, b.body.feeVersion);
        b.body.allocations = TestTree.build(SumTree.ALLOCATIONS, TestTree.withSentinels(allocations)).commitment;
        b.rewards = _rewardsTree(_addRewards(rewardsAfter[operator_][state.settled], allocations)).commitment;
        b.body.channelsHash = keccak256(b.channels);
        b.data = DATA;
        b.body.dataHash = keccak256(b.data);
    }

    /// @dev Settles as the operator and remembers what the next batch and the claims need.
    function _settle(
        Batch memory b,
        Calls[] memory calls
    ) internal returns (bytes32 header) {
        address operator_ = b.body.operator;
        // Before settling: the channels' sequences on chain still are those the batch was built on.
        SumTree.Leaf[] memory receipts = _receiptLeaves(operator_, calls);
        Reward[] memory rewards = _addRewards(
            rewardsAfter[operator_][b.body.batchIndex - 1], _allocationLeaves(operator_, receipts, b.body.feeVersion)
        );
        vm.prank(operator_);
        header = settlement.settle(b.body, b.rewards, b.previous, b.channels, b.data);
        delete rewardsAfter[operator_][b.body.batchIndex]; // of a void batch of the same index
        for (uint256 i = 0; i < rewards.length; ++i) {
            rewardsAfter[operator_][b.body.batchIndex].push(rewards[i]);
        }
        headers[operator_][b.body.batchIndex] = BatchHeader(b.body, b.rewards, uint64(block.timestamp));
    }

    function _settleCalls(
        address operator_,
        Calls[] memory calls
    ) internal returns (bytes32) {
        return _settle(_build(operator_, calls), calls);
    }

    function _finalize(
        address operator_
    ) internal {
        settlement.finalize(headers[operator_][settlement.batches(operator_).finalized + 1]);
    }

    /// @dev Settles and lets the window pass.
    function _settleFinal(
        address operator_,
        Calls[] memory calls
    ) internal {
        _settleCalls(operator_, calls);
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator_);
    }

    // ── Claims ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What `account` may claim under the live tree; reverts if it has no leaf.
    function _claimOf(
        address operator_,
        address account
    ) internal view returns (IRewardPool.Claim memory) {
        Reward[] memory rewards = rewardsAfter[operator_][settlement.batches(operator_).finalized];
        TestTree.Built memory tree = _rewardsTree(rewards);
        for (uint256 i = 0; i < rewards.length; ++i) {
            if (rewards[i].account != account) continue;
            // Rewards are kept sorted, so the leaf comes right after the sentinel and those before it.
            return IRewardPool.Claim({
                operator: operator_,
                rewards: tree.commitment,
                account: account,
                amount: rewards[i].amount,
                weight: rewards[i].weight,
                index: uint32(i + 1),
                proof: tree.proof(i + 1)
            });
        }
        revert("no leaf");
    }

    function _rewardsTree(
        Reward[] memory rewards
    ) internal pure returns (TestTree.Built memory) {
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](rewards.length);
        for (uint256 i = 0; i < rewards.length; ++i) {
            leaves[i] =
                SumTree.Leaf(uint256(uint160(rewards[i].account)) << 96, 0, rewards[i].amount, rewards[i].weight);
        }
        return TestTree.build(SumTree.REWARDS, TestTree.withSentinels(leaves));
    }

    // ── Leaves ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _entryOf(
        address operator_,
        Calls memory c
    ) internal view returns (bytes memory) {
        Voucher memory v = _voucher(operator_, c);
        IPaymentEscrow.Channel memory channel = escrow.channel(escrow.channelId(v.payer, operator_, v.signer));
        return _signedEntry(v, c.signerKey, c.calls * c.fee, channel.sequence + c.calls);
    }

    function _receiptLeaves(
        address operator_,
        Calls[] memory calls
    ) internal view returns (SumTree.Leaf[] memory leaves) {
        uint256 count;
        for (uint256 i = 0; i < calls.length; ++i) {
            count += calls[i].calls;
        }
        leaves = new SumTree.Leaf[](count);
        uint256 at;
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes32 id = Channels.id(calls[i].payer, operator_, vm.addr(calls[i].signerKey));
            uint32 sequence = escrow.channel(id).sequence;
            for (uint256 j = 0; j < calls[i].calls; ++j) {
                ++sequence;
                leaves[at] = SumTree.Leaf({
                    key: (uint256(id) >> 64 << 64) | sequence,
                    data: _receiptHash(operator_, id, sequence, calls[i].fee, at),
                    amount: calls[i].fee,
                    weight: 1
                });
                ++at;
            }
        }
    }

    /// @param position among the batch's receipts
    function _receiptHash(
        address operator_,
        bytes32 id,
        uint32 sequence,
        uint96 fee,
        uint256 position
    ) internal view virtual returns (bytes32 structHash) {
        SignedReceipt memory receipt;
        receipt.channel = id;
        receipt.sequence = sequence;
        receipt.fee = fee;
        receipt.feeVersion = 1;
        receipt.promptTokens = 100 + sequence;
        receipt.traceHash = keccak256(abi.encode(operator_, position));
        receipt.timestamp = uint32(block.timestamp);
        (structHash,) = settlement.hashReceipt(receipt);
    }

    /// @dev Each answer pays the contributor of its position 60 %, a developer 25 % and the operator the rest.
    function _allocationLeaves(
        address operator_,
        SumTree.Leaf[] memory receipts,
        uint32 feeVersion
    ) internal view returns (SumTree.Leaf[] memory leaves) {
        Allocation[][] memory stated = new Allocation[][](receipts.length);
        uint256 count;
        for (uint256 i = 0; i < receipts.length; ++i) {
            stated[i] = _allocationsOf(operator_, receipts[i].amount, feeVersion, i);
            count += stated[i].length;
        }
        leaves = new SumTree.Leaf[](count);
        count = 0;
        for (uint256 i = 0; i < receipts.length; ++i) {
            for (uint256 j = 0; j < stated[i].length; ++j) {
                leaves[count++] = SumTree.Leaf({
                    key: (uint256(uint160(stated[i][j].account)) << 96) | i,
                    data: bytes32(receipts[i].key),
                    amount: stated[i][j].amount,
                    weight: stated[i][j].weight
                });
            }
        }
    }

    /// @dev What the batch's parametersHash is taken over.
    function _parameters() internal view virtual returns (bytes memory) {
        return "parameters";
    }

    function _allocationsOf(
        address operator_,
        uint96 fee,
        uint32 feeVersion,
        uint256 position
    ) internal view virtual returns (Allocation[] memory a) {
        a = new Allocation[](3);
        uint256 net = fee - uint256(fee) * feePolicy.fee(feeVersion).protocolFeeBps / 10_000;
        uint96 weight = fee / 1e9; // stands for the votes of docs/allocation.md
        a[0] = Allocation(_contributor(position % 5), uint96(net * 60 / 100), weight);
        a[1] = Allocation(_developer(), uint96(net * 25 / 100), weight);
        a[2] = Allocation(operator_, uint96(net) - a[0].amount - a[1].amount, 0);
    }

    function _contributor(
        uint256 i
    ) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("contributor", i)))));
    }

    function _developer() internal pure returns (address) {
        return address(uint160(uint256(keccak256("developer"))));
    }

    /// @dev Adds allocations to cumulative rewards, sorted by account.
    function _addRewards(
        Reward[] memory before,
        SumTree.Leaf[] memory allocations
    ) internal pure returns (Reward[] memory sums) {
        Reward[] memory all = new Reward[](before.length + allocations.length);
        uint256 n = before.length;
        for (uint256 i = 0; i < n; ++i) {
            all[i] = before[i];
        }
        for (uint256 i = 0; i < allocations.length; ++i) {
            address account = address(uint160(allocations[i].key >> 96));
            uint256 at = 0;
            while (at < n && all[at].account < account) ++at;
            if (at == n || all[at].account != account) {
                for (uint256 j = n; j > at; --j) {
                    all[j] = all[j - 1];
                }
                all[at] = Reward(account, 0, 0);
                ++n;
            }
            all[at] = Reward(account, all[at].amount + allocations[i].amount, all[at].weight + allocations[i].weight);
        }
        sums = new Reward[](n);
        for (uint256 i = 0; i < n; ++i) {
            sums[i] = all[i];
        }
    }

    function _sortByChannel(
        address operator_,
        Calls[] memory calls
    ) internal pure {
        for (uint256 i = 1; i < calls.length; ++i) {
            Calls memory c = calls[i];
            bytes32 key = Channels.id(c.payer, operator_, vm.addr(c.signerKey));
            uint256 j = i;
            for (; j > 0 && Channels.id(calls[j - 1].payer, operator_, vm.addr(calls[j - 1].signerKey)) > key; --j) {
                calls[j] = calls[j - 1];
            }
            calls[j] = c;
        }
    }
}
