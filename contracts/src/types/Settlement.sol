// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @dev Shapes of docs/wire.md: what is signed and hashed. Changing a field changes every hash.

/// @notice A payer's authorisation to one operator to collect up to a cumulative ceiling.
struct Voucher {
    address payer;
    address operator;
    address signer;
    uint96 cumulativeCeiling;
    uint32 maxSequence;
    address app;
    uint16 appMarkupBps;
    uint32 expiry;
}

/// @notice An operator's statement about one answer: who, what, how much, who is owed.
struct Receipt {
    bytes32 channel;
    uint32 sequence;
    bytes32 compositionHash;
    uint32 promptTokens;
    uint32 completionTokens;
    uint32 retrievalTokens;
    uint32 agentSteps;
    uint96 fee;
    uint32 feeVersion;
    bytes32 promptHash;
    bytes32 outputHash;
    bytes32 evidenceHash;
    bytes32 allocationHash;
    bytes32 traceHash;
    bytes32 parentReceipt;
    uint32 timestamp;
}

/// @notice One part of what answered a call.
struct Component {
    bytes32 releaseHash;
    uint32 termsVersion;
    uint16 weightBps;
}

/// @notice Commitment to a Merkle sum tree; `count` includes sentinels.
struct Tree {
    bytes32 root;
    uint32 count;
    uint96 amount;
    uint96 weight;
}

/// @notice Everything of a batch but the rewards tree and the time, which the contract adds.
struct BatchBody {
    address operator;
    uint32 batchIndex;
    bytes32 previousHash;
    Tree receipts;
    Tree allocations;
    uint96 protocolFee;
    uint32 feeVersion;
    uint32 dayIndex;
    bytes32 parametersHash;
    bytes32 channelsHash;
    bytes32 dataHash;
}

/// @notice A settled batch as its stored hash opens: headerHash = keccak(abi.encode(hash(body), hash(rewards), settledAt)).
struct BatchHeader {
    BatchBody body;
    Tree rewards;
    uint64 settledAt;
}
