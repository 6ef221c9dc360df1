// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {AccusedReceipt, CaseStatus, Juror, JuryCase, Question, Seat, Vote} from "../../src/types/Jury.sol";
import {DatanetUse} from "../../src/types/Release.sol";

/// @notice People who stake, accuse, vote, stay away and fetch their money, in any order.
contract JuryHandler is Test {
    Jury private immutable jury;
    address private immutable filer;
    address[] private jurors;
    DatanetUse[] private uses;
    AccusedReceipt[] private accused;

    uint256 public filed;
    uint256 public decided;

    constructor(
        Jury jury_,
        address filer_,
        address[] memory jurors_,
        DatanetUse[] memory uses_
    ) {
        jury = jury_;
        filer = filer_;
        jurors = jurors_;
        for (uint256 i = 0; i < uses_.length; ++i) {
            uses.push(uses_[i]);
        }
    }

    /// @dev A receipt that may be asked about.
    function add(
        AccusedReceipt calldata a
    ) external {
        accused.push(a);
    }

    function stake(
        uint256 who,
        uint96 amount
    ) external {
        vm.prank(jurors[who % jurors.length]);
        jury.stake(uint96(bound(amount, 100e18, 300e18)));
    }

    function unstake(
        uint256 who,
        uint96 amount
    ) external {
        address account = jurors[who % jurors.length];
        Juror memory j = jury.juror(account);
        if (j.stake == j.locked) return;
        vm.prank(account);
        jury.unstake(uint96(bound(amount, 1, j.stake - j.locked)));
    }

    function withdrawStake(
        uint256 who
    ) external {
        address account = jurors[who % jurors.length];
        Juror memory j = jury.juror(account);
        if (j.leaving != 0 && block.timestamp >= j.leavesAt) jury.withdrawStake(account);
    }

    function withdraw(
        uint256 who
    ) external {
        address account = who % 4 == 0 ? filer : jurors[who % jurors.length];
        if (jury.credit(account) != 0) jury.withdraw(account);
    }

    function file(
        uint256 which,
        bool query
    ) external {
        AccusedReceipt memory a = accused[which % accused.length];
        if (jury.activeJurors() < jury.settings().seats) return;
        vm.prank(filer);
        try jury.fileReceipt(query ? Question.Query : Question.Output, a, type(uint96).max, "") {
            ++filed;
        } catch (bytes memory reason) {
            // judged or slashed before, or eight are open
            bytes4 error = bytes4(reason);
            assertTrue(
                error == IJuryEvents.Jury_AlreadyJudged.selector || error == IJuryEvents.Jury_AlreadySlashed.selector
                    || error == IJuryEvents.Jury_TooManyCases.selector
            );
        }
    }

    function draw(
        uint256 which
    ) external {
        (uint32 id, JuryCase memory c) = _pick(which);
        if (c.status != CaseStatus.Open || c.drawnAt != 0) return;
        if (block.timestamp > c.roundStartedAt + jury.settings().drawPeriod || block.number <= c.seedBlock) return;
        jury.draw(id);
    }

    /// @dev Each of the drawn does something: even seeds stay away more.
    function vote(
        uint256 which,
        uint256 acts
    ) external {
        (uint32 id, JuryCase memory c) = _pick(which);
        if (c.status != CaseStatus.Open || c.drawnAt == 0) return;
        uint64 commitBy = c.drawnAt + jury.settings().commitPeriod;
        if (block.timestamp > commitBy + jury.settings().revealPeriod) return;
        address[] memory drawn = jury.jurorsOf(id, c.round);
        for (uint256 i = 0; i < drawn.length; ++i) {
            Vote vote_ = Vote((acts >> (2 * i)) % 4 == 0 ? 0 : (acts >> (2 * i)) % 4 == 3 ? 1 : (acts >> (2 * i)) % 4);
            if (vote_ == Vote.None) continue;
            Seat memory seat = jury.seatOf(id, c.round, drawn[i]);
            if (block.timestamp <= commitBy) {
                bytes32 commitment = jury.commitmentOf(id, c.round, drawn[i], vote_, "salt");
                vm.prank(drawn[i]);
                jury.commitVote(id, commitment);
            } else if (seat.vote == Vote.None && seat.commitment != 0) {
                bool guilty = seat.commitment == jury.commitmentOf(id, c.round, drawn[i], Vote.Guilty, "salt");
                vm.prank(drawn[i]);
                jury.revealVote(id, guilty ? Vote.Guilty : Vote.Innocent, "salt");
            }
        }
    }

    function decide(
        uint256 which
    ) external {
        (uint32 id, JuryCase memory c) = _pick(which);
        if (c.status != CaseStatus.Open) return;
        uint64 end = c.drawnAt == 0
            ? c.roundStartedAt + jury.settings().drawPeriod
            : c.drawnAt + jury.settings().commitPeriod + jury.settings().revealPeriod;
        bool all = c.drawn != 0 && c.guilty + c.innocent == c.drawn;
        if (block.timestamp <= end && !all) return;
        jury.decide(id);
        ++decided;
    }

    function compensate(
        uint256 which,
        uint256 index
    ) external {
        (uint32 id, JuryCase memory c) = _pick(which);
        if (c.compensation < uses.length) return;
        try jury.compensate(id, uses, index % uses.length) {}
        catch (bytes memory reason) {
            assertEq(bytes4(reason), IJuryEvents.Jury_AlreadyCompensated.selector);
        }
    }

    function pass(
        uint256 seconds_
    ) external {
        seconds_ = bound(seconds_, 1, 45);
        vm.warp(block.timestamp + seconds_);
        vm.roll(block.number + seconds_);
    }

    function _pick(
        uint256 which
    ) private view returns (uint32 id, JuryCase memory c) {
        uint32 count = jury.caseCount();
        if (count == 0) return (0, c);
        id = uint32(which % count) + 1;
        c = jury.caseOf(id);
    }
}
