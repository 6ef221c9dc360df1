// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice One immutable build of a model; named by keccak(abi.encode(Release)) (docs/wire.md).
struct Release {
    bytes32 baseModel;
    bytes32 adaptersHash;
    bytes32 tokenizerHash;
    bytes32 datanetsHash;
    bytes32 trainingLogRoot;
    bytes32 indexRoot;
    uint32 indexRows;
    uint32 k;
    bytes32 seed;
    bytes32 projectionHash;
    int32 nullThreshold;
    bytes32 parentsHash;
    bytes32 evaluationHash;
}

struct Adapter {
    bytes32 adapterId;
    uint16 weightBps;
}

struct DatanetUse {
    uint32 datanetId;
    uint32 version;
    bytes32 root;
}

/// @notice Split of the net fee in bps (sum 10,000) with its accounts, and prices in wei.
/// @dev Operator and developer are paid to the operator and to the model's owner at the time of the call.
struct Terms {
    uint16 operatorBps;
    uint16 developerBps;
    uint16 parentsBps;
    uint16 backersBps;
    uint16 contributorsBps;
    address parents;
    address backers;
    uint64 promptPrice; // wei per prompt token
    uint64 completionPrice; // wei per completion token
    uint64 retrievalPrice; // wei per retrieved token
    uint64 agentStepPrice; // wei per agent step
}
