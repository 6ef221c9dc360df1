// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Allocation} from "../types/Evidence.sol";
import {AccountSums, Accused, Boundary, OpenedChannel, OpenedReceipt, Opening} from "../types/Proofs.sol";
import {Component, Receipt} from "../types/Settlement.sol";
import {BatchFaults} from "./BatchFaults.sol";

/// @notice What the chain can check of a batch by itself, without its evidence. Each proof is one transaction of anyone: when it holds, the
///         batch and all built on it are void and their stake is slashed; when it does not, it reverts.
interface IFraudProofs is BatchFaults {
    event EquivocationProven(
        address indexed operator,
        bytes32 indexed channel,
        uint32 sequence,
        bytes32 first,
        bytes32 second,
        address challenger
    );

    error FraudProofs_UnknownTree(uint8 treeId);
    error FraudProofs_NotInEntry(uint32 sequence, uint32 previousSequence, uint32 lastSequence);
    error FraudProofs_WrongLeaf(uint256 key, uint256 expected);
    error FraudProofs_WrongPrevious(bytes32 given, bytes32 expected);
    error FraudProofs_WrongPosition(uint32 index, uint256 position);
    error FraudProofs_NotSigned(address recovered, address operator);
    error FraudProofs_SameReceipt(bytes32 receiptHash);
    error FraudProofs_AlreadySlashed(address operator, bytes32 channel, uint32 sequence);

    // ── The trees ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Two leaves that follow each other, of which the second has no greater key.
    function proveDisorder(
        Accused calldata accused,
        uint8 treeId,
        Opening calldata left,
        Opening calldata right
    ) external;

    /// @notice A first or last leaf that is no sentinel, or one between that breaks the format of its tree: a receipt of
    ///         another weight than 1 or a fee that is no multiple of 10,000 wei, rewards with data or a key beyond an
    ///         account.
    function proveMalformedLeaf(
        Accused calldata accused,
        uint8 treeId,
        Opening calldata leaf
    ) external;

    /// @notice A sequence that the channel list collects for, without a receipt.
    function proveMissingReceipt(
        Accused calldata accused,
        OpenedChannel calldata channel,
        uint32 sequence,
        Opening calldata left,
        Opening calldata right
    ) external;

    /// @notice A receipt that no entry of the channel list collects for.
    function proveStrayReceipt(
        Accused calldata accused,
        bytes calldata channels,
        Opening calldata leaf
    ) external;

    /// @notice A channel from which something else was collected than its receipts add up to.
    /// @param first receipt of the channel in the batch
    /// @param last receipt of the channel in the batch
    function proveWrongCollection(
        Accused calldata accused,
        OpenedChannel calldata channel,
        Opening calldata first,
        Opening calldata last
    ) external;

    /// @notice An account whose rewards grew by something else than its allocations, in amount or weight; also one that
    ///         vanished.
    function proveMisaccounting(
        Accused calldata accused,
        AccountSums calldata sums
    ) external;

    /// @notice An allocation of a position that has no receipt, or that names another receipt than the one there.
    /// @param receipt leaf at the allocation's position; ignored when there is no such position
    function proveStrayAllocation(
        Accused calldata accused,
        Opening calldata allocation,
        Opening calldata receipt
    ) external;

    // ── Receipts ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A receipt that the operator signed, settled under the same channel and sequence with other content. Also
    ///         of two signed receipts of one channel and sequence the one that was not settled.
    /// @param leaf of the same channel and sequence
    function proveContradictedReceipt(
        Accused calldata accused,
        Receipt calldata receipt,
        bytes calldata signature,
        Opening calldata leaf
    ) external;

    /// @notice A settled receipt whose channel, sequence, fee or fee version is not that of its leaf and batch.
    function proveMislabelledReceipt(
        Accused calldata accused,
        OpenedReceipt calldata receipt
    ) external;

    /// @notice A fee that is not what the bound terms and the voucher's markup ask for the counted tokens, or that no
    ///         registered terms ask for. Of receipts of a single release.
    function proveWrongPrice(
        Accused calldata accused,
        OpenedReceipt calldata receipt,
        Component calldata component,
        OpenedChannel calldata channel
    ) external;

    /// @notice An account whose settled allocation of a receipt is not the one that the receipt states.
    /// @param allocations what the receipt's allocationHash is the hash of
    /// @param boundary of the account's key for this receipt in the tree of allocations
    function proveUnfaithfulAllocation(
        Accused calldata accused,
        OpenedReceipt calldata receipt,
        Allocation[] calldata allocations,
        address account,
        Boundary calldata boundary
    ) external;

    /// @notice Stated allocations that are out of order or do not sum to the fee less the protocol's part.
    function proveUnbalancedAllocation(
        Accused calldata accused,
        OpenedReceipt calldata receipt,
        Allocation[] calldata allocations
    ) external;

    /// @notice Two receipts that the operator signed for one channel and sequence, settled or not: slashes the minimum
    ///         stake, once for the two. While the batch that holds one is pending, `proveContradictedReceipt` with the
    ///         other one slashes all that is locked behind it.
    function proveEquivocation(
        address operator,
        Receipt calldata first,
        bytes calldata firstSignature,
        Receipt calldata second,
        bytes calldata secondSignature
    ) external;
}
