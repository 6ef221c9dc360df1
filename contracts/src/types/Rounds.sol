// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

enum RoundStatus {
    None,
    Open, // from its opening until it has one of the ends below
    Scored, // the assignment is shown and the quorum was there
    NoQuorum, // the assignment is shown, too few judged
    Withheld, // nobody showed the assignment in time
    Leaked, // the assignment was shown while there was still judging
    Struck // by a decision of the models' kind
}

/// @notice What holds for all rounds. Periods in seconds, one after the other from the opening; the last from the end.
struct RoundSettings {
    uint96 bond; // wei, of whoever opens a round without a decision
    uint64 commitPeriod; // judging
    uint64 revealPeriod; // showing ballots
    uint64 assignmentPeriod; // showing which answer was whose
    uint64 contestPeriod; // the bond stays this long, for a decision to strike the round
    uint16 quorumBps; // of all voting power, that must have judged for a score
}

/// @notice What a round is about, as its opener states it.
struct RoundOpening {
    bytes32 releaseA;
    bytes32 releaseB;
    uint8 questions; // in the document
    bytes32 assignmentHash; // of the salt that says which answer of each question is whose
    string documentCid; // the questions and both answers to each
}

struct Round {
    address opener;
    uint64 openedAt; // Unix seconds; power counts as it was a second before
    RoundStatus status;
    uint8 questions;
    uint16 scoreA; // of 10,000, once scored; the rest is B's
    bytes32 releaseA;
    bytes32 releaseB;
    bytes32 assignmentHash;
    uint32 modelA;
    uint32 modelB;
    uint64 closedAt; // Unix seconds, 0 while open
    uint96 bond; // wei that lie here for it
    uint32 judges; // whose ballots were shown
    uint64 power; // of those judges together, of 1e18
    int32 gained; // by A's model and lost by B's, in hundredths of a point
}

/// @notice Where a model stands by the rounds it was in. Every model begins at 0.
struct Standing {
    int64 points; // hundredths of a point
    uint32 rounds; // scored, against other models
}
