// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {FeePolicy} from "../../src/settlement/FeePolicy.sol";
import {SettlementBase} from "../settlement/SettlementBase.sol";

contract FeePolicyTest is SettlementBase {
    function _set(
        uint16 fee,
        uint16 burn,
        uint16 cap
    ) private returns (uint32) {
        vm.prank(governance);
        return feePolicy.setFee(fee, burn, cap);
    }

    function test_startsWithVersion1InEffect() public view {
        assertEq(feePolicy.currentVersion(), 1);
        assertEq(feePolicy.latestVersion(), 1);
        IFeePolicy.Fee memory fee = feePolicy.settleableFee(1);
        assertEq(fee.protocolFeeBps, PROTOCOL_FEE_BPS);
        assertEq(fee.burnBps, BURN_BPS);
        assertEq(fee.contributorCapBps, CONTRIBUTOR_CAP_BPS);
    }

    function testFuzz_setFee_takesEffectAfterTheNotice(
        uint16 fee,
        uint16 burn,
        uint16 cap
    ) public {
        fee = uint16(bound(fee, 0, 2_000));
        burn = uint16(bound(burn, 0, 10_000));
        cap = uint16(bound(cap, 1_000, 10_000));
        uint64 effectiveAt = uint64(block.timestamp) + NOTICE;
        vm.expectEmit(address(feePolicy));
        emit IFeePolicy.FeeSet(2, fee, burn, cap, effectiveAt, governance);
        assertEq(_set(fee, burn, cap), 2);
        assertEq(feePolicy.currentVersion(), 1);
        assertEq(feePolicy.latestVersion(), 2);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_NotInEffect.selector, 2, effectiveAt));
        feePolicy.settleableFee(2);
        vm.warp(effectiveAt);
        assertEq(feePolicy.currentVersion(), 2);
        assertEq(feePolicy.settleableFee(2).protocolFeeBps, fee);
        assertEq(feePolicy.fee(2).burnBps, burn);
        assertEq(feePolicy.fee(2).contributorCapBps, cap);
    }

    function test_supersededVersionSettlesThroughTheGraceOnly() public {
        _set(100, 100, 1_000);
        uint64 supersededAt = uint64(block.timestamp) + NOTICE;
        vm.warp(supersededAt + GRACE);
        assertEq(feePolicy.settleableFee(1).protocolFeeBps, PROTOCOL_FEE_BPS);
        vm.warp(supersededAt + GRACE + 1);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_Superseded.selector, 1, supersededAt + GRACE));
        feePolicy.settleableFee(1);
        assertEq(feePolicy.fee(1).protocolFeeBps, PROTOCOL_FEE_BPS); // still read at finality
    }

    function test_setFee_failsAboveTheBounds() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_ProtocolFeeTooHigh.selector, 2_001));
        feePolicy.setFee(2_001, 0, 1_000);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BurnTooHigh.selector, 10_001));
        feePolicy.setFee(0, 10_001, 1_000);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BadContributorCap.selector, 999));
        feePolicy.setFee(0, 0, 999);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BadContributorCap.selector, 10_001));
        feePolicy.setFee(0, 0, 10_001);
    }

    function test_fee_failsForAnUnknownVersion() public {
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_UnknownVersion.selector, 0));
        feePolicy.fee(0);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_UnknownVersion.selector, 2));
        feePolicy.settleableFee(2);
    }

    function test_setFee_isForGovernanceAlone() public {
        vm.prank(anyone);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, anyone));
        feePolicy.setFee(0, 0, 1_000);
    }

    function test_upgrade_isForTheAdminAlone() public {
        address next = address(new FeePolicy(1, 1));
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, governance));
        feePolicy.upgradeToAndCall(next, "");
        feePolicy.upgradeToAndCall(next, "");
        assertEq(feePolicy.notice(), 1);
        assertEq(feePolicy.latestVersion(), 1);
    }

    /// @dev With a shorter notice after an upgrade, a new version does not overtake the one under notice.
    function test_setFee_keepsVersionsInOrderOfEffect() public {
        _set(100, 100, 1_000);
        feePolicy.upgradeToAndCall(address(new FeePolicy(1, 1)), "");
        _set(200, 200, 2_000);
        assertEq(feePolicy.fee(3).effectiveAt, feePolicy.fee(2).effectiveAt);
        vm.warp(block.timestamp + NOTICE);
        assertEq(feePolicy.currentVersion(), 3);
    }
}
