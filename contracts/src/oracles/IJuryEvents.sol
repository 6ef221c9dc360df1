// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CaseStatus, Question, Vote} from "../types/Jury.sol";

/// @notice What the Jury tells, and why it refuses.
interface IJuryEvents {
    event JurorStaked(address indexed juror, address indexed actor, uint96 amount, uint96 stake);
    event JurorUnstaked(address indexed juror, uint96 amount, uint96 stake, uint96 leaving, uint64 leavesAt);
    event JurorStakeWithdrawn(address indexed juror, uint96 amount, address actor);
    event CreditWithdrawn(address indexed account, uint96 amount, address actor);

    /// @param batchIndex of the receipt's batch; 0 for a release
    /// @param detail row or segment; for receipts the component of the composition
    /// @param drawBy until when jurors can be drawn, from the block after `seedBlock`
    event CaseFiled(
        uint32 indexed caseId,
        address indexed accused,
        address indexed filer,
        Question question,
        bytes32 target,
        bytes32 object,
        bytes32 releaseHash,
        uint32 batchIndex,
        uint32 detail,
        uint96 bond,
        uint16 seats,
        uint64 seedBlock,
        uint64 drawBy,
        string statementCid
    );
    event CaseAnswered(uint32 indexed caseId, address indexed accused, string statementCid, address actor);
    event JurorDrawn(uint32 indexed caseId, address indexed juror, uint8 round, uint96 penalty);
    event RoundDrawn(
        uint32 indexed caseId,
        uint8 indexed round,
        bytes32 seed,
        uint16 drawn,
        uint64 commitBy,
        uint64 revealBy,
        address actor
    );
    event VoteCommitted(uint32 indexed caseId, address indexed juror, uint8 round, bytes32 commitment);
    event VoteRevealed(uint32 indexed caseId, address indexed juror, uint8 round, Vote vote);
    event NoShowPenalised(uint32 indexed caseId, address indexed juror, uint8 round, uint96 penalty, uint96 stake);
    event JurorRewarded(uint32 indexed caseId, address indexed juror, uint8 round, uint96 reward);
    /// @notice No side had a majority of the seats: twice as many are drawn.
    event RoundFailed(
        uint32 indexed caseId,
        uint16 guilty,
        uint16 innocent,
        uint16 seats,
        uint64 seedBlock,
        uint64 drawBy,
        address actor
    );
    /// @param slashed of the accused's stake
    /// @param bounty of the filer, on top of the bond
    /// @param jurors what the majority's jurors share: of the slash or the bond, and the penalties
    /// @param compensation for the payer and the release's datanets
    event CaseDecided(
        uint32 indexed caseId,
        CaseStatus indexed status,
        uint16 guilty,
        uint16 innocent,
        uint96 slashed,
        uint96 bounty,
        uint96 jurors,
        uint96 compensation,
        address actor
    );
    event PayerCompensated(uint32 indexed caseId, address indexed payer, uint96 amount);
    event DatanetCompensated(
        uint32 indexed caseId, uint32 indexed datanetId, address pool, uint96 amount, address actor
    );
    event CompensationBurned(uint32 indexed caseId, uint96 amount, address actor);

    event SampleRateSet(uint16 rateBps, address actor);
    event SamplingOpened(
        bytes32 indexed headerHash,
        address indexed operator,
        uint32 batchIndex,
        uint16 rateBps,
        uint64 seedBlock,
        uint64 drawBy,
        address actor
    );
    /// @param leaf index in the tree of receipts
    event ReceiptSampled(
        bytes32 indexed headerHash, address indexed operator, uint16 sample, uint32 leaf, uint64 discloseBy
    );
    /// @param pointer CID of the receipt's preimages, or of their encryption to drawn re-executors
    event SampleDisclosed(
        bytes32 indexed headerHash, address indexed operator, uint16 sample, string pointer, address actor
    );
    event SilencePunished(
        bytes32 indexed headerHash, address indexed operator, uint96 slashed, uint96 bounty, address actor
    );

    error Jury_InvalidSettings();
    error Jury_ZeroAmount();
    error Jury_BelowMinimum(uint96 stake, uint96 minimum);
    error Jury_BeyondFreeStake(uint96 amount, uint96 free);
    error Jury_StillLeaving(uint64 leavesAt);
    error Jury_NothingToWithdraw(address account);
    error Jury_WrongQuestion(Question question);
    error Jury_WrongHeader(bytes32 given, bytes32 expected);
    error Jury_BatchVoid(address operator, uint32 batchIndex);
    error Jury_WrongReceipt(bytes32 given, bytes32 expected);
    error Jury_WrongChannel(bytes32 given, bytes32 expected);
    error Jury_WrongComposition(bytes32 given, bytes32 expected);
    error Jury_NoSuchComponent(uint256 component, uint256 components);
    error Jury_WrongRelease(bytes32 given, bytes32 expected);
    error Jury_NotAttested(bytes32 releaseHash);
    error Jury_TooLate(uint64 deadline);
    error Jury_TooEarly(uint64 from);
    error Jury_AlreadyJudged(bytes32 subject);
    error Jury_AlreadySlashed(bytes32 object);
    error Jury_TooManyCases(bytes32 target);
    /// @notice What was offered is less than the bond that this case needs by now.
    error Jury_BondTooLow(uint96 given, uint96 needed);
    error Jury_TooFewJurors(uint32 jurors, uint16 seats);
    error Jury_NotOpen(uint32 caseId, CaseStatus status);
    error Jury_NotAccused(uint32 caseId, address caller);
    error Jury_AlreadyDrawn(uint32 caseId);
    error Jury_NotDrawn(uint32 caseId);
    error Jury_SeedUnknown(uint64 seedBlock);
    error Jury_SeedLapsed(uint64 seedBlock);
    error Jury_NotJuror(uint32 caseId, address caller);
    error Jury_EmptyCommitment();
    error Jury_WrongVote(bytes32 given, bytes32 commitment);
    error Jury_AlreadyRevealed(uint32 caseId, address juror);
    error Jury_WrongDatanets(bytes32 given, bytes32 expected);
    error Jury_AlreadyCompensated(uint32 caseId, uint256 index);
    error Jury_NothingToCompensate(uint32 caseId);
    error Jury_NoSuchDatanet(uint256 index, uint256 datanets);
    error Jury_NoPool(uint32 datanetId);
    error Jury_NothingSampled(bytes32 headerHash);
    error Jury_AlreadySampled(bytes32 headerHash);
    error Jury_RateTooHigh(uint16 rateBps, uint16 most);
    error Jury_EmptyPointer();
    error Jury_NoSuchSample(bytes32 headerHash, uint16 sample);
    error Jury_AlreadyDisclosed(bytes32 headerHash, uint16 sample);
    error Jury_NotOperator(address caller, address operator);
    error Jury_NothingWithheld(bytes32 headerHash);
}
