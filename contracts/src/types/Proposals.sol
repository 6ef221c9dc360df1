// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DatanetUse, Terms} from "./Release.sol";

enum ProposalStatus {
    None,
    Open, // backers fund it, contributors vote on the use of their data
    Training, // its job is open, accepted or attested
    Revealed, // the items of the evaluation are public
    Reported, // the operator has stated a score that passes
    Passed,
    Ended // without a model: everything goes back
}

/// @notice Why a proposal ended.
enum EndReason {
    Cancelled, // by its proposer
    NotFunded,
    NotApproved, // by the contributors of a datanet
    NotStarted, // nobody could in time: a provider's grant was missing
    NotTrained, // nobody took the job, or it was not delivered
    NotRevealed, // the proposer kept the evaluation's items
    NotReported, // the operator stated no score
    BelowMark,
    Convicted // a jury found against the release
}

/// @notice What a proposer asks for.
struct Plan {
    string name; // of the model
    string specCid; // the proposal's document on IPFS
    string trainingCid; // training spec that operators quote for
    string cardCid; // of the model
    bytes32 baseModel;
    DatanetUse[] datanets;
    uint96 goal; // wei: the budget
    uint64 deadline; // Unix seconds: for backers and for contributors' votes
    uint16 passMarkBps; // score from which the release passes
    bytes32 itemsCommitment; // keccak256(abi.encode(salt, root of the evaluation's items))
    uint32 capBps; // backers get at most so much of what was spent
    Terms terms; // of the model; `backers` is set when it starts
}

struct Proposal {
    address proposer;
    ProposalStatus status;
    uint32 modelId;
    uint32 jobId;
    uint16 passMarkBps;
    uint16 scoreBps; // stated by the operator
    uint96 goal; // wei
    uint96 raised; // wei, of backings that are there; stays what it was when it ends or passes
    uint64 deadline;
    uint96 uncollected; // of `raised`: what backers have not fetched, once ended or passed
    uint96 due; // wei that go to those backers
    uint64 since; // of the state: revealed or reported
    uint96 bond; // wei, 0 once paid out
    uint32 capBps;
    uint16 openCases; // of the jury that hold it
    address shares; // the backers' account, once started
    bytes32 baseModel;
    bytes32 itemsCommitment;
}

/// @notice A datanet that a proposal uses, and what its contributors say. Records weigh.
struct DatanetApproval {
    uint32 datanetId;
    uint32 version;
    uint32 grantId; // asked for in the proposals' name
    uint64 total; // records of the version, 0 until the first vote proves it
    uint64 yes;
    uint64 no;
}

/// @notice A contribution's place in a version's tree.
struct VersionLeaf {
    uint32 contributionId;
    uint32 index;
    bytes proof; // 56 bytes per sibling (docs/wire.md)
}

/// @notice Who made a model that was proposed.
struct Certificate {
    uint32 proposalId;
    address proposer;
    address operator; // who trained it
    bytes32 releaseHash;
    uint96 spent; // wei of its backers
    uint16 scoreBps;
    uint64 passedAt;
    bytes32 datanetsHash;
}

/// @notice Numbers of the proposals. Amounts in wei, clocks in seconds.
struct ProposalSettings {
    uint96 bond;
    uint64 longestFunding; // from proposing to the deadline, at most
    uint64 startPeriod; // after the deadline
    uint64 quotePeriod; // nobody takes the job in this time: it ends
    uint64 longestTraining; // of a quote that may be accepted
    uint64 revealPeriod; // after the attestation
    uint64 reportPeriod; // after the items are revealed
    uint64 disputePeriod; // after the report
}
