// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {BoundedPause} from "../libraries/BoundedPause.sol";
import {Channels} from "../libraries/Channels.sol";
import {IDataRequests} from "../oracles/IDataRequests.sol";
import {IOperatorRegistry} from "../oracles/IOperatorRegistry.sol";
import {BatchBody, BatchHeader, Receipt, Tree} from "../types/Settlement.sol";
import {IFeePolicy} from "./IFeePolicy.sol";
import {IPaymentEscrow} from "./IPaymentEscrow.sol";
import {IRewardPool} from "./IRewardPool.sol";
import {ISettlement} from "./ISettlement.sol";

/// @title Settlement
/// @notice Batches of receipts under three sum trees, and their finality.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | pause, unpause   | guardian                 |
///      | upgradeToAndCall | upgrade timelock (admin) |
///      PaymentEscrow, OperatorRegistry and RewardPool know this contract by its address, and it
///      knows FraudProofs, EvidenceProofs and DataRequests, which alone may void. A pause stops `settle` only. Nobody can
///      shorten a window or skip it.
contract Settlement is ISettlement, BoundedPause, UUPSUpgradeable, EIP712 {
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(bytes32 channel,uint32 sequence,bytes32 compositionHash,uint32 promptTokens,uint32 completionTokens,uint32 retrievalTokens,uint32 agentSteps,uint96 fee,uint32 feeVersion,bytes32 promptHash,bytes32 outputHash,bytes32 evidenceHash,bytes32 allocationHash,bytes32 traceHash,bytes32 parentReceipt,uint32 timestamp)"
    );

    /// @inheritdoc ISettlement
    uint32 public constant MAX_PENDING = 8;
    uint256 internal constant BPS = 10_000;
    /// @notice Fees are multiples of this many wei, so that shares in basis points are exact.
    uint256 public constant FEE_UNIT = 10_000;

    IPaymentEscrow public immutable escrow;
    IOperatorRegistry public immutable registry;
    IFeePolicy public immutable feePolicy;
    IRewardPool public immutable rewardPool;
    address public immutable treasury;
    address public immutable fraudProofs;
    address public immutable evidenceProofs;
    IDataRequests public immutable dataRequests;
    /// @inheritdoc ISettlement
    uint64 public immutable window;
    /// @inheritdoc ISettlement
    uint32 public immutable firstDay;

    /// @dev What BatchSettled carries besides its topics, in its order.
    struct SettledFields {
        bytes32 bodyHash;
        uint32 receipts;
        uint96 collected;
        uint96 allocated;
        uint96 protocolFee;
        uint32 feeVersion;
        uint32 dayIndex;
        bytes32 receiptsRoot;
        bytes32 allocationsRoot;
        bytes32 rewardsRoot;
        uint96 rewardsAmount;
        uint96 rewardsWeight;
        uint64 finalAt;
        bytes dataCommitment;
    }

    /// @custom:storage-location erc7201:openledger.storage.Settlement
    struct SettlementStorage {
        mapping(address operator => OperatorBatches) batches;
        mapping(address operator => mapping(uint32 batchIndex => bytes32)) headerHashes;
        mapping(address operator => mapping(uint32 batchIndex => uint32)) refundedEntries; // of a void batch
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Settlement")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SETTLEMENT_STORAGE = 0x2353f296fbf8bcb0736d43a12616210d0e312407aaff5818a8b7ee1cc901c000;

    /// @param treasury_ gets what of the protocol fee is not burned
    /// @param fraudProofs_ may void a batch, and slash for two receipts of one sequence
    /// @param evidenceProofs_ may void a batch
    /// @param dataRequests_ may void a batch, and holds it while it waits for an answer; nobody but these three can void
    /// @param window_ seconds between settling a batch and its finality
    /// @param longestPause_ seconds
    /// @param firstDay_ Unix day of the deployment; an upgrade keeps it
    constructor(
        IPaymentEscrow escrow_,
        IOperatorRegistry registry_,
        IFeePolicy feePolicy_,
        IRewardPool rewardPool_,
        address treasury_,
        address fraudProofs_,
        address evidenceProofs_,
        IDataRequests dataRequests_,
        uint64 window_,
        uint64 longestPause_,
        uint32 firstDay_
    ) BoundedPause(longestPause_) EIP712("OpenLedger", "1") {
        escrow = escrow_;
        registry = registry_;
        feePolicy = feePolicy_;
        rewardPool = rewardPool_;
        treasury = treasury_;
        fraudProofs = fraudProofs_;
        evidenceProofs = evidenceProofs_;
        dataRequests = dataRequests_;
        window = window_;
        firstDay = firstDay_;
        _disableInitializers();
    }

    modifier onlyProofs() {
        if (msg.sender != fraudProofs && msg.sender != evidenceProofs && msg.sender != address(dataRequests)) {
            revert Settlement_NotFraudProofs(msg.sender);
        }
        _;
    }

    modifier onlyFraudProofs() {
        if (msg.sender != fraudProofs) revert Settlement_NotFraudProofs(msg.sender);
        _;
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc ISettlement
    function settle(
        BatchBody calldata body,
        Tree calldata rewards,
        PreviousBatch calldata previous,
        bytes calldata channels,
        bytes calldata dataCommitment
    ) external whenNotPaused returns (bytes32 header) {
        // Copied once, since each read of a nested calldata struct is decoded anew; the copy refuses dirty bits.
        BatchBody memory b = body;
        Tree memory after_ = rewards;
        OperatorBatches storage batches_ = _storage().batches[b.operator];
        // One load and one store of the slot: settled 0–31, finalized 32–63, pendingValue 64–159, voidedFrom 160–191.
        uint256 state;
        assembly ("memory-safe") {
            state := sload(batches_.slot)
        }
        _requireNext(state, b, previous);
        _requireCommitted(b, channels, dataCommitment);
        // slither-disable-next-line reentrancy-no-eth (the escrow, fixed at construction, calls nothing but ecrecover)
        _requireReceipts(b, channels);
        _requireRewards(b, after_, previous.rewards);

        unchecked {
            // Neither field spills over: the index is `settled` + 1 of 32 bits, and money is less than 96 bits count.
            state += uint256(b.receipts.amount) << 64 | 1;
        }
        assembly ("memory-safe") {
            sstore(batches_.slot, state)
        }
        registry.setLock(b.operator, uint96(state >> 64));

        bytes32 bodyHash = _hashBody(body);
        header = _hashHeader(bodyHash, rewards, uint64(block.timestamp));
        _storage().headerHashes[b.operator][b.batchIndex] = header;
        _emitSettled(b, after_, header, bodyHash, dataCommitment);
    }

    /// @inheritdoc ISettlement
    function finalize(
        BatchHeader calldata header
    ) external {
        BatchBody calldata body = header.body;
        SettlementStorage storage $ = _storage();
        OperatorBatches memory state = $.batches[body.operator];
        if (state.finalized == state.settled) revert Settlement_NothingPending(body.operator);
        if (body.batchIndex != state.finalized + 1) {
            revert Settlement_WrongBatchIndex(body.batchIndex, state.finalized + 1);
        }
        if (body.batchIndex == state.voidedFrom) revert Settlement_BatchVoid(body.operator, body.batchIndex);
        bytes32 given = _requireHeader(header);
        _requireWindowPassed(header.settledAt, given);

        state.finalized = body.batchIndex;
        state.pendingValue -= body.receipts.amount;
        $.batches[body.operator] = state;

        uint96 net = body.allocations.amount;
        uint96 burned = uint96(uint256(body.protocolFee) * feePolicy.fee(body.feeVersion).burnBps / BPS);
        uint96 toTreasury = body.protocolFee - burned;
        registry.setLock(body.operator, state.pendingValue);
        escrow.release(address(rewardPool), net, treasury, toTreasury, burned);
        rewardPool.activate(body.operator, body.batchIndex, header.rewards, net);
        emit BatchFinalized(body.operator, body.batchIndex, given, net, burned, toTreasury, msg.sender);
    }

    /// @inheritdoc ISettlement
    function voidBatch(
        BatchHeader calldata header,
        BatchHeader[] calldata earlier,
        address challenger
    ) external onlyProofs {
        address operator = header.body.operator;
        uint32 batchIndex = header.body.batchIndex;
        OperatorBatches memory state = _storage().batches[operator];
        if (batchIndex <= state.finalized || batchIndex > state.settled) {
            revert Settlement_NotPending(operator, batchIndex);
        }
        if (state.voidedFrom != 0 && batchIndex >= state.voidedFrom) revert Settlement_BatchVoid(operator, batchIndex);
        bytes32 stored = _requireHeader(header);
        uint96 good = _pendingBefore(operator, batchIndex, state.finalized, earlier);
        uint96 value = state.pendingValue - good;
        state.pendingValue = good;
        state.voidedFrom = batchIndex;
        _storage().batches[operator] = state;
        uint96 slashed = registry.slash(operator, registry.LOCK_FACTOR() * value, challenger);
        registry.setLock(operator, good);
        emit BatchVoided(operator, batchIndex, stored, state.settled, value, slashed, challenger);
    }

    /// @inheritdoc ISettlement
    function slashEquivocation(
        address operator,
        address challenger
    ) external onlyFraudProofs {
        // slither-disable-next-line unused-return (the registry's event says how much was taken)
        registry.slash(operator, registry.minimumStake(), challenger);
    }

    /// @inheritdoc ISettlement
    function refund(
        BatchHeader calldata header,
        bytes calldata channels,
        uint256 from,
        uint256 to
    ) external {
        BatchBody calldata body = header.body;
        (address operator, uint32 batchIndex) = (body.operator, body.batchIndex);
        SettlementStorage storage $ = _storage();
        OperatorBatches memory state = $.batches[operator];
        if (state.voidedFrom == 0 || batchIndex < state.voidedFrom || batchIndex > state.settled) {
            revert Settlement_NotVoid(operator, batchIndex);
        }
        _requireHeader(header);
        bytes32 channelsHash = keccak256(channels);
        if (body.channelsHash != channelsHash) revert Settlement_WrongChannelsHash(body.channelsHash, channelsHash);
        uint32 entries = $.refundedEntries[operator][batchIndex] + escrow.refund(operator, channels, from, to);
        if (entries != channels.length / Channels.ENTRY_BYTES) {
            $.refundedEntries[operator][batchIndex] = entries;
            return;
        }
        // No entry is undone twice, so all are: counted once, and forgotten, since the index will be used again.
        delete $.refundedEntries[operator][batchIndex];
        emit BatchRefunded(operator, batchIndex, msg.sender);
        if (++state.refunded == state.settled - state.voidedFrom + 1) {
            state.settled = state.voidedFrom - 1;
            (state.voidedFrom, state.refunded) = (0, 0);
            emit VoidCleared(operator, state.settled);
        }
        $.batches[operator] = state;
    }

    /// @inheritdoc ISettlement
    function headerHash(
        address operator,
        uint32 batchIndex
    ) external view returns (bytes32) {
        return _storage().headerHashes[operator][batchIndex];
    }

    /// @inheritdoc ISettlement
    function batches(
        address operator
    ) external view returns (OperatorBatches memory) {
        return _storage().batches[operator];
    }

    /// @inheritdoc ISettlement
    function hashReceipt(
        Receipt calldata receipt
    ) external view returns (bytes32 structHash, bytes32 digest) {
        structHash = keccak256(abi.encode(RECEIPT_TYPEHASH, receipt));
        digest = _hashTypedDataV4(structHash);
    }

    /// @inheritdoc ISettlement
    function hashBody(
        BatchBody calldata body
    ) external pure returns (bytes32) {
        return keccak256(abi.encode(body));
    }

    /// @inheritdoc ISettlement
    function dayIndex() public view returns (uint32) {
        return uint32(block.timestamp / 1 days) - firstDay;
    }

    /// @param state the operator's slot, as in `settle`
    /// @dev The caller may settle for the operator, there is room, and the batch continues the one before it.
    function _requireNext(
        uint256 state,
        BatchBody memory body,
        PreviousBatch calldata previous
    ) private view {
        IOperatorRegistry.Operator memory operator = registry.operator(body.operator);
        if (msg.sender != body.operator && msg.sender != operator.signer) {
            revert Settlement_NotOperator(msg.sender, body.operator);
        }
        if (!operator.active) revert Settlement_OperatorInactive(body.operator);
        uint32 settled = uint32(state);
        if (uint32(state >> 160) != 0) revert Settlement_RefundsPending(body.operator, uint32(state >> 160));
        if (settled - uint32(state >> 32) >= MAX_PENDING) revert Settlement_TooManyPending(body.operator);
        if (body.batchIndex != settled + 1) {
            revert Settlement_WrongBatchIndex(body.batchIndex, settled + 1);
        }
        bytes32 stored = _storage().headerHashes[body.operator][settled]; // 0 before the first batch
        if (body.previousHash != stored) revert Settlement_WrongPreviousBatch(body.previousHash, stored);
        // slither-disable-next-line uninitialized-local (0 before the first batch)
        bytes32 opened;
        if (settled != 0 || !_isZero(previous)) {
            opened = _hashHeader(previous.bodyHash, previous.rewards, previous.settledAt);
        }
        if (opened != stored) revert Settlement_WrongPreviousBatch(opened, stored);
        uint32 today = dayIndex();
        if (body.dayIndex != today && uint256(body.dayIndex) + 1 != today) {
            revert Settlement_WrongDay(body.dayIndex, today);
        }
    }

    function _requireCommitted(
        BatchBody memory body,
        bytes calldata channels,
        bytes calldata dataCommitment
    ) private pure {
        bytes32 channelsHash = keccak256(channels);
        if (body.channelsHash != channelsHash) revert Settlement_WrongChannelsHash(body.channelsHash, channelsHash);
        if (dataCommitment.length == 0) revert Settlement_NoData();
        bytes32 dataHash = keccak256(dataCommitment);
        if (body.dataHash != dataHash) revert Settlement_WrongDataHash(body.dataHash, dataHash);
    }

    /// @dev Collects; the receipts add up to that, and the protocol's part of it is exact.
    function _requireReceipts(
        BatchBody memory body,
        bytes calldata channels
    ) private {
        (uint96 collected, uint32 calls) = escrow.collect(body.operator, channels);
        Tree memory receipts = body.receipts;
        if (receipts.amount != collected) revert Settlement_WrongReceiptsAmount(receipts.amount, collected);
        // Two sentinels besides a leaf of weight 1 for each call.
        if (receipts.weight != calls || receipts.count != uint256(calls) + 2) {
            revert Settlement_WrongReceiptsCount(receipts.count, receipts.weight, calls);
        }
        if (collected % FEE_UNIT != 0) revert Settlement_InexactFees(collected);
        uint256 protocolFee = uint256(collected) * feePolicy.settleableFee(body.feeVersion) / BPS;
        if (body.protocolFee != protocolFee) revert Settlement_WrongProtocolFee(body.protocolFee, protocolFee);
        uint256 net = collected - protocolFee;
        if (body.allocations.amount != net) revert Settlement_WrongAllocationsAmount(body.allocations.amount, net);
    }

    /// @dev The cumulative rewards grow by exactly the batch's allocations.
    function _requireRewards(
        BatchBody memory body,
        Tree memory rewards,
        Tree calldata before
    ) private pure {
        if (body.allocations.count < 2 || rewards.count < 2) {
            revert Settlement_MissingSentinels(body.allocations.count, rewards.count);
        }
        uint256 amount = uint256(before.amount) + body.allocations.amount;
        if (rewards.amount != amount) revert Settlement_WrongRewardsAmount(rewards.amount, amount);
        uint256 weight = uint256(before.weight) + body.allocations.weight;
        if (rewards.weight != weight) revert Settlement_WrongRewardsWeight(rewards.weight, weight);
    }

    /// @dev Emits BatchSettled, whose seventeen fields do not fit the compiler's stack: a struct in memory has the same
    ///      encoding but for the bytes at its end.
    function _emitSettled(
        BatchBody memory body,
        Tree memory rewards,
        bytes32 header,
        bytes32 bodyHash,
        bytes calldata dataCommitment
    ) private {
        SettledFields memory fields;
        fields.bodyHash = bodyHash;
        fields.receipts = uint32(body.receipts.weight);
        fields.collected = body.receipts.amount;
        fields.allocated = body.allocations.amount;
        fields.protocolFee = body.protocolFee;
        fields.feeVersion = body.feeVersion;
        fields.dayIndex = body.dayIndex;
        fields.receiptsRoot = body.receipts.root;
        fields.allocationsRoot = body.allocations.root;
        fields.rewardsRoot = rewards.root;
        fields.rewardsAmount = rewards.amount;
        fields.rewardsWeight = rewards.weight;
        fields.finalAt = uint64(block.timestamp) + window;
        bytes32 topic = BatchSettled.selector;
        uint256 operator = uint160(body.operator);
        uint256 batchIndex = body.batchIndex;
        // The struct is the memory's last allocation: its 14 words are the head, the commitment's bytes go right behind.
        assembly ("memory-safe") {
            mstore(add(fields, 0x1a0), 0x1c0) // offset of the bytes
            mstore(add(fields, 0x1c0), dataCommitment.length)
            let data := add(fields, 0x1e0)
            let padded := and(add(dataCommitment.length, 31), not(31))
            mstore(add(data, sub(padded, 32)), 0) // the padding; dataCommitment is never empty
            calldatacopy(data, dataCommitment.offset, dataCommitment.length)
            log4(fields, add(0x1e0, padded), topic, operator, batchIndex, header)
        }
    }

    /// @dev The header opens the stored hash of its batch.
    function _requireHeader(
        BatchHeader calldata header
    ) private view returns (bytes32 stored) {
        bytes32 given = _hashHeader(_hashBody(header.body), header.rewards, header.settledAt);
        stored = _storage().headerHashes[header.body.operator][header.body.batchIndex];
        if (given != stored) revert Settlement_WrongHeader(given, stored);
    }

    /// @dev Requests for data of the batch hold it beyond its window.
    function _requireWindowPassed(
        uint64 settledAt,
        bytes32 header
    ) private view {
        uint64 finalAt = settledAt + window;
        uint64 heldUntil = dataRequests.heldUntil(header);
        if (heldUntil > finalAt) finalAt = heldUntil;
        if (block.timestamp < finalAt) revert Settlement_WindowOpen(finalAt);
    }

    /// @dev Value of the pending batches before `batchIndex`: each opened, none left out.
    function _pendingBefore(
        address operator,
        uint32 batchIndex,
        uint32 finalized,
        BatchHeader[] calldata earlier
    ) private view returns (uint96 value) {
        uint256 count = earlier.length;
        uint32 pending = batchIndex - 1 - finalized;
        if (count < pending) revert Settlement_WrongEarlierBatches(count, pending);
        for (uint256 i = count - pending; i < count; ++i) {
            BatchHeader calldata header = earlier[i];
            if (header.body.operator != operator || header.body.batchIndex != batchIndex - (count - i)) {
                revert Settlement_WrongEarlierBatches(count, pending);
            }
            _requireHeader(header);
            value += header.body.receipts.amount;
        }
    }

    /// @dev keccak256(abi.encode(body)): a static struct lies in calldata as it is encoded, 17 words. `settle` also copies
    ///      it to memory, which reverts for dirty bits; elsewhere the hash is compared with a stored one.
    function _hashBody(
        BatchBody calldata body
    ) private pure returns (bytes32 bodyHash) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, body, 544)
            bodyHash := keccak256(at, 544)
        }
    }

    /// @dev keccak256(abi.encode(bodyHash, keccak256(abi.encode(rewards)), settledAt)), as above.
    function _hashHeader(
        bytes32 bodyHash,
        Tree calldata rewards,
        uint64 settledAt
    ) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, rewards, 128)
            mstore(add(at, 32), keccak256(at, 128))
            mstore(at, bodyHash)
            mstore(add(at, 64), settledAt)
            hash := keccak256(at, 96)
        }
    }

    function _isZero(
        PreviousBatch calldata previous
    ) private pure returns (bool) {
        Tree calldata rewards = previous.rewards;
        return previous.bodyHash == 0 && rewards.root == 0 && rewards.count == 0 && rewards.amount == 0
            && rewards.weight == 0 && previous.settledAt == 0;
    }

    /// @dev Votes are worth by day: an upgrade may not shift the days.
    function _authorizeUpgrade(
        address implementation
    ) internal override restricted {
        uint32 given = Settlement(implementation).firstDay();
        if (given != firstDay) revert Settlement_WrongFirstDay(given, firstDay);
    }

    function _storage() private pure returns (SettlementStorage storage $) {
        assembly ("memory-safe") {
            $.slot := SETTLEMENT_STORAGE
        }
    }
}
