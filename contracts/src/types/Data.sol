// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Allocation, Evidence} from "./Evidence.sol";
import {Release} from "./Release.sol";
import {Component, Receipt} from "./Settlement.sol";

/// @dev What a pending batch's operator can be asked to publish on chain (docs/wire.md).

/// @notice Leaves of one of the batch's trees, or its parameters. The id of the request is the hash of this.
struct LeavesAsked {
    bytes32 headerHash;
    uint8 tree; // 1 receipts, 2 allocations, 3 rewards; 0: the parameters, of which there is one
    uint32 from; // index of the first leaf
    uint32 count;
}

/// @notice A row of the index that a receipt's evidence was taken from, and its score for that receipt's query. The id of
///         the request is the hash of this.
struct RowAsked {
    bytes32 headerHash;
    bytes32 releaseHash;
    bytes32 evidenceHash;
    uint32 position; // of the row
    uint32 chunk; // of the row, to be given whole
}

/// @notice What a leaf of the receipts is the hash of, and what the receipt's own hashes are taken over.
struct DisclosedReceipt {
    Receipt receipt;
    Component[] composition;
    Evidence evidence;
    Allocation[] allocations;
}

/// @notice What opens the hashes of a RowAsked.
struct ScoredBy {
    Release release;
    Evidence evidence;
}

/// @notice State of a request.
enum AskedStatus {
    None,
    Open,
    Answered,
    Withheld, // the batch is void for it
    Dropped // the batch was void for something else
}

struct DataRequest {
    address requester;
    uint96 bond; // wei; back to the requester unless it was answered
    bytes32 headerHash;
    uint64 deadline;
    AskedStatus status;
    bytes32 statement; // of a row: keccak of the partial scores that the operator stated
}
