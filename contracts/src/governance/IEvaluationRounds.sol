// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Round, RoundOpening, RoundSettings, RoundStatus, Standing} from "../types/Rounds.sol";

/// @notice Blind judgements of two releases. Judges see each question's two answers as left and right, commit to what they
///         prefer, then show it; only then is it shown which answer was whose, and the score follows from both.
/// @dev Nobody is paid for judging, so nobody gains by judging their own. The bond is the opener's, comes back whatever the
///      score, and is the treasury's if the opener shows the assignment too early, or never, or the round is struck.
interface IEvaluationRounds {
    event RoundOpened(
        uint32 indexed roundId,
        address indexed opener,
        bytes32 releaseA,
        bytes32 releaseB,
        uint8 questions,
        bytes32 assignmentHash,
        string documentCid,
        uint96 bond,
        uint64 commitEnd,
        uint64 revealEnd,
        uint64 assignmentEnd
    );
    event JudgementCommitted(uint32 indexed roundId, address indexed judge, bytes32 commitment);
    event JudgementRevealed(uint32 indexed roundId, address indexed judge, uint256 ballot, uint256 power);
    /// @param status Scored, or NoQuorum: then scoreA and gained are 0
    event RoundScored(
        uint32 indexed roundId,
        RoundStatus status,
        bytes32 salt,
        uint16 scoreA,
        uint32 judges,
        uint64 power,
        int32 gained,
        address indexed actor
    );
    /// @param roundId whose score or whose striking moved the model
    /// @param points after it, in hundredths of a point
    event StandingChanged(uint32 indexed modelId, uint32 indexed roundId, int64 points, uint32 rounds);
    /// @param status Withheld or Leaked
    event RoundVoided(uint32 indexed roundId, RoundStatus status, uint96 forfeited, address indexed actor);
    event RoundStruck(uint32 indexed roundId, uint96 forfeited, address indexed actor, string reason);
    event BondReturned(uint32 indexed roundId, address indexed opener, uint96 amount);

    /// @notice The registry of models knows no such release.
    error EvaluationRounds_UnknownRelease(bytes32 releaseHash);
    error EvaluationRounds_SameRelease(bytes32 releaseHash);
    /// @notice From one to that many.
    error EvaluationRounds_InvalidQuestions(uint256 questions, uint256 most);
    /// @notice Commit to a salt with `assignmentHashOf`.
    error EvaluationRounds_NoAssignment();
    /// @notice A CID of 1 to 100 bytes.
    error EvaluationRounds_InvalidDocument(uint256 bytes_);
    error EvaluationRounds_NotOpen(uint32 roundId, RoundStatus status);
    error EvaluationRounds_TooEarly(uint64 from);
    error EvaluationRounds_TooLate(uint64 until);
    /// @notice The account had no voting power a second before the round was opened.
    error EvaluationRounds_NoPower(address judge, uint64 timepoint);
    /// @notice Whoever opened the round knows which answer is whose.
    error EvaluationRounds_OwnRound(address opener);
    /// @notice The account has owned one of the two models since the round was opened.
    error EvaluationRounds_OwnModel(uint32 modelId, address judge);
    error EvaluationRounds_EmptyCommitment();
    /// @notice Not what the account committed to, or it showed that already.
    error EvaluationRounds_WrongReveal(bytes32 given, bytes32 committed);
    /// @notice Every question takes left, right or tie, and nothing may follow the last.
    error EvaluationRounds_InvalidBallot(uint256 ballot, uint256 questions);
    error EvaluationRounds_WrongSalt(bytes32 given, bytes32 committed);
    error EvaluationRounds_NothingToReturn(uint32 roundId);

    /// @notice Opens a round with the caller's bond. Anybody.
    function open(
        RoundOpening calldata opening
    ) external returns (uint32 roundId);

    /// @notice Opens a round without a bond. A decision of the models' kind.
    function openDecided(
        RoundOpening calldata opening
    ) external returns (uint32 roundId);

    /// @notice Commits to a judgement; again to change it, until `commitEnd`. Neither the opener nor an owner of the models.
    /// @param commitment `commitmentOf` of the caller's ballot
    function commit(
        uint32 roundId,
        bytes32 commitment
    ) external;

    /// @notice Shows the caller's ballot, after `commitEnd` until `revealEnd`.
    function reveal(
        uint32 roundId,
        uint256 ballot,
        bytes32 salt
    ) external;

    /// @notice Shows which answer was whose, and scores the round, after `revealEnd` until `assignmentEnd`. Anybody who knows
    ///         the salt.
    function score(
        uint32 roundId,
        bytes32 salt
    ) external;

    /// @notice Ends a round whose assignment was known while there was judging: it was not blind. Anybody who knows the salt,
    ///         until `commitEnd`.
    function reportLeak(
        uint32 roundId,
        bytes32 salt
    ) external;

    /// @notice Ends a round whose assignment nobody showed until `assignmentEnd`. Anybody.
    function expire(
        uint32 roundId
    ) external;

    /// @notice Takes a round out of the standings, whose document was not what the two releases answer. A decision of the
    ///         models' kind, at any time; the bond that still lies here is the treasury's.
    function strike(
        uint32 roundId,
        string calldata reason
    ) external;

    /// @notice Pays the bond of a round that ended well back to its opener, once it can no longer be forfeited. Anybody.
    function returnBond(
        uint32 roundId
    ) external;

    function roundCount() external view returns (uint32);
    function round(
        uint32 roundId
    ) external view returns (Round memory);
    /// @return commitEnd Unix seconds, the last second of each period
    function periodsOf(
        uint32 roundId
    ) external view returns (uint64 commitEnd, uint64 revealEnd, uint64 assignmentEnd);
    /// @return of all questions in order: the power that chose left, less what chose right
    function leadsOf(
        uint32 roundId
    ) external view returns (int64[] memory);
    /// @return 0 if there is none, or it was shown
    function commitmentBy(
        uint32 roundId,
        address judge
    ) external view returns (bytes32);
    function standingOf(
        uint32 modelId
    ) external view returns (Standing memory);
    function settings() external view returns (RoundSettings memory);
    /// @return what `commit` takes: bound to chain, contract, round and judge, so that nobody can use another's
    function commitmentOf(
        uint32 roundId,
        address judge,
        uint256 ballot,
        bytes32 salt
    ) external view returns (bytes32);
    /// @return what an opening names
    function assignmentHashOf(
        bytes32 salt
    ) external pure returns (bytes32);
}
