// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Allocation, Evidence} from "./Evidence.sol";
import {DatanetUse, Release} from "./Release.sol";
import {BatchHeader, Component, Receipt, Tree} from "./Settlement.sol";

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

/// @notice A receipt of a single release with its evidence.
struct OpenedEvidence {
    OpenedReceipt receipt;
    Component component; // the composition's only one
    Release release;
    Evidence evidence;
}

/// @notice All that an allocation follows from, and the one that the receipt states.
struct Derivation {
    OpenedChannel channel;
    bytes parameters; // the RFC 8785 JSON that the batch's parametersHash is taken over
    DatanetUse[] datanets; // of the release
    Allocation[] stated;
}

/// @notice A row's leaf in the attribution index of a release, with its path.
struct OpenedRow {
    IndexLeaf leaf;
    bytes proof;
}

/// @notice What an index leaf is the hash of.
struct IndexLeaf {
    uint32 position;
    bytes32 recordId;
    address contributor;
    bytes32 cluster;
    bytes32 tokensRoot;
    uint32 scaleBits;
    bytes32 rowRoot;
}

/// @notice A chunk of an int8 vector, with its path.
struct OpenedComponents {
    bytes components;
    bytes proof;
}

/// @notice The chunk of a salted answer that a span's token lies in.
struct OpenedOutput {
    bytes32 textHash; // keccak(salt ‖ utf8(answer))
    bytes32 root; // of the tree of chunks
    bytes32 salt; // the chunk's own
    bytes tokens; // 4 bytes each
    bytes proof;
}

/// @notice A chunk of a record's tokens. The leaf does not say how many there are: what is given must fit the path.
struct OpenedTokens {
    uint32 chunk;
    uint32 chunks;
    uint96 total; // tokens of the record
    bytes tokens; // 4 bytes each
    bytes proof;
}

/// @notice A token of a source that a span names.
struct SpanToken {
    uint256 span;
    uint256 source;
    uint32 offset; // from the span's start
}
