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
        return feePolicy.setFee(_split(fee, burn, cap));
    }

    function test_startsWithVersion1InEffect() public view {
        assertEq(feePolicy.currentVersion(), 1);
        assertEq(feePolicy.latestVersion(), 1);
        IFeePolicy.Fee memory fee = feePolicy.fee(1);
        assertEq(feePolicy.settleableFee(1), PROTOCOL_FEE_BPS);
        assertEq(fee.protocolFeeBps, PROTOCOL_FEE_BPS);
        assertEq(fee.burnBps, BURN_BPS);
        assertEq(fee.contributorCapBps, CONTRIBUTOR_CAP_BPS);
        assertEq(fee.verbatimBps, VERBATIM_BPS);
        assertEq(fee.retrievalBps, RETRIEVAL_BPS);
        assertEq(fee.fidelityFloorBps, FIDELITY_FLOOR_BPS);
    }

    function testFuzz_setFee_takesEffectAfterTheNotice(
        uint16 fee,
        uint16 burn,
        uint16 cap,
        uint16[3] memory channels
    ) public {
        fee = uint16(bound(fee, 0, 2_000));
        burn = uint16(bound(burn, 0, 10_000));
        cap = uint16(bound(cap, 1_000, 10_000));
        IFeePolicy.Split memory split = IFeePolicy.Split({
            protocolFeeBps: fee,
            burnBps: burn,
            contributorCapBps: cap,
            verbatimBps: uint16(bound(channels[0], 0, 4_000)),
            retrievalBps: uint16(bound(channels[1], 0, 5_000)),
            fidelityFloorBps: uint16(bound(channels[2], 1_000, 10_000))
        });
        uint64 effectiveAt = uint64(block.timestamp) + NOTICE;
        vm.expectEmit(address(feePolicy));
        emit IFeePolicy.FeeSet(
            2, fee, burn, cap, split.verbatimBps, split.retrievalBps, split.fidelityFloorBps, effectiveAt, governance
        );
        vm.prank(governance);
        assertEq(feePolicy.setFee(split), 2);
        assertEq(feePolicy.currentVersion(), 1);
        assertEq(feePolicy.latestVersion(), 2);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_NotInEffect.selector, 2, effectiveAt));
        feePolicy.settleableFee(2);
        vm.warp(effectiveAt);
        assertEq(feePolicy.currentVersion(), 2);
        assertEq(feePolicy.settleableFee(2), fee);
        assertEq(feePolicy.fee(2).burnBps, burn);
        assertEq(feePolicy.fee(2).contributorCapBps, cap);
        assertEq(feePolicy.fee(2).verbatimBps, split.verbatimBps);
        assertEq(feePolicy.fee(2).retrievalBps, split.retrievalBps);
        assertEq(feePolicy.fee(2).fidelityFloorBps, split.fidelityFloorBps);
    }

    function test_supersededVersionSettlesThroughTheGraceOnly() public {
        _set(100, 100, 1_000);
        uint64 supersededAt = uint64(block.timestamp) + NOTICE;
        vm.warp(supersededAt + GRACE);
        assertEq(feePolicy.settleableFee(1), PROTOCOL_FEE_BPS);
        vm.warp(supersededAt + GRACE + 1);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_Superseded.selector, 1, supersededAt + GRACE));
        feePolicy.settleableFee(1);
        assertEq(feePolicy.fee(1).protocolFeeBps, PROTOCOL_FEE_BPS); // still read at finality
    }

    function test_setFee_failsAboveTheBounds() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_ProtocolFeeTooHigh.selector, 2_001));
        feePolicy.setFee(_split(2_001, 0, 1_000));
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BurnTooHigh.selector, 10_001));
        feePolicy.setFee(_split(0, 10_001, 1_000));
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BadContributorCap.selector, 999));
        feePolicy.setFee(_split(0, 0, 999));
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BadContributorCap.selector, 10_001));
        feePolicy.setFee(_split(0, 0, 10_001));
    }

    function test_setFee_failsForChannelsBeyondTheirBounds() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_ChannelsTooHeavy.selector, 4_001, 5_000));
        feePolicy.setFee(IFeePolicy.Split(0, 0, 1_000, 4_001, 5_000, 5_000));
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_ChannelsTooHeavy.selector, 0, 5_001));
        feePolicy.setFee(IFeePolicy.Split(0, 0, 1_000, 0, 5_001, 5_000));
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BadFidelityFloor.selector, 999));
        feePolicy.setFee(IFeePolicy.Split(0, 0, 1_000, 0, 0, 999));
        vm.expectRevert(abi.encodeWithSelector(IFeePolicy.FeePolicy_BadFidelityFloor.selector, 10_001));
        feePolicy.setFee(IFeePolicy.Split(0, 0, 1_000, 0, 0, 10_001));
    }

    /// @dev What was stored before there were channels has neither weights nor a floor: it stays all influence, paid whole.
    function test_fee_ofBeforeChannelsPaysInfluenceWhole() public {
        bytes32 versions = bytes32(uint256(0x9466ece3afbfae8575fb866a9199e6effa97198971cf1433d4f96744f49e5b00) + 1);
        bytes32 slot = keccak256(abi.encode(uint256(1), versions));
        uint256 channels = uint256(type(uint48).max) << 176;
        vm.store(address(feePolicy), slot, bytes32(uint256(vm.load(address(feePolicy), slot)) & ~channels));
        IFeePolicy.Fee memory fee = feePolicy.fee(1);
        assertEq(fee.contributorCapBps, CONTRIBUTOR_CAP_BPS);
        assertEq(fee.verbatimBps, 0);
        assertEq(fee.retrievalBps, 0);
        assertEq(fee.fidelityFloorBps, 10_000);
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
        feePolicy.setFee(_split(0, 0, 1_000));
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
