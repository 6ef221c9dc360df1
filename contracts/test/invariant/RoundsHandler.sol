// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Round, RoundOpening, RoundStatus} from "../../src/types/Rounds.sol";
import {RoundsBase} from "../rounds/RoundsBase.sol";

/// @notice Rounds that are opened, judged, shown, withheld, leaked and struck while OPEN and delegation move about.
contract RoundsHandler is RoundsBase {
    address[3] internal judges;
    uint32 internal modelC;
    bytes32 internal releaseC;
    uint256 public scored;
    uint256 public bondsIn; // wei
    uint256 public returned;
    uint256 public forfeited;

    constructor() {
        setUp();
        judges = [alice, bob, provider];
        (modelC, releaseC) = releaseOf(operator, "c");
    }

    function open(
        uint256 pair,
        bool decided
    ) external {
        RoundOpening memory o = opening();
        if (pair % 3 == 0) o.releaseA = releaseC;
        if (pair % 3 == 1) o.releaseB = releaseC;
        if (decided) {
            vm.prank(at("ModelsTimelock"));
            rounds.openDecided(o);
        } else {
            vm.prank(mallory);
            rounds.open(o);
            bondsIn += s.bond;
        }
    }

    function judge(
        uint256 which,
        uint256 who,
        uint256 seed
    ) external {
        (uint32 id, address person) = _pick(which, who);
        uint256 ballot = ballotFor(SALT, QUESTIONS, seed % 3 + 1);
        bytes32 commitment = rounds.commitmentOf(id, person, ballot, "salt");
        vm.prank(person);
        try rounds.commit(id, commitment) {} catch {}
    }

    function show(
        uint256 which,
        uint256 who,
        uint256 seed
    ) external {
        (uint32 id, address person) = _pick(which, who);
        vm.prank(person);
        try rounds.reveal(id, ballotFor(SALT, QUESTIONS, seed % 3 + 1), "salt") {} catch {}
    }

    function score(
        uint256 which
    ) external {
        (uint32 id,) = _pick(which, 0);
        try rounds.score(id, SALT) {
            if (rounds.round(id).status == RoundStatus.Scored) ++scored;
        } catch {}
    }

    function end(
        uint256 which,
        uint256 how
    ) external {
        (uint32 id,) = _pick(which, 0);
        (uint256 bond, address opener) = (rounds.round(id).bond, rounds.round(id).opener);
        uint256 had = token.balanceOf(opener);
        bool done;
        if (how % 8 == 0) {
            vm.prank(at("ModelsTimelock"));
            (done,) = address(rounds).call(abi.encodeCall(rounds.strike, (id, "")));
        } else if (how % 8 == 1) {
            (done,) = address(rounds).call(abi.encodeCall(rounds.reportLeak, (id, SALT)));
        } else if (how % 2 == 0) {
            (done,) = address(rounds).call(abi.encodeCall(rounds.expire, (id)));
        } else {
            (done,) = address(rounds).call(abi.encodeCall(rounds.returnBond, (id)));
            if (done) {
                require(token.balanceOf(opener) == had + bond, "the bond is the opener's");
                returned += bond;
            }
            return;
        }
        if (done) forfeited += bond;
    }

    function move(
        uint256 from,
        uint256 to,
        uint96 amount
    ) external {
        address person = judges[from % 3];
        vm.startPrank(person);
        token.transfer(judges[to % 3], bound(amount, 0, token.balanceOf(person)));
        token.delegate(judges[to % 3]);
        vm.stopPrank();
    }

    function wait_(
        uint8 seconds_
    ) external {
        vm.warp(block.timestamp + seconds_);
    }

    /// @return wei that lie with the contract
    function held() external view returns (uint256) {
        return token.balanceOf(address(rounds));
    }

    /// @return sum wei that its rounds say they hold
    function stated() external view returns (uint256 sum) {
        for (uint32 id = 1; id <= rounds.roundCount(); ++id) {
            sum += rounds.round(id).bond;
        }
    }

    /// @return whether no round counts more power than those who may have judged it had before it was opened
    function powerIsOfTheSnapshot() external view returns (bool) {
        for (uint32 id = 1; id <= rounds.roundCount(); ++id) {
            Round memory r = rounds.round(id);
            uint256 most;
            for (uint256 i; i < judges.length; ++i) {
                most += power.getPastVotes(judges[i], r.openedAt - 1);
            }
            if (r.power > most || r.judges > judges.length) return false;
        }
        return true;
    }

    /// @return sum of all models' points, in hundredths
    /// @return exact whether each has what the rounds that still stand gave it
    function standings() external view returns (int256 sum, bool exact) {
        uint32[3] memory ids = [modelA, modelB, modelC];
        exact = true;
        for (uint256 i; i < ids.length; ++i) {
            (int256 points, uint256 count) = (0, 0);
            for (uint32 id = 1; id <= rounds.roundCount(); ++id) {
                Round memory r = rounds.round(id);
                if (r.status != RoundStatus.Scored) continue;
                if (r.modelA == ids[i]) points += r.gained;
                if (r.modelB == ids[i]) points -= r.gained;
                if (r.modelA == ids[i] || r.modelB == ids[i]) ++count;
            }
            sum += rounds.standingOf(ids[i]).points;
            if (rounds.standingOf(ids[i]).points != points || rounds.standingOf(ids[i]).rounds != count) exact = false;
        }
    }

    function _pick(
        uint256 which,
        uint256 who
    ) private view returns (uint32, address) {
        uint32 count = rounds.roundCount();
        return (count == 0 ? 0 : uint32(which % count) + 1, judges[who % 3]);
    }
}
