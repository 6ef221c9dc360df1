// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IParentsAccount} from "../../src/models/IParentsAccount.sol";
import {Parent} from "../../src/types/Lineage.sol";
import {LineageBase} from "./LineageBase.sol";

/// @notice Alice's and Bob's models have no parents; the developer's is built from both; more are built from that one.
contract ParentsAccountTest is LineageBase {
    uint32 internal first;
    uint32 internal second;
    uint32 internal middle;
    IParentsAccount internal middles;

    function setUp() public override {
        super.setUp();
        first = root(alice, 0);
        second = root(bob, 0);
        (middle, middles) = derived(developer, both(parent(first, 300), parent(second, 100)));
    }

    /// @dev As the reward pool pays what batches allot to the account that the terms name.
    function _earn(
        IParentsAccount account,
        uint256 amount
    ) private {
        token.mint(address(account), amount);
    }

    function test_pay_dividesByShares() public {
        _earn(middles, 8e18);
        (uint256 hadA, uint256 hadB) = (token.balanceOf(alice), token.balanceOf(bob));
        assertEq(middles.due()[0], 6e18);
        assertEq(middles.due()[1], 2e18);
        vm.expectEmit(address(middles));
        emit IParentsAccount.RoyaltyPaid(middle, first, alice, 6e18, 0, anyone);
        vm.expectEmit(address(middles));
        emit IParentsAccount.RoyaltyPaid(middle, second, bob, 2e18, 0, anyone);
        vm.prank(anyone);
        assertEq(middles.pay(), 8e18);
        assertEq(token.balanceOf(alice), hadA + 6e18);
        assertEq(token.balanceOf(bob), hadB + 2e18);
        assertEq(token.balanceOf(address(middles)), 0);
    }

    function test_pay_ofNothingPaysNothing() public {
        vm.recordLogs();
        assertEq(middles.pay(), 0);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_pay_passesOnWhatAParentOwes() public {
        (, IParentsAccount account) = derived(mallory, only(parent(middle, 1_000)));
        _earn(account, 100e18);
        uint256 had = token.balanceOf(developer);
        vm.expectEmit(address(account));
        emit IParentsAccount.RoyaltyPaid(account.modelId(), middle, developer, 96e18, 4e18, address(this));
        account.pay();
        assertEq(token.balanceOf(developer), had + 96e18); // 400 bps of it are its own parents'
        assertEq(token.balanceOf(address(middles)), 4e18);
    }

    function test_payOfSeveral_climbs() public {
        (uint32 leaf, IParentsAccount account) = derived(mallory, only(parent(middle, 1_000)));
        _earn(account, 100e18);
        uint256 had = token.balanceOf(alice);
        uint32[] memory ids = new uint32[](3);
        (ids[0], ids[1], ids[2]) = (leaf, middle, first); // the last has no account
        vm.prank(anyone);
        assertEq(lineage.pay(ids), 104e18);
        assertEq(token.balanceOf(alice), had + 3e18);
        assertEq(token.balanceOf(address(account)) + token.balanceOf(address(middles)), 0);
    }

    /// @dev What was passed on before a sale stays the seller's, what was not is the buyer's.
    function test_pay_paysWhoOwnsTheParentThen() public {
        _earn(middles, 4e18);
        middles.pay();
        uint256 had = token.balanceOf(alice);
        _earn(middles, 4e18);
        vm.prank(alice);
        models.transferFrom(alice, anyone, first);
        middles.pay();
        assertEq(token.balanceOf(alice), had);
        assertEq(token.balanceOf(anyone), 3e18);
    }

    function test_pay_givesOddWeiToTheOlderModel() public {
        (, IParentsAccount account) = derived(mallory, both(parent(first, 100), parent(second, 100)));
        (uint256 hadA, uint256 hadB) = (token.balanceOf(alice), token.balanceOf(bob));
        _earn(account, 7);
        account.pay();
        assertEq(token.balanceOf(alice), hadA + 4);
        assertEq(token.balanceOf(bob), hadB + 3);
    }

    function testFuzz_pay_isExact(
        uint96 amount,
        uint16[8] memory shares
    ) public {
        amount = uint96(bound(amount, 0, 9e26));
        Parent[] memory parents = new Parent[](8);
        uint256 sum;
        for (uint256 i; i < 8; ++i) {
            shares[i] = uint16(bound(shares[i], i == 0 ? 1 : 0, 625));
            sum += shares[i];
            parents[i] = parent(root(address(uint160(0xAA00 + i)), 0), shares[i]);
        }
        (, IParentsAccount account) = derived(mallory, parents);
        _earn(account, amount);
        assertEq(account.pay(), amount);
        uint256 paid;
        for (uint256 i; i < 8; ++i) {
            uint256 part = token.balanceOf(address(uint160(0xAA00 + i)));
            paid += part;
            assertApproxEqAbs(part, uint256(amount) * shares[i] / sum, 1);
        }
        assertEq(paid, amount);
        assertEq(token.balanceOf(address(account)), 0);
    }

    /// @dev A line of eight levels above the second model; money enters at the youngest and climbs to the oldest.
    function testFuzz_pay_isExactOverEightLevels(
        uint96 amount,
        uint16[8] memory shares
    ) public {
        amount = uint96(bound(amount, 0, 9e26));
        uint32[] memory ids = new uint32[](8);
        uint32 last = second;
        for (uint256 i; i < 8; ++i) {
            shares[i] = uint16(bound(shares[i], 1, 5_000));
            (last,) = derived(address(uint160(0xBB00 + i)), only(parent(last, shares[i])));
            ids[7 - i] = last; // the youngest first
        }
        token.mint(lineage.declarationOf(last).account, amount);
        uint256 hadB = token.balanceOf(bob);
        lineage.pay(ids);
        uint256 left = amount;
        for (uint256 i = 7; i > 0; --i) {
            uint256 up = left * shares[i - 1] / 10_000; // the model below owes its parent so much of what it got
            assertEq(token.balanceOf(address(uint160(0xBB00 + i - 1))), left - up);
            left = up;
        }
        assertEq(token.balanceOf(bob) - hadB, left);
        for (uint256 i; i < 8; ++i) {
            assertEq(token.balanceOf(lineage.declarationOf(ids[i]).account), 0);
        }
    }

    /// @dev Paid in two calls or in one: never more than a wei a parent and call apart.
    function testFuzz_pay_hardlyDependsOnWhenItIsCalled(
        uint96 a,
        uint96 b
    ) public {
        (a, b) = (uint96(bound(a, 0, 1e26)), uint96(bound(b, 0, 1e26)));
        uint256 had = token.balanceOf(alice);
        _earn(middles, a);
        middles.pay();
        _earn(middles, b);
        middles.pay();
        assertApproxEqAbs(token.balanceOf(alice) - had, (uint256(a) + b) * 3 / 4, 2);
    }
}
