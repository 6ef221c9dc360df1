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
import {IJuryEvents} from "./IJuryEvents.sol";

/// @notice Judges what the chain cannot compute: drawn jurors replay what a case is about, commit and reveal a vote.
///         A verdict slashes or does not; no batch is ever frozen or voided by it.
interface IJury is IJuryEvents {
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
    /// @notice Files a case about an attested release, against the operator that trained it: Row, Training, or
    ///         Evaluation once a score was stated for a proposal.
    /// @param detail the row's position, the segment's number, or the item's
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
