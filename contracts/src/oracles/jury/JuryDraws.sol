// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StakeTree} from "../../libraries/StakeTree.sol";
import {Juror, JuryCase} from "../../types/Jury.sol";
import {JuryState} from "./JuryState.sol";

/// @notice Drawing the jurors of a round by their stake.
abstract contract JuryDraws is JuryState {
    using StakeTree for StakeTree.Tree;

    /// @dev Accounts beyond the seats that a draw passes over: the accused's, the filer, who has left meanwhile.
    uint256 private constant MAX_PASSED_OVER = 16;

    /// @dev A span of the stake that is taken already.
    struct Span {
        uint256 start;
        uint256 length;
    }

    /// @notice See IJury.
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
}
