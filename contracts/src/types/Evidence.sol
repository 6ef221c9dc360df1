// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @dev What a receipt's allocation is computed from (docs/wire.md, docs/allocation.md).

struct RecordScore {
    bytes32 releaseHash;
    uint32 position;
    bytes32 recordId;
    bytes32 cluster;
    address contributor;
    address reviewer;
    uint32 datanetId;
    bytes32 rowRoot;
    int32[] partials;
}

struct SpanSource {
    bytes32 releaseHash;
    uint32 position;
    bytes32 recordId;
    bytes32 cluster;
    address contributor;
    uint32 datanetId;
    uint32 offset;
}

struct Span {
    uint32 start;
    uint32 length;
    SpanSource[] sources;
}

struct Passage {
    uint32 datanetId;
    uint32 version;
    bytes32 recordId;
    bytes32 cluster;
    address contributor;
    int32 support;
}

struct ParentShare {
    bytes32 releaseHash;
    uint32 termsVersion;
    uint32 share;
}

struct Evidence {
    bytes32 queryRoot;
    int32 nullThreshold;
    RecordScore[] records;
    Span[] spans;
    Passage[] passages;
    ParentShare[] parents;
}

struct Allocation {
    address account;
    uint96 amount;
    uint96 weight;
}
