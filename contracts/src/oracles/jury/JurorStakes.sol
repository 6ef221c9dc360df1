// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {StakeTree} from "../../libraries/StakeTree.sol";
import {Juror, JurySettings} from "../../types/Jury.sol";
import {IJury} from "../IJury.sol";
import {JuryState} from "./JuryState.sol";

/// @notice What jurors have staked, the weights they are drawn by, and money that waits to be fetched.
abstract contract JurorStakes is IJury, JuryState {
    using SafeERC20 for IERC20;
    using StakeTree for StakeTree.Tree;

    /// @inheritdoc IJury
    function stake(
        uint96 amount
    ) external {
        if (amount == 0) revert Jury_ZeroAmount();
        Juror storage j = _jury().jurors[msg.sender];
        uint96 before = j.stake;
        uint96 after_ = before + amount;
        if (after_ < _minimumStake) revert Jury_BelowMinimum(after_, _minimumStake);
        j.stake = after_;
        _weigh(msg.sender, before, after_);
        emit JurorStaked(msg.sender, msg.sender, amount, after_);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IJury
    function unstake(
        uint96 amount
    ) external {
        if (amount == 0) revert Jury_ZeroAmount();
        Juror storage j = _jury().jurors[msg.sender];
        uint96 before = j.stake;
        uint96 free = before - j.locked;
        if (amount > free) revert Jury_BeyondFreeStake(amount, free);
        // As long as a case can last: who is drawn by this stake still has it when the case ends.
        uint64 leavesAt = uint64(block.timestamp) + 2 * (_drawPeriod + _commitPeriod + _revealPeriod);
        j.stake = before - amount;
        j.leaving += amount;
        j.leavesAt = leavesAt;
        _weigh(msg.sender, before, before - amount);
        emit JurorUnstaked(msg.sender, amount, before - amount, j.leaving, leavesAt);
    }

    /// @inheritdoc IJury
    function withdrawStake(
        address account
    ) external {
        Juror storage j = _jury().jurors[account];
        uint96 amount = j.leaving;
        if (amount == 0) revert Jury_NothingToWithdraw(account);
        if (block.timestamp < j.leavesAt) revert Jury_StillLeaving(j.leavesAt);
        (j.leaving, j.leavesAt) = (0, 0);
        emit JurorStakeWithdrawn(account, amount, msg.sender);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IJury
    function withdraw(
        address account
    ) external {
        JuryStorage storage $ = _jury();
        uint96 amount = $.credits[account];
        if (amount == 0) revert Jury_NothingToWithdraw(account);
        $.credits[account] = 0;
        emit CreditWithdrawn(account, amount, msg.sender);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IJury
    function credit(
        address account
    ) external view returns (uint96) {
        return _jury().credits[account];
    }

    /// @inheritdoc IJury
    function settings() external view returns (JurySettings memory) {
        return JurySettings({
            minimumStake: _minimumStake,
            noShowPenalty: _noShowPenalty,
            bond: _bond,
            seats: _seats,
            drawPeriod: _drawPeriod,
            commitPeriod: _commitPeriod,
            revealPeriod: _revealPeriod,
            filingPeriod: _filingPeriod,
            samplingPeriod: _samplingPeriod,
            answerPeriod: _answerPeriod
        });
    }

    /// @inheritdoc IJury
    function juror(
        address account
    ) external view returns (Juror memory) {
        return _jury().jurors[account];
    }

    /// @inheritdoc IJury
    function activeJurors() external view returns (uint32) {
        return _jury().activeJurors;
    }

    /// @dev Takes the penalty out of a juror's stake, and the duty off it.
    function _penalise(
        address account
    ) internal returns (uint96 after_) {
        Juror storage j = _jury().jurors[account];
        uint96 before = j.stake;
        after_ = before - _noShowPenalty;
        j.stake = after_;
        j.locked -= _noShowPenalty;
        _weigh(account, before, after_);
    }

    /// @dev Stake below the minimum weighs nothing.
    function _weigh(
        address account,
        uint96 before,
        uint96 after_
    ) private {
        JuryStorage storage $ = _jury();
        (bool was, bool is_) = (before >= _minimumStake, after_ >= _minimumStake);
        if (!was && !is_) return;
        Juror storage j = $.jurors[account];
        if (j.slot == 0) {
            uint32 slot = $.tree.add();
            $.jurorAt[slot] = account;
            j.slot = slot + 1;
        }
        if (was != is_) $.activeJurors = is_ ? $.activeJurors + 1 : $.activeJurors - 1;
        $.tree.set(j.slot - 1, is_ ? after_ : 0);
    }
}
