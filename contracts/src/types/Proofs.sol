// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchHeader, Receipt, Tree} from "./Settlement.sol";

/// @dev What a fraud proof brings: parts of a batch, opened against the hashes that the batch committed to.

/// @notice The batch that is said to be wrong.
struct Accused {
    BatchHeader header;
    BatchHeader[] earlier; // the operator's batches before it that may be pending, in order, ending right before it
}

/// @notice A leaf of a sum tree with its path.
struct Opening {
    uint256 key;
    bytes32 data;
    uint96 amount;
    uint96 weight;
    uint32 index;
    bytes proof; // 56 bytes per sibling (docs/wire.md)
}

/// @notice Two neighbouring leaves with a key between them: `below` < key ≤ `from`. Says which leaves come before the
///         key, and whether it is there.
struct Boundary {
    Opening below;
    Opening from;
}

/// @notice A leaf of the receipts with the receipt that it is the hash of.
struct OpenedReceipt {
    Opening leaf;
    Receipt receipt;
}

/// @notice An entry of the batch's channel list.
struct OpenedChannel {
    bytes channels; // the whole list
    uint256 index;
}

/// @notice What opens the hash of the batch before.
struct OpenedRewards {
    bytes32 bodyHash;
    Tree rewards;
    uint64 settledAt;
}

/// @notice All that says how an account's rewards have grown, and what by. `previous` and `before` may be empty when the
///         batch is the operator's first.
struct AccountSums {
    address account;
    OpenedRewards previous;
    Boundary before; // of the account's key in the previous rewards
    Boundary current; // of the same key in the batch's rewards
    Boundary first; // of the account's first possible key in the allocations
    Boundary end; // of the next account's
}
