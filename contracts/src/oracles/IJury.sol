// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccusedReceipt,
    CaseStatus,
    Juror,
    JuryCase,
    JurySettings,
    Question,
    Sampling,
    Seat,
    Vote
} from "../types/Jury.sol";
import {DatanetUse, Release} from "../types/Release.sol";
import {BatchHeader} from "../types/Settlement.sol";

/// @notice Judges what the chain cannot compute: drawn jurors replay what a case is about, commit and reveal a vote.
///         A verdict slashes or does not; no batch is ever frozen or voided by it.
interface IJury {
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

    // ── Jurors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Stakes the caller's OPEN. Whoever has the minimum staked is drawn, by stake, for cases filed later.
    function stake(
        uint96 amount
    ) external;
    /// @notice Starts taking stake out, as far as no duty holds it: not drawn by it any more, paid after two rounds.
    function unstake(
        uint96 amount
    ) external;
    /// @notice Pays out what has left to the juror. Anyone.
    function withdrawStake(
        address juror
    ) external;
    /// @notice Pays out an account's rewards, bounties, returned bonds and compensation to it. Anyone.
    function withdraw(
        address account
    ) external;

    // ── Cases ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Files a case about a settled receipt: Output or Query.
    /// @param highestBond the filer's limit; the bond that is due now is taken
    /// @param statementCid why, and what a juror should look at
    function fileReceipt(
        Question question,
        AccusedReceipt calldata accused,
        uint96 highestBond,
        string calldata statementCid
    ) external returns (uint32 caseId);
    /// @notice Files a case about an attested release, against the operator that trained it: Row or Training.
    /// @param detail the row's position, or the segment's number
    function fileRelease(
        Question question,
        Release calldata release,
        uint32 detail,
        uint96 highestBond,
        string calldata statementCid
    ) external returns (uint32 caseId);
    /// @notice The accused's answer, preimages included, until jurors' votes are due. Only the accused or its signer.
    function answer(
        uint32 caseId,
        string calldata statementCid
    ) external;
    /// @notice Draws the round's jurors by the seed block's hash. Anyone.
    function draw(
        uint32 caseId
    ) external;
    /// @notice Commits to a vote; again to change it.
    /// @param commitment keccak256(abi.encode(chain id, Jury, caseId, round, juror, vote, salt))
    function commitVote(
        uint32 caseId,
        bytes32 commitment
    ) external;
    function revealVote(
        uint32 caseId,
        Vote vote,
        bytes32 salt
    ) external;
    /// @notice Ends the round once all have revealed or its time is over: verdict, second draw or dismissal. Anyone.
    function decide(
        uint32 caseId
    ) external;
    /// @notice Pays a datanet's part of the compensation to its pool. Anyone.
    /// @param datanets of the release
    function compensate(
        uint32 caseId,
        DatanetUse[] calldata datanets,
        uint256 index
    ) external;
    /// @notice Burns what of a compensation could not be paid for so long. Anyone.
    function burnCompensation(
        uint32 caseId
    ) external;

    // ── Sampling ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Sets the rate for samplings opened from now on. Only governance.
    function setSampleRate(
        uint16 rateBps
    ) external;
    /// @notice Fixes the block that will sample the batch's receipts. Anyone, once.
    function openSampling(
        BatchHeader calldata header
    ) external;
    /// @notice Samples: the operator owes the preimages of these receipts. Anyone.
    function drawSamples(
        bytes32 headerHash
    ) external;
    /// @notice Says where the preimages are. Only the operator or its signer.
    function disclose(
        bytes32 headerHash,
        uint16 sample,
        string calldata pointer
    ) external;
    /// @notice Slashes an operator that did not disclose in time. Anyone; once a batch.
    function punishSilence(
        bytes32 headerHash
    ) external;

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function settings() external view returns (JurySettings memory);
    function juror(
        address account
    ) external view returns (Juror memory);
    /// @return how many accounts have the minimum staked
    function activeJurors() external view returns (uint32);
    function credit(
        address account
    ) external view returns (uint96);
    function caseCount() external view returns (uint32);
    function caseOf(
        uint32 caseId
    ) external view returns (JuryCase memory);
    /// @return bond that the next case about the batch (header hash) or release needs
    function bondFor(
        bytes32 target
    ) external view returns (uint96);
    function openCases(
        bytes32 target
    ) external view returns (uint8);
    function jurorsOf(
        uint32 caseId,
        uint8 round
    ) external view returns (address[] memory);
    function seatOf(
        uint32 caseId,
        uint8 round,
        address account
    ) external view returns (Seat memory);
    function commitmentOf(
        uint32 caseId,
        uint8 round,
        address account,
        Vote vote,
        bytes32 salt
    ) external view returns (bytes32);
    function sampleRateBps() external view returns (uint16);
    function sampling(
        bytes32 headerHash
    ) external view returns (Sampling memory);
}
