// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchBody, BatchHeader, Receipt, Tree} from "../types/Settlement.sol";

/// @notice Operators settle receipts in batches under three sum trees; after the window a batch becomes final.
interface ISettlement {
    /// @notice State of an operator's batch chain, in one slot. Batches between `finalized` and `settled` are pending;
    ///         those from `voidedFrom` on (0: none) are void and wait for their refunds, of which `refunded` are done.
    ///         Once all are, `settled` goes back to the last good batch, on which the next one is built.
    struct OperatorBatches {
        uint32 settled;
        uint32 finalized;
        uint96 pendingValue; // of the batches that may still become final
        uint32 voidedFrom;
        uint32 refunded; // batches
    }

    event BatchSettled(
        address indexed operator,
        uint32 indexed batchIndex,
        bytes32 indexed headerHash,
        bytes32 bodyHash,
        uint32 receipts,
        uint96 collected,
        uint96 allocated,
        uint96 protocolFee,
        uint32 feeVersion,
        uint32 dayIndex,
        bytes32 receiptsRoot,
        bytes32 allocationsRoot,
        bytes32 rewardsRoot,
        uint96 rewardsAmount,
        uint96 rewardsWeight,
        uint64 finalAt,
        bytes dataCommitment
    );
    event BatchFinalized(
        address indexed operator,
        uint32 indexed batchIndex,
        bytes32 indexed headerHash,
        uint96 net,
        uint96 burned,
        uint96 toTreasury,
        address actor
    );
    /// @param lastBatchIndex the last batch that was built on it, void with it
    /// @param value of the batches that became void by this
    event BatchVoided(
        address indexed operator,
        uint32 indexed batchIndex,
        bytes32 indexed headerHash,
        uint32 lastBatchIndex,
        uint96 value,
        uint96 slashed,
        address challenger
    );
    event BatchRefunded(address indexed operator, uint32 indexed batchIndex, address actor);
    /// @param settled the last good batch
    event VoidCleared(address indexed operator, uint32 settled);

    error Settlement_NotFraudProofs(address caller);
    error Settlement_RefundsPending(address operator, uint32 voidedFrom);
    error Settlement_NotPending(address operator, uint32 batchIndex);
    error Settlement_BatchVoid(address operator, uint32 batchIndex);
    error Settlement_NotVoid(address operator, uint32 batchIndex);
    error Settlement_WrongEarlierBatches(uint256 given, uint32 expected);
    error Settlement_WrongFirstDay(uint32 given, uint32 expected);
    error Settlement_NotOperator(address caller, address operator);
    error Settlement_OperatorInactive(address operator);
    error Settlement_TooManyPending(address operator);
    error Settlement_WrongBatchIndex(uint32 given, uint32 expected);
    error Settlement_WrongPreviousBatch(bytes32 given, bytes32 expected);
    error Settlement_WrongChannelsHash(bytes32 given, bytes32 expected);
    error Settlement_WrongDataHash(bytes32 given, bytes32 expected);
    error Settlement_NoData();
    error Settlement_WrongDay(uint32 given, uint32 today);
    error Settlement_WrongReceiptsAmount(uint96 given, uint96 collected);
    error Settlement_WrongReceiptsCount(uint32 count, uint96 weight, uint32 calls);
    error Settlement_InexactFees(uint96 amount);
    error Settlement_WrongProtocolFee(uint96 given, uint256 expected);
    error Settlement_WrongAllocationsAmount(uint96 given, uint256 expected);
    error Settlement_WrongRewardsAmount(uint96 given, uint256 expected);
    error Settlement_WrongRewardsWeight(uint96 given, uint256 expected);
    error Settlement_MissingSentinels(uint32 allocations, uint32 rewards);
    error Settlement_NothingPending(address operator);
    error Settlement_WrongHeader(bytes32 given, bytes32 expected);
    error Settlement_WindowOpen(uint64 finalAt);

    /// @notice Settles a batch. Only the operator or its signer.
    /// @param body as in docs/wire.md; previousHash, channelsHash, dataHash and sums are checked
    /// @param rewards the operator's cumulative rewards after this batch
    /// @param previous opening of the operator's batch before it (all zero for the first)
    /// @param channels packed entries of 167 bytes
    /// @param dataCommitment where the leaves lie, e.g. utf8("ipfs://…")
    function settle(
        BatchBody calldata body,
        Tree calldata rewards,
        PreviousBatch calldata previous,
        bytes calldata channels,
        bytes calldata dataCommitment
    ) external returns (bytes32 headerHash);

    /// @notice What opens the header hash of the batch before, as far as the next one needs it.
    struct PreviousBatch {
        bytes32 bodyHash;
        Tree rewards;
        uint64 settledAt;
    }

    /// @notice Most batches of an operator that may wait for their window at a time.
    function MAX_PENDING() external view returns (uint32);

    /// @notice Makes the operator's oldest pending batch final once its window has passed and no request for its data
    ///         holds it. Anyone.
    function finalize(
        BatchHeader calldata header
    ) external;

    /// @notice Makes a pending batch void, and all built on it; slashes the stake locked behind them. Only
    ///         FraudProofs, EvidenceProofs and DataRequests.
    /// @param earlier the operator's batches before it that may be pending, ending with the one right before: what is
    ///        locked for them stays locked. Those that are final already are skipped.
    function voidBatch(
        BatchHeader calldata header,
        BatchHeader[] calldata earlier,
        address challenger
    ) external;

    /// @notice Slashes the minimum stake for receipts that contradict each other, in whatever batch they were settled.
    ///         Only FraudProofs.
    function slashEquivocation(
        address operator,
        address challenger
    ) external;

    /// @notice Undoes entries of a void batch: its payers get back what it collected. Anyone; of batches that share a
    ///         channel, the later first.
    /// @param from first entry
    /// @param to entry after the last
    function refund(
        BatchHeader calldata header,
        bytes calldata channels,
        uint256 from,
        uint256 to
    ) external;

    function headerHash(
        address operator,
        uint32 batchIndex
    ) external view returns (bytes32);
    function batches(
        address operator
    ) external view returns (OperatorBatches memory);
    function hashReceipt(
        Receipt calldata receipt
    ) external view returns (bytes32 structHash, bytes32 digest);
    function hashBody(
        BatchBody calldata body
    ) external pure returns (bytes32);
    /// @return Unix day that dayIndex counts from
    function firstDay() external view returns (uint32);
    /// @return UTC days since the day of deployment
    function dayIndex() external view returns (uint32);
    function window() external view returns (uint64);
}
