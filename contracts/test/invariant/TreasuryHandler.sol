// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ITreasury} from "../../src/governance/ITreasury.sol";
import {Deployed} from "../Deployed.sol";

/// @notice A treasury that pays, opens and ends streams, sets a budget, gets gifts, and whose recipients withdraw.
contract TreasuryHandler is Deployed {
    bytes32 private constant CATEGORY = "work";
    address[3] private people;
    /// @dev What the treasury should hold by its payments and gifts alone.
    uint256 public expected;
    uint256 public withdrawals;
    /// @dev The most that each stream may ever bring.
    mapping(uint32 id => uint256) public most;

    constructor() {
        setUp();
        people = [alice, bob, developer];
        expected = token.balanceOf(address(treasury));
    }

    function spend(
        uint256 who,
        uint96 amount,
        bool inCategory
    ) external {
        amount = uint96(bound(amount, 0, 100_000e18));
        vm.prank(at("TreasuryTimelock"));
        try treasury.spendOn(inCategory ? CATEGORY : bytes32(0), people[who % 3], amount, "") {
            expected -= amount;
        } catch {}
    }

    function openStream(
        uint256 who,
        uint96 total,
        uint48 start,
        uint48 duration
    ) external {
        total = uint96(bound(total, 1, 400_000e18));
        start = uint48(bound(start, START - 1 days, START + 1 days));
        vm.prank(at("TreasuryTimelock"));
        try treasury.openStream(
            CATEGORY, people[who % 3], total, start, uint48(bound(duration, 1, 2 days)), ""
        ) returns (
            uint32 id
        ) {
            most[id] = total;
        } catch {}
    }

    function endStream(
        uint32 which
    ) external {
        uint32 id = _pick(which);
        vm.prank(at("TreasuryTimelock"));
        try treasury.endStream(id) {
            most[id] = treasury.vestedOf(id);
        } catch {}
    }

    function setBudget(
        uint96 cap,
        uint32 period
    ) external {
        vm.prank(at("TreasuryTimelock"));
        treasury.setBudget(CATEGORY, uint96(bound(cap, 0, 500_000e18)), period % 2 days);
    }

    function withdraw(
        uint32 which
    ) external {
        try treasury.withdraw(_pick(which)) returns (uint96 amount) {
            expected -= amount;
            ++withdrawals;
        } catch {}
    }

    function give_(
        uint96 amount
    ) external {
        amount = uint96(bound(amount, 0, 100_000e18));
        token.mint(address(treasury), amount);
        expected += amount;
    }

    function wait_(
        uint16 seconds_
    ) external {
        vm.warp(block.timestamp + seconds_);
    }

    /// @return held in wei by the treasury
    /// @return owed to streams in wei, summed one by one
    /// @return promised in wei, as the treasury counts it
    function books() external view returns (uint256 held, uint256 owed, uint256 promised) {
        for (uint32 id = 1; id <= treasury.streamCount(); ++id) {
            ITreasury.Stream memory stream = treasury.streamOf(id);
            require(stream.withdrawn <= treasury.vestedOf(id), "more paid than vested");
            require(stream.total <= most[id], "a stream grew");
            owed += stream.total - stream.withdrawn;
        }
        return (token.balanceOf(address(treasury)), owed, treasury.promised());
    }

    function _pick(
        uint32 which
    ) private view returns (uint32) {
        uint32 count = treasury.streamCount();
        return count == 0 ? 1 : 1 + which % count;
    }
}
