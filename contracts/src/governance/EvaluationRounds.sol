// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Standings} from "../libraries/Standings.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {Round, RoundOpening, RoundSettings, RoundStatus, Standing} from "../types/Rounds.sol";
import {IEvaluationRounds} from "./IEvaluationRounds.sol";

/// @title EvaluationRounds
/// @notice Two releases judged blind by voting power, and where their models stand after it. It holds openers' bonds only.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | openDecided      | models' timelock         |
///      | strike           | models' timelock         |
///      | upgradeToAndCall | upgrade timelock (admin) |
contract EvaluationRounds is AccessManagedUpgradeable, UUPSUpgradeable, IEvaluationRounds {
    using SafeERC20 for IERC20;

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_CID = 100; // bytes, which any CID in use is shorter than

    IERC20 public immutable token;
    IVotes public immutable power;
    IModelRegistry public immutable models;
    address public immutable treasury;
    uint96 private immutable _bond;
    uint64 private immutable _commitPeriod;
    uint64 private immutable _revealPeriod;
    uint64 private immutable _assignmentPeriod;
    uint64 private immutable _contestPeriod;
    uint16 private immutable _quorumBps;

    /// @custom:storage-location erc7201:openledger.storage.EvaluationRounds
    struct EvaluationRoundsStorage {
        mapping(uint32 roundId => Round) rounds;
        mapping(uint32 roundId => int64[]) leads; // four questions a slot
        mapping(uint32 roundId => mapping(address judge => bytes32)) commitments;
        mapping(uint32 modelId => Standing) standings;
        uint32 count;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.EvaluationRounds")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant EVALUATION_ROUNDS_STORAGE =
        0x95fbab25ee0d24fec81bd9960ea1b5c66595064ce76796826748a85412c3e600;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        IVotes power_,
        IModelRegistry models_,
        address treasury_,
        RoundSettings memory settings_
    ) {
        token = token_;
        power = power_;
        models = models_;
        treasury = treasury_;
        _bond = settings_.bond;
        _commitPeriod = settings_.commitPeriod;
        _revealPeriod = settings_.revealPeriod;
        _assignmentPeriod = settings_.assignmentPeriod;
        _contestPeriod = settings_.contestPeriod;
        _quorumBps = settings_.quorumBps;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IEvaluationRounds
    function open(
        RoundOpening calldata opening
    ) external returns (uint32 roundId) {
        roundId = _open(opening, _bond);
        token.safeTransferFrom(msg.sender, address(this), _bond);
    }

    /// @inheritdoc IEvaluationRounds
    function openDecided(
        RoundOpening calldata opening
    ) external restricted returns (uint32 roundId) {
        roundId = _open(opening, 0);
    }

    /// @inheritdoc IEvaluationRounds
    function commit(
        uint32 roundId,
        bytes32 commitment
    ) external {
        Round storage r = _requireOpen(roundId);
        (uint64 commitEnd,,) = _periods(r);
        if (block.timestamp > commitEnd) revert EvaluationRounds_TooLate(commitEnd);
        if (commitment == 0) revert EvaluationRounds_EmptyCommitment();
        if (msg.sender == r.opener) revert EvaluationRounds_OwnRound(r.opener);
        _requireStranger(r.modelA, r.openedAt);
        _requireStranger(r.modelB, r.openedAt);
        if (_powerOf(msg.sender, r) == 0) revert EvaluationRounds_NoPower(msg.sender, r.openedAt - 1);
        _rounds().commitments[roundId][msg.sender] = commitment;
        emit JudgementCommitted(roundId, msg.sender, commitment);
    }

    /// @inheritdoc IEvaluationRounds
    function reveal(
        uint32 roundId,
        uint256 ballot,
        bytes32 salt
    ) external {
        Round storage r = _requireOpen(roundId);
        (uint64 commitEnd, uint64 revealEnd,) = _periods(r);
        _requireWithin(commitEnd, revealEnd);
        EvaluationRoundsStorage storage $ = _rounds();
        bytes32 given = commitmentOf(roundId, msg.sender, ballot, salt);
        bytes32 committed = $.commitments[roundId][msg.sender];
        if (given != committed) revert EvaluationRounds_WrongReveal(given, committed);
        if (!Ballots.isComplete(ballot, r.questions)) revert EvaluationRounds_InvalidBallot(ballot, r.questions);
        delete $.commitments[roundId][msg.sender];
        uint64 weight = SafeCast.toUint64(_powerOf(msg.sender, r));
        int64[] storage leads = $.leads[roundId];
        for (uint256 i = 0; i < r.questions; ++i) {
            leads[i] += Ballots.lead(ballot, i) * int64(weight); // 1e18 in all, which int64 holds
        }
        r.power += weight;
        ++r.judges;
        emit JudgementRevealed(roundId, msg.sender, ballot, weight);
    }

    /// @inheritdoc IEvaluationRounds
    function score(
        uint32 roundId,
        bytes32 salt
    ) external {
        Round storage r = _requireOpen(roundId);
        (, uint64 revealEnd, uint64 assignmentEnd) = _periods(r);
        _requireWithin(revealEnd, assignmentEnd);
        _requireSalt(r, salt);
        r.closedAt = uint64(block.timestamp);
        uint256 quorum = power.getPastTotalSupply(r.openedAt - 1) * _quorumBps / BPS;
        r.status = r.power > 0 && r.power >= quorum ? RoundStatus.Scored : RoundStatus.NoQuorum;
        if (r.status == RoundStatus.Scored) _score(roundId, r, salt);
        emit RoundScored(roundId, r.status, salt, r.scoreA, r.judges, r.power, r.gained, msg.sender);
    }

    /// @inheritdoc IEvaluationRounds
    function reportLeak(
        uint32 roundId,
        bytes32 salt
    ) external {
        Round storage r = _requireOpen(roundId);
        (uint64 commitEnd,,) = _periods(r);
        if (block.timestamp > commitEnd) revert EvaluationRounds_TooLate(commitEnd);
        _requireSalt(r, salt);
        _void(roundId, r, RoundStatus.Leaked);
    }

    /// @inheritdoc IEvaluationRounds
    function expire(
        uint32 roundId
    ) external {
        Round storage r = _requireOpen(roundId);
        (,, uint64 assignmentEnd) = _periods(r);
        if (block.timestamp <= assignmentEnd) revert EvaluationRounds_TooEarly(assignmentEnd + 1);
        _void(roundId, r, RoundStatus.Withheld);
    }

    /// @inheritdoc IEvaluationRounds
    function strike(
        uint32 roundId,
        string calldata reason
    ) external restricted {
        Round storage r = _rounds().rounds[roundId];
        RoundStatus status = r.status;
        if (status != RoundStatus.Open && status != RoundStatus.Scored) {
            revert EvaluationRounds_NotOpen(roundId, status);
        }
        if (status == RoundStatus.Scored && r.modelA != r.modelB) _move(roundId, r, -r.gained, false);
        r.status = RoundStatus.Struck;
        r.closedAt = uint64(block.timestamp);
        emit RoundStruck(roundId, r.bond, msg.sender, reason);
        _pay(r, treasury);
    }

    /// @inheritdoc IEvaluationRounds
    function returnBond(
        uint32 roundId
    ) external {
        Round storage r = _rounds().rounds[roundId];
        bool endedWell = r.status == RoundStatus.Scored || r.status == RoundStatus.NoQuorum;
        if (!endedWell || r.bond == 0) revert EvaluationRounds_NothingToReturn(roundId);
        uint64 contestEnd = r.closedAt + _contestPeriod;
        if (block.timestamp <= contestEnd) revert EvaluationRounds_TooEarly(contestEnd + 1);
        emit BondReturned(roundId, r.opener, r.bond);
        _pay(r, r.opener);
    }

    /// @inheritdoc IEvaluationRounds
    function roundCount() external view returns (uint32) {
        return _rounds().count;
    }

    /// @inheritdoc IEvaluationRounds
    function round(
        uint32 roundId
    ) external view returns (Round memory) {
        return _rounds().rounds[roundId];
    }

    /// @inheritdoc IEvaluationRounds
    function periodsOf(
        uint32 roundId
    ) external view returns (uint64 commitEnd, uint64 revealEnd, uint64 assignmentEnd) {
        return _periods(_rounds().rounds[roundId]);
    }

    /// @inheritdoc IEvaluationRounds
    function leadsOf(
        uint32 roundId
    ) external view returns (int64[] memory) {
        return _rounds().leads[roundId];
    }

    /// @inheritdoc IEvaluationRounds
    function commitmentBy(
        uint32 roundId,
        address judge
    ) external view returns (bytes32) {
        return _rounds().commitments[roundId][judge];
    }

    /// @inheritdoc IEvaluationRounds
    function standingOf(
        uint32 modelId
    ) public view returns (Standing memory) {
        return _rounds().standings[modelId];
    }

    /// @inheritdoc IEvaluationRounds
    function settings() external view returns (RoundSettings memory) {
        return RoundSettings(_bond, _commitPeriod, _revealPeriod, _assignmentPeriod, _contestPeriod, _quorumBps);
    }

    /// @inheritdoc IEvaluationRounds
    function commitmentOf(
        uint32 roundId,
        address judge,
        uint256 ballot,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), roundId, judge, ballot, salt));
    }

    /// @inheritdoc IEvaluationRounds
    function assignmentHashOf(
        bytes32 salt
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(salt));
    }

    function _open(
        RoundOpening calldata opening,
        uint96 bond
    ) private returns (uint32 roundId) {
        if (opening.releaseA == opening.releaseB) revert EvaluationRounds_SameRelease(opening.releaseA);
        if (opening.questions == 0 || opening.questions > Ballots.MAX_QUESTIONS) {
            revert EvaluationRounds_InvalidQuestions(opening.questions, Ballots.MAX_QUESTIONS);
        }
        if (opening.assignmentHash == 0) revert EvaluationRounds_NoAssignment();
        uint256 cid = bytes(opening.documentCid).length;
        if (cid == 0 || cid > MAX_CID) revert EvaluationRounds_InvalidDocument(cid);
        EvaluationRoundsStorage storage $ = _rounds();
        roundId = ++$.count;
        Round storage r = $.rounds[roundId];
        (r.opener, r.openedAt, r.status) = (msg.sender, uint64(block.timestamp), RoundStatus.Open);
        (r.questions, r.bond, r.assignmentHash) = (opening.questions, bond, opening.assignmentHash);
        (r.releaseA, r.releaseB) = (opening.releaseA, opening.releaseB);
        (r.modelA, r.modelB) = (_modelOf(opening.releaseA), _modelOf(opening.releaseB));
        $.leads[roundId] = new int64[](opening.questions);
        _announce(roundId, r, opening);
    }

    function _announce(
        uint32 roundId,
        Round storage r,
        RoundOpening calldata opening
    ) private {
        (uint64 commitEnd, uint64 revealEnd, uint64 assignmentEnd) = _periods(r);
        emit RoundOpened(
            roundId,
            msg.sender,
            opening.releaseA,
            opening.releaseB,
            opening.questions,
            opening.assignmentHash,
            opening.documentCid,
            r.bond,
            commitEnd,
            revealEnd,
            assignmentEnd
        );
    }

    function _score(
        uint32 roundId,
        Round storage r,
        bytes32 salt
    ) private {
        r.scoreA = _scoreOfA(r, _rounds().leads[roundId], salt);
        if (r.modelA == r.modelB) return;
        r.gained = Standings.gain(int256(standingOf(r.modelA).points) - standingOf(r.modelB).points, r.scoreA);
        _move(roundId, r, r.gained, true);
    }

    /// @dev Ends a round without a score; its bond is the treasury's.
    function _void(
        uint32 roundId,
        Round storage r,
        RoundStatus status
    ) private {
        (r.status, r.closedAt) = (status, uint64(block.timestamp));
        emit RoundVoided(roundId, status, r.bond, msg.sender);
        _pay(r, treasury);
    }

    function _pay(
        Round storage r,
        address to
    ) private {
        uint96 bond = r.bond;
        r.bond = 0;
        if (bond != 0) token.safeTransfer(to, bond);
    }

    /// @param gained what A's model gains and B's loses, in hundredths of a point
    /// @param counts whether the round is counted, or taken out
    function _move(
        uint32 roundId,
        Round storage r,
        int64 gained,
        bool counts
    ) private {
        _moveOne(roundId, r.modelA, gained, counts);
        _moveOne(roundId, r.modelB, -gained, counts);
    }

    function _moveOne(
        uint32 roundId,
        uint32 modelId,
        int64 gained,
        bool counts
    ) private {
        Standing storage standing = _rounds().standings[modelId];
        standing.points += gained;
        standing.rounds = counts ? standing.rounds + 1 : standing.rounds - 1;
        emit StandingChanged(modelId, roundId, standing.points, standing.rounds);
    }

    /// @dev A's share of all judgements by power, ties in halves: (all + A's lead) / (2 · all). Rounds down, at most 0.01 %
    ///      in B's favour.
    function _scoreOfA(
        Round storage r,
        int64[] storage leads,
        bytes32 salt
    ) private view returns (uint16) {
        int256 lead = 0;
        for (uint256 i = 0; i < r.questions; ++i) {
            lead += Ballots.isLeftA(salt, i) ? leads[i] : -leads[i];
        }
        int256 all = int256(uint256(r.power) * r.questions);
        return uint16(uint256((all + lead) * int256(BPS) / (2 * all))); // at most 10,000
    }

    function _modelOf(
        bytes32 releaseHash
    ) private view returns (uint32 modelId) {
        modelId = models.modelOf(releaseHash);
        if (modelId == 0) revert EvaluationRounds_UnknownRelease(releaseHash);
    }

    /// @dev From the opening until now: who gives a model away to judge it is refused, too.
    function _requireStranger(
        uint32 modelId,
        uint64 openedAt
    ) private view {
        if (models.ownedBetween(modelId, msg.sender, openedAt, block.timestamp)) {
            revert EvaluationRounds_OwnModel(modelId, msg.sender);
        }
    }

    /// @dev As of before the opening: what is bought, moved or delegated once a round is known counts nothing in it.
    function _powerOf(
        address judge,
        Round storage r
    ) private view returns (uint256) {
        return power.getPastVotes(judge, r.openedAt - 1);
    }

    function _requireOpen(
        uint32 roundId
    ) private view returns (Round storage r) {
        r = _rounds().rounds[roundId];
        if (r.status != RoundStatus.Open) revert EvaluationRounds_NotOpen(roundId, r.status);
    }

    function _requireSalt(
        Round storage r,
        bytes32 salt
    ) private view {
        bytes32 given = assignmentHashOf(salt);
        if (given != r.assignmentHash) revert EvaluationRounds_WrongSalt(given, r.assignmentHash);
    }

    function _requireWithin(
        uint64 after_,
        uint64 until
    ) private view {
        if (block.timestamp <= after_) revert EvaluationRounds_TooEarly(after_ + 1);
        if (block.timestamp > until) revert EvaluationRounds_TooLate(until);
    }

    function _periods(
        Round storage r
    ) private view returns (uint64 commitEnd, uint64 revealEnd, uint64 assignmentEnd) {
        commitEnd = r.openedAt + _commitPeriod;
        revealEnd = commitEnd + _revealPeriod;
        assignmentEnd = revealEnd + _assignmentPeriod;
    }

    function _rounds() private pure returns (EvaluationRoundsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := EVALUATION_ROUNDS_STORAGE
        }
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
