// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOpenToken} from "../../token/IOpenToken.sol";
import {CaseStatus, JuryCase, Question, Seat, Vote} from "../../types/Jury.sol";
import {IJury} from "../IJury.sol";
import {JuryRounds} from "./JuryRounds.sol";

/// @notice The end of a round, and who is paid and who pays.
abstract contract JuryVerdicts is JuryRounds {
    /// @dev What a verdict moves.
    struct Sums {
        uint96 slashed;
        uint96 bounty;
        uint96 jurors;
        uint96 compensation;
    }

    /// @inheritdoc IJury
    function decide(
        uint32 caseId
    ) external {
        JuryCase storage c = _openCase(caseId);
        _requireRoundOver(c);
        (uint16 guilty, uint16 innocent, uint16 half) = (c.guilty, c.innocent, c.seats / 2);
        // slither-disable-next-line uninitialized-local (sums start at 0)
        Sums memory sums;
        sums.jurors = _endDuties(caseId, c.round);
        // More than half of the seats, not of the votes: who keeps others from voting decides nothing by that.
        if (guilty > half) {
            c.status = CaseStatus.Guilty;
            // slither-disable-next-line reentrancy-no-eth (registry and token are this project's own and call nobody)
            _convict(caseId, c, sums);
            _reward(caseId, c.round, Vote.Guilty, guilty, sums.jurors);
        } else if (innocent > half) {
            c.status = CaseStatus.Innocent;
            uint96 toAccused = c.bond / 2;
            sums.jurors += c.bond - toAccused;
            _give(c.accused, toAccused);
            _reward(caseId, c.round, Vote.Innocent, innocent, sums.jurors);
        } else {
            // slither-disable-next-line reentrancy-no-eth (registry and token are this project's own and call nobody)
            _reward(caseId, c.round, Vote.None, guilty + innocent, sums.jurors);
            if (c.round == 1) return _drawAgain(caseId, c);
            c.status = CaseStatus.Dismissed;
            _jury().judged[c.subject] = false;
            _give(c.filer, c.bond);
        }
        c.decidedAt = uint64(block.timestamp);
        --_jury().openCases[c.target];
        emit CaseDecided(
            caseId, c.status, guilty, innocent, sums.slashed, sums.bounty, sums.jurors, sums.compensation, msg.sender
        );
    }

    /// @dev All jurors have revealed, or the clock has run out.
    function _requireRoundOver(
        JuryCase storage c
    ) private view {
        uint64 end;
        if (c.drawnAt == 0) {
            end = c.roundStartedAt + _drawPeriod;
        } else {
            if (c.drawn != 0 && c.guilty + c.innocent == c.drawn) return;
            end = c.drawnAt + _commitPeriod + _revealPeriod;
        }
        if (block.timestamp <= end) revert Jury_TooEarly(end + 1);
    }

    /// @dev Frees those who revealed and takes the penalty from the others, committed or not.
    /// @return penalties of all of them
    function _endDuties(
        uint32 caseId,
        uint8 round
    ) private returns (uint96 penalties) {
        JuryStorage storage $ = _jury();
        address[] storage drawn = $.drawn[caseId][round];
        for (uint256 i = 0; i < drawn.length; ++i) {
            address account = drawn[i];
            if ($.seats[caseId][round][account].vote != Vote.None) {
                $.jurors[account].locked -= _noShowPenalty;
            } else {
                penalties += _noShowPenalty;
                emit NoShowPenalised(caseId, account, round, _noShowPenalty, _penalise(account));
            }
        }
    }

    /// @dev Slashes a fixed amount, never twice for the same thing.
    function _convict(
        uint32 caseId,
        JuryCase storage c,
        Sums memory sums
    ) private {
        JuryStorage storage $ = _jury();
        _give(c.filer, c.bond);
        if ($.slashed[c.object]) return;
        $.slashed[c.object] = true;
        uint96 amount = registry.minimumStake();
        if (c.fee > amount / FEE_FACTOR) amount = FEE_FACTOR * c.fee;
        // slither-disable-next-line reentrancy-no-eth (registry and token are this project's own and call nobody)
        uint96 slashed = registry.seize(c.accused, amount);
        if (slashed == 0) return;
        sums.slashed = slashed;
        sums.bounty = uint96(slashed * FILER_BPS / BPS);
        uint96 toJurors = uint96(slashed * JURORS_BPS / BPS);
        sums.jurors += toJurors;
        sums.compensation = uint96(slashed * COMPENSATION_BPS / BPS);
        _give(c.filer, sums.bounty);
        _compensate(caseId, c, sums.compensation);
        IOpenToken(address(token)).burn(slashed - sums.bounty - toJurors - sums.compensation);
    }

    /// @dev A payer gets back what it paid for a false output; the rest waits for the release's datanets.
    function _compensate(
        uint32 caseId,
        JuryCase storage c,
        uint96 amount
    ) private {
        if (c.question == Question.Output) {
            uint96 toPayer = c.fee < amount ? c.fee : amount;
            amount -= toPayer;
            _give(c.payer, toPayer);
            emit PayerCompensated(caseId, c.payer, toPayer);
        }
        c.compensation = amount;
    }

    /// @dev Divides `pot` among those of the round who voted so (None: whoever voted), and burns what is left over.
    function _reward(
        uint32 caseId,
        uint8 round,
        Vote side,
        uint16 winners,
        uint96 pot
    ) private {
        if (pot == 0) return;
        uint96 share = winners == 0 ? 0 : pot / winners;
        // slither-disable-next-line divide-before-multiply (what an equal division leaves is burned)
        uint96 rest = pot - share * winners;
        if (rest != 0) IOpenToken(address(token)).burn(rest);
        if (share == 0) return;
        JuryStorage storage $ = _jury();
        address[] storage drawn = $.drawn[caseId][round];
        for (uint256 i = 0; i < drawn.length; ++i) {
            address account = drawn[i];
            Vote vote = $.seats[caseId][round][account].vote;
            if (vote == Vote.None || (side != Vote.None && vote != side)) continue;
            _give(account, share);
            emit JurorRewarded(caseId, account, round, share);
        }
    }

    function _drawAgain(
        uint32 caseId,
        JuryCase storage c
    ) private {
        (uint16 guilty, uint16 innocent) = (c.guilty, c.innocent);
        c.round = 2;
        c.seats = 2 * c.seats;
        (c.drawn, c.guilty, c.innocent) = (0, 0, 0);
        c.drawnAt = 0;
        c.roundStartedAt = uint64(block.timestamp);
        c.seedBlock = uint64(block.number) + SEED_DELAY;
        emit RoundFailed(caseId, guilty, innocent, c.seats, c.seedBlock, c.roundStartedAt + _drawPeriod, msg.sender);
    }
}
