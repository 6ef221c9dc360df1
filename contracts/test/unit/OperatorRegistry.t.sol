// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {OperatorRegistry} from "../../src/oracles/OperatorRegistry.sol";
import {SettlementBase} from "../settlement/SettlementBase.sol";

contract OperatorRegistryTest is SettlementBase {
    address private fresh = makeAddr("fresh");
    address private signer = makeAddr("signer");

    function _lock(
        uint96 pendingValue
    ) private {
        vm.prank(address(settlement));
        registry.setLock(operator, pendingValue);
    }

    function test_register() public {
        _give(fresh, address(registry), STAKE);
        vm.prank(fresh);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.OperatorRegistered(fresh, signer, "https://x", "cid");
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.Staked(fresh, fresh, STAKE, STAKE);
        registry.register(signer, "https://x", "cid", STAKE);
        IOperatorRegistry.Operator memory o = registry.operator(fresh);
        assertEq(o.signer, signer);
        assertEq(o.stake, STAKE);
        assertTrue(o.active);
        assertTrue(registry.isActive(fresh));
        assertEq(registry.signerOf(fresh), signer);
        assertEq(registry.operatorOf(signer), fresh);
        assertEq(token.balanceOf(address(registry)), 3 * STAKE);
    }

    function testFuzz_register_failsBelowTheMinimum(
        uint96 stake
    ) public {
        stake = uint96(bound(stake, 0, MINIMUM_STAKE - 1));
        vm.prank(fresh);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_BelowMinimum.selector, stake, MINIMUM_STAKE)
        );
        registry.register(signer, "", "", stake);
    }

    function test_register_failsTwice() public {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_AlreadyRegistered.selector, operator));
        registry.register(signer, "", "", STAKE);
    }

    function test_register_failsWithoutSigner() public {
        _give(fresh, address(registry), STAKE);
        vm.prank(fresh);
        vm.expectRevert(IOperatorRegistry.OperatorRegistry_ZeroAddress.selector);
        registry.register(address(0), "", "", STAKE);
    }

    function test_signersServeOneOperatorForEver() public {
        _give(fresh, address(registry), STAKE);
        vm.startPrank(fresh);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_SignerTaken.selector, operatorSigner, operator)
        );
        registry.register(operatorSigner, "", "", STAKE);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_SignerTaken.selector, operator, operator)
        );
        registry.register(operator, "", "", STAKE);
        vm.stopPrank();

        vm.prank(operator);
        registry.update(signer, "", "");
        vm.prank(fresh); // the former signer is not free either
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_SignerTaken.selector, operatorSigner, operator)
        );
        registry.register(operatorSigner, "", "", STAKE);

        vm.prank(operator);
        registry.update(operatorSigner, "", ""); // but its own operator may take it back
        vm.prank(fresh);
        registry.register(fresh, "", "", STAKE); // and an operator may sign for itself
        assertEq(registry.operatorOf(fresh), fresh);
    }

    function test_update() public {
        vm.prank(operator);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.OperatorUpdated(operator, signer, "https://y", "cid");
        registry.update(signer, "https://y", "cid");
        assertEq(registry.signerOf(operator), signer);
    }

    function test_failsWhenNotRegistered() public {
        bytes memory expected = abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_NotRegistered.selector, fresh);
        vm.startPrank(fresh);
        vm.expectRevert(expected);
        registry.update(signer, "", "");
        vm.expectRevert(expected);
        registry.addStake(fresh, 1);
        vm.expectRevert(expected);
        registry.unbond(1);
        vm.expectRevert(expected);
        registry.withdraw();
    }

    function test_failsWithZeroAmounts() public {
        vm.startPrank(operator);
        vm.expectRevert(IOperatorRegistry.OperatorRegistry_ZeroAmount.selector);
        registry.addStake(operator, 0);
        vm.expectRevert(IOperatorRegistry.OperatorRegistry_ZeroAmount.selector);
        registry.unbond(0);
    }

    function testFuzz_addStake(
        uint96 amount
    ) public {
        amount = uint96(bound(amount, 1, 100_000_000e18));
        _give(anyone, address(registry), amount);
        vm.prank(anyone);
        registry.addStake(operator, amount);
        assertEq(registry.operator(operator).stake, STAKE + amount);
    }

    function testFuzz_unbondAndWithdraw(
        uint96 amount
    ) public {
        amount = uint96(bound(amount, 1, STAKE));
        uint64 unbondedAt = uint64(block.timestamp) + UNBONDING;
        vm.startPrank(operator);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.UnbondingStarted(operator, amount, unbondedAt);
        registry.unbond(amount);
        assertEq(registry.isActive(operator), STAKE - amount >= MINIMUM_STAKE);
        vm.warp(unbondedAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_StillUnbonding.selector, unbondedAt));
        registry.withdraw();
        vm.warp(unbondedAt);
        registry.withdraw();
        assertEq(token.balanceOf(operator), amount);
        assertEq(registry.operator(operator).stake, STAKE - amount);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_NothingUnbonding.selector, operator));
        registry.withdraw();
    }

    function test_unbond_replacesTheEarlierOne() public {
        vm.startPrank(operator);
        registry.unbond(300e18);
        vm.warp(block.timestamp + 100);
        registry.unbond(200e18);
        IOperatorRegistry.Operator memory o = registry.operator(operator);
        assertEq(o.unbonding, 200e18);
        assertEq(o.stake, STAKE - 200e18);
        assertEq(o.unbondedAt, block.timestamp + UNBONDING);
    }

    function test_unbond_failsBeyondTheStake() public {
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_BeyondStake.selector, STAKE + 1, STAKE)
        );
        registry.unbond(STAKE + 1);
    }

    function testFuzz_setLock_isTwiceThePendingValueWithinTheStake(
        uint96 pendingValue
    ) public {
        pendingValue = uint96(bound(pendingValue, 0, STAKE / 2));
        _lock(pendingValue);
        assertEq(registry.operator(operator).locked, 2 * pendingValue);
    }

    function test_setLock_failsBeyondTheStake() public {
        vm.prank(address(settlement));
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_StakeLocked.selector, STAKE + 2, STAKE)
        );
        registry.setLock(operator, STAKE / 2 + 1);
    }

    function test_setLock_mayFallWhateverTheStake() public {
        _lock(STAKE / 2);
        _lock(STAKE / 4);
        _lock(0);
        assertEq(registry.operator(operator).locked, 0);
    }

    function test_setLock_isForTheSettlementAlone() public {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_NotSettlement.selector, operator));
        registry.setLock(operator, 0);
    }

    function test_withdraw_waitsForTheLock() public {
        _lock(STAKE / 2);
        vm.startPrank(operator);
        registry.unbond(1);
        vm.warp(block.timestamp + UNBONDING);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistry_StakeLocked.selector, STAKE, STAKE - 1)
        );
        registry.withdraw();
        vm.stopPrank();
        _lock(STAKE / 2 - 1);
        vm.prank(operator);
        registry.withdraw();
        assertEq(token.balanceOf(operator), 1);
    }

    function test_unbondingStakeStillCoversTheLock() public {
        vm.prank(operator);
        registry.unbond(STAKE);
        _lock(STAKE / 2);
        assertEq(registry.operator(operator).locked, STAKE);
    }

    function test_upgrade_isForTheAdminAlone() public {
        address next = address(new OperatorRegistry(registry.token(), address(settlement), juryAddress, 1, 1));
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, operator));
        registry.upgradeToAndCall(next, "");
        registry.upgradeToAndCall(next, "");
        assertEq(registry.minimumStake(), 1);
        assertEq(registry.operator(operator).stake, STAKE);
    }
}
