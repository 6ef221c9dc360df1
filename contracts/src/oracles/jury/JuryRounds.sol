// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StakeTree} from "../../libraries/StakeTree.sol";
import {Juror, JuryCase, Seat, Vote} from "../../types/Jury.sol";
import {IJury} from "../IJury.sol";
import {JuryCases} from "./JuryCases.sol";

/// @notice A round of a case: drawing jurors by their stake, and their commitments and votes.
abstract contract JuryRounds is JuryCases {
    using StakeTree for StakeTree.Tree;

    /// @dev Accounts beyond the seats that a draw passes over: the accused's, the filer, who has left meanwhile.
    uint256 private constant MAX_PASSED_OVER = 16;

    /// @dev A span of the stake that is taken already.
    struct Span {
        uint256 start;
        uint256 length;
    }

    /// @inheritdoc IJury
    function draw(
        uint32 caseId
    ) external {
        JuryCase storage c = _openCase(caseId);
        if (c.drawnAt != 0) revert Jury_AlreadyDrawn(caseId);
        uint64 drawBy = c.roundStartedAt + _drawPeriod;
        if (block.timestamp > drawBy) revert Jury_TooLate(drawBy);
        bytes32 seed = keccak256(abi.encode(_seedOf(c.seedBlock), caseId, c.round));
        c.drawnAt = uint64(block.timestamp);
        c.drawn = _seat(caseId, c, seed);
        uint64 commitBy = c.drawnAt + _commitPeriod;
        emit RoundDrawn(caseId, c.round, seed, c.drawn, commitBy, commitBy + _revealPeriod, msg.sender);
    }

    /// @inheritdoc IJury
    function commitVote(
        uint32 caseId,
        bytes32 commitment
    ) external {
        if (commitment == 0) revert Jury_EmptyCommitment();
        JuryCase storage c = _openCase(caseId);
        Seat storage seat = _seatOfCaller(caseId, c);
        uint64 commitBy = c.drawnAt + _commitPeriod;
        if (block.timestamp > commitBy) revert Jury_TooLate(commitBy);
        seat.commitment = commitment;
        emit VoteCommitted(caseId, msg.sender, c.round, commitment);
    }

    /// @inheritdoc IJury
    function revealVote(
        uint32 caseId,
        Vote vote,
        bytes32 salt
    ) external {
        JuryCase storage c = _openCase(caseId);
        Seat storage seat = _seatOfCaller(caseId, c);
        uint64 commitBy = c.drawnAt + _commitPeriod;
        if (block.timestamp <= commitBy) revert Jury_TooEarly(commitBy + 1);
        uint64 revealBy = commitBy + _revealPeriod;
        if (block.timestamp > revealBy) revert Jury_TooLate(revealBy);
        if (seat.vote != Vote.None) revert Jury_AlreadyRevealed(caseId, msg.sender);
        bytes32 given = commitmentOf(caseId, c.round, msg.sender, vote, salt);
        // An empty vote is none: it cannot be sold as one.
        if (vote == Vote.None || given != seat.commitment) revert Jury_WrongVote(given, seat.commitment);
        seat.vote = vote;
        if (vote == Vote.Guilty) ++c.guilty;
        else ++c.innocent;
        emit VoteRevealed(caseId, msg.sender, c.round, vote);
    }

    /// @inheritdoc IJury
    function jurorsOf(
        uint32 caseId,
        uint8 round
    ) external view returns (address[] memory) {
        return _jury().drawn[caseId][round];
    }

    /// @inheritdoc IJury
    function seatOf(
        uint32 caseId,
        uint8 round,
        address account
    ) external view returns (Seat memory) {
        return _jury().seats[caseId][round][account];
    }

    /// @inheritdoc IJury
    function commitmentOf(
        uint32 caseId,
        uint8 round,
        address account,
        Vote vote,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), caseId, round, account, vote, salt));
    }

    /// @dev Each account is drawn at most once: its span of the stake is left out of what the next one is drawn from.
    function _seat(
        uint32 caseId,
        JuryCase storage c,
        bytes32 seed
    ) private returns (uint16 drawn) {
        JuryStorage storage $ = _jury();
        uint48 when = uint48(c.filedAt - 1);
        uint256 left = $.tree.total(when);
        uint16 seats = c.seats;
        Span[] memory taken = new Span[](seats + MAX_PASSED_OVER);
        for (uint256 n = 0; n < taken.length && drawn < seats && left != 0; ++n) {
            // slither-disable-next-line weak-prng (the seed is of a block fixed beforehand; 2^256 hides the bias)
            uint256 position = uint256(keccak256(abi.encode(seed, n))) % left;
            for (uint256 i = 0; i < n && position >= taken[i].start; ++i) {
                position += taken[i].length;
            }
            (uint32 slot, uint256 start, uint256 length) = $.tree.find(position, when);
            left -= length;
            _insert(taken, n, Span(start, length));
            if (_swear(caseId, c, $.jurorAt[slot])) ++drawn;
        }
    }

    /// @return whether the account takes the seat
    function _swear(
        uint32 caseId,
        JuryCase storage c,
        address account
    ) private returns (bool) {
        if (account == c.accused || account == c.filer || registry.operatorOf(account) == c.accused) return false;
        JuryStorage storage $ = _jury();
        Juror storage j = $.jurors[account];
        if (j.stake - j.locked < _noShowPenalty) return false;
        j.locked += _noShowPenalty;
        uint8 round = c.round;
        $.drawn[caseId][round].push(account);
        $.seats[caseId][round][account].drawn = true;
        emit JurorDrawn(caseId, account, round, _noShowPenalty);
        return true;
    }

    /// @dev Keeps the first `n` and the new one in order of their starts.
    function _insert(
        Span[] memory spans,
        uint256 n,
        Span memory span
    ) private pure {
        for (; n != 0 && spans[n - 1].start > span.start; --n) {
            spans[n] = spans[n - 1];
        }
        spans[n] = span;
    }

    function _seatOfCaller(
        uint32 caseId,
        JuryCase storage c
    ) private view returns (Seat storage seat) {
        if (c.drawnAt == 0) revert Jury_NotDrawn(caseId);
        seat = _jury().seats[caseId][c.round][msg.sender];
        if (!seat.drawn) revert Jury_NotJuror(caseId, msg.sender);
    }
}
