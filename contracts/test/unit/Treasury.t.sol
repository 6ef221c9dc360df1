// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ITreasury} from "../../src/governance/ITreasury.sol";
import {Deployed} from "../Deployed.sol";

contract TreasuryTest is Deployed {
    bytes32 internal constant AUDITS = "audits";
    uint48 internal constant YEAR = 365 days;

    address internal timelock;
    uint256 internal held;

    function setUp() public override {
        super.setUp();
        timelock = at("TreasuryTimelock");
        held = token.balanceOf(address(treasury));
        assertGt(held, 0);
    }

    function test_spendOn_paysAndNamesTheCategory() public {
        uint256 had = token.balanceOf(bob);
        vm.expectEmit(address(treasury));
        emit ITreasury.Spent(bob, AUDITS, 7e18, "a review");
        vm.prank(timelock);
        treasury.spendOn(AUDITS, bob, 7e18, "a review");
        assertEq(token.balanceOf(bob), had + 7e18);
        assertEq(treasury.free(), held - 7e18);
    }

    function test_openStream_setsTheMoneyAside() public {
        vm.expectEmit(address(treasury));
        emit ITreasury.StreamOpened(1, bob, AUDITS, 365e18, uint48(START + 5), YEAR, "a year of reviews");
        vm.prank(timelock);
        uint32 id = treasury.openStream(AUDITS, bob, 365e18, uint48(START + 5), YEAR, "a year of reviews");
        assertEq(id, 1);
        assertEq(treasury.streamCount(), 1);
        assertEq(treasury.promised(), 365e18);
        assertEq(treasury.free(), held - 365e18);
        assertEq(token.balanceOf(address(treasury)), held);
        ITreasury.Stream memory stream = treasury.streamOf(id);
        assertEq(stream.recipient, bob);
        assertEq(stream.start, START + 5);
    }

    function test_openStream_startsNow_whenNoStartIsGiven() public {
        vm.warp(START + 1 days);
        assertEq(treasury.streamOf(_open(bob, 1e18, 0, YEAR)).start, START + 1 days);
    }

    function test_withdraw_paysTheRecipientWhatVested_whoeverCalls() public {
        uint32 id = _open(bob, 365e18, 0, YEAR);
        uint256 had = token.balanceOf(bob);
        vm.warp(START + 10 days);
        vm.expectEmit(address(treasury));
        emit ITreasury.StreamWithdrawn(id, 10e18);
        vm.prank(anyone);
        assertEq(treasury.withdraw(id), 10e18);
        assertEq(token.balanceOf(bob), had + 10e18);
        assertEq(treasury.promised(), 355e18);
        assertEq(treasury.vestedOf(id), 10e18);
        vm.warp(START + YEAR + 1);
        treasury.withdraw(id);
        assertEq(token.balanceOf(bob), had + 365e18);
        assertEq(treasury.promised(), 0);
    }

    function test_endStream_leavesWhatVested_andReturnsTheRest() public {
        uint32 id = _open(bob, 365e18, 0, YEAR);
        vm.warp(START + 100 days);
        vm.expectEmit(address(treasury));
        emit ITreasury.StreamEnded(id, 100e18, 265e18);
        vm.prank(timelock);
        treasury.endStream(id);
        assertEq(treasury.free(), held - 100e18);
        vm.warp(START + 200 days);
        assertEq(treasury.vestedOf(id), 100e18);
        uint256 had = token.balanceOf(bob);
        treasury.withdraw(id);
        assertEq(token.balanceOf(bob), had + 100e18);
        assertEq(treasury.promised(), 0);
    }

    function test_endStream_beforeItsStart_returnsAll() public {
        uint32 id = _open(bob, 5e18, uint48(START + 1 days), YEAR);
        vm.prank(timelock);
        treasury.endStream(id);
        assertEq(treasury.free(), held);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_NothingVested.selector, id));
        treasury.withdraw(id);
    }

    function test_setBudget_limitsWhatIsPromisedInAPeriod() public {
        _setBudget(10e18, 30 days);
        vm.startPrank(timelock);
        treasury.spendOn(AUDITS, bob, 4e18, "");
        treasury.openStream(AUDITS, bob, 5e18, 0, YEAR, "");
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OverBudget.selector, AUDITS, 1e18 + 1, 1e18));
        treasury.spendOn(AUDITS, bob, 1e18 + 1, "");
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OverBudget.selector, AUDITS, 2e18, 1e18));
        treasury.openStream(AUDITS, bob, 2e18, 0, YEAR, "");
        // others have none
        treasury.spendOn("grants", bob, 50e18, "");
        treasury.spend(bob, 50e18, "");
        assertEq(treasury.budgetOf(AUDITS).used, 9e18);
        vm.warp(_nextPeriod(30 days));
        assertEq(treasury.budgetOf(AUDITS).used, 0);
        treasury.spendOn(AUDITS, bob, 10e18, "");
    }

    function test_setBudget_keepsWhatThePeriodUsed() public {
        _setBudget(10e18, 30 days);
        vm.startPrank(timelock);
        treasury.spendOn(AUDITS, bob, 8e18, "");
        vm.expectEmit(address(treasury));
        emit ITreasury.BudgetSet(AUDITS, 5e18, 30 days);
        treasury.setBudget(AUDITS, 5e18, 30 days);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_OverBudget.selector, AUDITS, 1, 0));
        treasury.spendOn(AUDITS, bob, 1, "");
        treasury.setBudget(AUDITS, 20e18, 30 days);
        treasury.spendOn(AUDITS, bob, 12e18, "");
        treasury.setBudget(AUDITS, 20e18, 90 days);
        assertEq(treasury.budgetOf(AUDITS).used, 0);
        treasury.setBudget(AUDITS, 0, 0);
        treasury.spendOn(AUDITS, bob, 30e18, "");
        assertEq(treasury.budgetOf(AUDITS).used, 0);
    }

    function test_streams_failWithoutWhatTheyNeed() public {
        vm.startPrank(timelock);
        vm.expectRevert(ITreasury.Treasury_NoRecipient.selector);
        treasury.openStream(0, address(0), 1, 0, 1, "");
        vm.expectRevert(ITreasury.Treasury_NoRecipient.selector);
        treasury.spendOn(AUDITS, address(0), 1, "");
        vm.expectRevert(ITreasury.Treasury_InvalidStream.selector);
        treasury.openStream(0, bob, 0, 0, 1, "");
        vm.expectRevert(ITreasury.Treasury_InvalidStream.selector);
        treasury.openStream(0, bob, 1, 0, 0, "");
        bytes memory missing = abi.encodeWithSelector(ITreasury.Treasury_NoSuchStream.selector, 1);
        vm.expectRevert(missing);
        treasury.endStream(1);
        vm.expectRevert(missing);
        treasury.withdraw(1);
        vm.expectRevert(missing);
        treasury.vestedOf(1);
        vm.expectRevert(missing);
        treasury.streamOf(1);
    }

    function test_whatIsPromised_isNotGivenAwayAgain() public {
        _open(bob, uint96(held - 3), 0, YEAR);
        vm.startPrank(timelock);
        bytes memory notFree = abi.encodeWithSelector(ITreasury.Treasury_NotFree.selector, 4, 3);
        vm.expectRevert(notFree);
        treasury.spend(alice, 4, "");
        vm.expectRevert(notFree);
        treasury.openStream(0, alice, 4, 0, YEAR, "");
        treasury.spend(alice, 3, "");
        assertEq(treasury.free(), 0);
    }

    function test_endStream_failsWhenNothingWouldReturn() public {
        uint32 id = _open(bob, 5e18, 0, YEAR);
        uint32 other = _open(bob, 5e18, 0, YEAR);
        vm.startPrank(timelock);
        treasury.endStream(other);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_StreamOver.selector, other));
        treasury.endStream(other);
        vm.warp(START + YEAR);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Treasury_StreamOver.selector, id));
        treasury.endStream(id);
    }

    function test_withdraw_failsTwiceInASecond() public {
        uint32 id = _open(bob, 5e18, 0, YEAR);
        bytes memory nothing = abi.encodeWithSelector(ITreasury.Treasury_NothingVested.selector, id);
        vm.expectRevert(nothing);
        treasury.withdraw(id);
        tick();
        treasury.withdraw(id);
        vm.expectRevert(nothing);
        treasury.withdraw(id);
    }

    function test_onlyTheTimelock_decides() public {
        uint32 id = _open(bob, 5e18, 0, YEAR);
        bytes[4] memory calls = [
            abi.encodeCall(treasury.spendOn, (AUDITS, mallory, 1, "")),
            abi.encodeCall(treasury.openStream, (AUDITS, mallory, 1, 0, 1, "")),
            abi.encodeCall(treasury.endStream, (id)),
            abi.encodeCall(treasury.setBudget, (AUDITS, 0, 1))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(mallory);
            (bool done, bytes memory reason) = address(treasury).call(calls[i]);
            assertFalse(done);
            assertEq(reason, abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        }
    }

    /// @dev However often and whenever it is withdrawn, the recipient has the whole, to the wei, and never more before.
    function testFuzz_withdrawals_addUpToTheTotal(
        uint96 total,
        uint48 duration,
        uint48[5] memory waits
    ) public {
        total = uint96(bound(total, 1, held));
        duration = uint48(bound(duration, 1, 10_000 days));
        uint32 id = _open(bob, total, 0, duration);
        uint256 had = token.balanceOf(bob);
        for (uint256 i; i < waits.length; ++i) {
            vm.warp(block.timestamp + bound(waits[i], 0, duration / 3));
            uint256 due = uint256(total) * _least(block.timestamp - START, duration) / duration;
            assertEq(treasury.vestedOf(id), due);
            if (due > token.balanceOf(bob) - had) treasury.withdraw(id);
            assertEq(token.balanceOf(bob), had + due);
            assertEq(treasury.promised(), total - due);
        }
        vm.warp(START + duration);
        if (treasury.promised() > 0) treasury.withdraw(id);
        assertEq(token.balanceOf(bob), had + total);
        assertEq(token.balanceOf(address(treasury)), held - total);
    }

    /// @dev An ended stream splits its total in two, to the wei, and vests no more.
    function testFuzz_endStream_splitsTheTotal(
        uint96 total,
        uint48 duration,
        uint48 drawnAt,
        uint48 endedAt
    ) public {
        total = uint96(bound(total, 1, held));
        duration = uint48(bound(duration, 2, 10_000 days));
        uint32 id = _open(bob, total, 0, duration);
        uint256 had = token.balanceOf(bob);
        vm.warp(START + bound(drawnAt, 0, duration - 1));
        if (treasury.vestedOf(id) > 0) treasury.withdraw(id);
        vm.warp(bound(endedAt, block.timestamp, START + duration - 1));
        uint96 vested = treasury.vestedOf(id);
        vm.assume(vested < total);
        vm.prank(timelock);
        treasury.endStream(id);
        assertEq(treasury.free(), held - vested);
        vm.warp(START + 2 * uint256(duration));
        assertEq(treasury.vestedOf(id), vested);
        if (treasury.promised() > 0) treasury.withdraw(id);
        assertEq(token.balanceOf(bob), had + vested);
        assertEq(treasury.free(), token.balanceOf(address(treasury)));
    }

    /// @dev In no period does more leave in a category than its cap, whatever is tried.
    function testFuzz_budgets_hold(
        uint96 cap,
        uint32 period,
        uint96[6] memory amounts,
        uint32[6] memory waits
    ) public {
        cap = uint96(bound(cap, 0, held / 8));
        period = uint32(bound(period, 1, 400 days));
        _setBudget(cap, period);
        uint256 used;
        uint256 index = block.timestamp / period;
        for (uint256 i; i < amounts.length; ++i) {
            vm.warp(block.timestamp + bound(waits[i], 0, period));
            if (block.timestamp / period != index) (used, index) = (0, block.timestamp / period);
            uint256 amount = bound(amounts[i], 0, uint256(cap) * 2);
            vm.prank(timelock);
            try treasury.spendOn(AUDITS, bob, amount, "") {
                used += amount;
            } catch {
                assertGt(used + amount, cap);
            }
            assertLe(used, cap);
            assertEq(treasury.budgetOf(AUDITS).used, used);
        }
    }

    function _open(
        address to,
        uint96 total,
        uint48 start,
        uint48 duration
    ) private returns (uint32) {
        vm.prank(timelock);
        return treasury.openStream(AUDITS, to, total, start, duration, "work");
    }

    function _setBudget(
        uint96 cap,
        uint32 period
    ) private {
        vm.prank(timelock);
        treasury.setBudget(AUDITS, cap, period);
    }

    function _nextPeriod(
        uint256 period
    ) private view returns (uint256) {
        return (block.timestamp / period + 1) * period;
    }

    function _least(
        uint256 a,
        uint256 b
    ) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
