// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {JuryCase, Seat, Vote} from "../../types/Jury.sol";
import {IJury} from "../IJury.sol";
import {JuryCases} from "./JuryCases.sol";

/// @notice A round of a case: the commitments and votes of those who were drawn.
abstract contract JuryRounds is JuryCases {
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

    function _seatOfCaller(
        uint32 caseId,
        JuryCase storage c
    ) private view returns (Seat storage seat) {
        if (c.drawnAt == 0) revert Jury_NotDrawn(caseId);
        seat = _jury().seats[caseId][c.round][msg.sender];
        if (!seat.drawn) revert Jury_NotJuror(caseId, msg.sender);
    }
}
