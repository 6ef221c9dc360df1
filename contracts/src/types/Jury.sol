// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OpenedReceipt} from "./Proofs.sol";
import {Release} from "./Release.sol";
import {BatchHeader, Component} from "./Settlement.sol";

/// @notice What a juror is asked. The first two are about a receipt, the others about a release.
enum Question {
    Output, // was this the model's output
    Query, // was this the output's gradient
    Row, // is this row of the index the projected gradient of its record
    Training, // does replaying this segment of the training log give its checkpoint
    Evaluation // does the release give the outputs and the score that its operator stated for a proposal's items
}

enum CaseStatus {
    None,
    Open,
    Guilty,
    Innocent,
    Dismissed // no majority, twice
}

enum Vote {
    None,
    Guilty,
    Innocent
}

struct JuryCase {
    address accused;
    Question question;
    CaseStatus status;
    uint8 round; // 1 or 2
    uint16 seats; // of this round
    uint16 drawn; // jurors found for them
    uint16 guilty; // revealed votes of this round
    uint16 innocent;
    address filer;
    uint96 bond;
    address payer; // of the receipt; 0 for releases
    uint96 fee; // of the receipt
    uint64 filedAt; // jurors are drawn by the stake of the second before
    uint64 roundStartedAt;
    uint64 drawnAt; // of this round; 0 until drawn
    uint64 seedBlock; // the first block whose hash may draw this round
    bytes32 target; // header hash of the batch, or release hash
    bytes32 object; // receipt hash, or release hash: slashed for once
    bytes32 subject; // object and question: judged once
    bytes32 datanetsHash; // of the release
    uint96 compensation; // still to be paid to the datanets' pools
    uint96 compensationShare; // set with the first payment
    uint64 decidedAt;
}

/// @notice What a case about a receipt is opened with.
struct AccusedReceipt {
    BatchHeader header;
    OpenedReceipt opened;
    Component[] composition; // what the receipt's compositionHash is taken over
    uint256 component; // the one that is asked about
    Release release; // of that component
    address payer; // with `signer` what opens the receipt's channel
    address signer;
}

/// @notice A juror's stake: `stake` is what it is drawn by, `locked` the part of it that its duties may cost.
struct Juror {
    uint96 stake;
    uint96 locked;
    uint32 slot; // of the tree, plus one
    uint96 leaving;
    uint64 leavesAt;
}

struct Seat {
    bytes32 commitment;
    bool drawn;
    Vote vote;
}

/// @notice Receipts of a batch whose preimages the operator owes.
struct Sampling {
    address operator;
    uint64 seedBlock;
    uint32 receipts; // in the batch
    bool slashed;
    uint64 drawBy;
    uint64 discloseBy; // 0 until drawn
    uint16 rateBps;
    uint16 samples;
    uint16 disclosed;
}

/// @notice Numbers of a Jury. Amounts in wei, clocks in seconds.
struct JurySettings {
    uint96 minimumStake; // of a juror
    uint96 noShowPenalty; // at most the minimum stake
    uint96 bond; // of the first open case about a batch or release; each further one needs twice the one before
    uint16 seats; // of the first round, odd; the second has twice as many
    uint64 drawPeriod;
    uint64 commitPeriod;
    uint64 revealPeriod;
    uint64 filingPeriod; // after a batch's settlement, or a release's attestation
    uint64 samplingPeriod; // after a batch's settlement
    uint64 answerPeriod; // to disclose samples
}
