// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IFeePolicy} from "./IFeePolicy.sol";

/// @title FeePolicy
/// @notice Versioned protocol parameters under a notice period.
/// @dev Restricted functions (AccessManager):
///      | function         | who                        |
///      |------------------|----------------------------|
///      | setFee           | timelock of the parameters |
///      | upgradeToAndCall | upgrade timelock (admin)   |
contract FeePolicy is IFeePolicy, AccessManagedUpgradeable, UUPSUpgradeable {
    uint16 public constant MAX_PROTOCOL_FEE_BPS = 2_000;
    uint16 public constant MAX_BPS = 10_000;
    uint16 public constant MIN_CONTRIBUTOR_CAP_BPS = 1_000;
    uint16 public constant MAX_VERBATIM_BPS = 4_000;
    uint16 public constant MAX_RETRIEVAL_BPS = 5_000; // leaves influence a tenth at the least
    uint16 public constant MIN_FIDELITY_FLOOR_BPS = 1_000;

    /// @inheritdoc IFeePolicy
    uint64 public immutable notice;
    /// @inheritdoc IFeePolicy
    uint64 public immutable grace;

    /// @dev A fee and when the version after it takes effect (0: there is none), in one slot.
    struct Version {
        uint16 protocolFeeBps;
        uint16 burnBps;
        uint16 contributorCapBps;
        uint64 effectiveAt;
        uint64 supersededAt;
        uint16 verbatimBps;
        uint16 retrievalBps;
        uint16 fidelityFloorBps; // 0 in a version from before influence had a floor: it pays whole
    }

    /// @custom:storage-location erc7201:openledger.storage.FeePolicy
    struct FeePolicyStorage {
        uint32 latest;
        mapping(uint32 feeVersion => Version) versions;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.FeePolicy")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant FEE_POLICY_STORAGE = 0x9466ece3afbfae8575fb866a9199e6effa97198971cf1433d4f96744f49e5b00;

    /// @param notice_ seconds between setting a version and its effect
    /// @param grace_ seconds for which receipts of a superseded version can still be settled
    constructor(
        uint64 notice_,
        uint64 grace_
    ) {
        notice = notice_;
        grace = grace_;
        _disableInitializers();
    }

    /// @notice Starts with version 1, in effect at once.
    function initialize(
        address authority,
        Split calldata split
    ) external initializer {
        __AccessManaged_init(authority);
        _addVersion(split, uint64(block.timestamp));
    }

    /// @inheritdoc IFeePolicy
    function setFee(
        Split calldata split
    ) external restricted returns (uint32 feeVersion) {
        return _addVersion(split, uint64(block.timestamp) + notice);
    }

    /// @inheritdoc IFeePolicy
    function fee(
        uint32 feeVersion
    ) external view returns (Fee memory) {
        return _feeOf(_version(feeVersion));
    }

    /// @inheritdoc IFeePolicy
    function settleableFee(
        uint32 feeVersion
    ) external view returns (uint16 protocolFeeBps) {
        Version memory v = _version(feeVersion);
        if (block.timestamp < v.effectiveAt) revert FeePolicy_NotInEffect(feeVersion, v.effectiveAt);
        if (v.supersededAt != 0 && block.timestamp > v.supersededAt + grace) {
            revert FeePolicy_Superseded(feeVersion, v.supersededAt + grace);
        }
        return v.protocolFeeBps;
    }

    /// @inheritdoc IFeePolicy
    function currentVersion() external view returns (uint32 feeVersion) {
        FeePolicyStorage storage $ = _storage();
        feeVersion = $.latest;
        while ($.versions[feeVersion].effectiveAt > block.timestamp) --feeVersion; // version 1 is in effect from the start
    }

    /// @inheritdoc IFeePolicy
    function latestVersion() external view returns (uint32) {
        return _storage().latest;
    }

    function _addVersion(
        Split calldata s,
        uint64 effectiveAt
    ) private returns (uint32 feeVersion) {
        if (s.protocolFeeBps > MAX_PROTOCOL_FEE_BPS) revert FeePolicy_ProtocolFeeTooHigh(s.protocolFeeBps);
        if (s.burnBps > MAX_BPS) revert FeePolicy_BurnTooHigh(s.burnBps);
        if (s.contributorCapBps < MIN_CONTRIBUTOR_CAP_BPS || s.contributorCapBps > MAX_BPS) {
            revert FeePolicy_BadContributorCap(s.contributorCapBps);
        }
        if (s.verbatimBps > MAX_VERBATIM_BPS || s.retrievalBps > MAX_RETRIEVAL_BPS) {
            revert FeePolicy_ChannelsTooHeavy(s.verbatimBps, s.retrievalBps);
        }
        if (s.fidelityFloorBps < MIN_FIDELITY_FLOOR_BPS || s.fidelityFloorBps > MAX_BPS) {
            revert FeePolicy_BadFidelityFloor(s.fidelityFloorBps);
        }
        FeePolicyStorage storage $ = _storage();
        // An upgrade that shortens the notice must not let a version overtake the one before it.
        Version storage before = $.versions[$.latest];
        if (effectiveAt < before.effectiveAt) effectiveAt = before.effectiveAt;
        before.supersededAt = effectiveAt;
        feeVersion = ++$.latest;
        $.versions[feeVersion] = Version({
            protocolFeeBps: s.protocolFeeBps,
            burnBps: s.burnBps,
            contributorCapBps: s.contributorCapBps,
            effectiveAt: effectiveAt,
            supersededAt: 0,
            verbatimBps: s.verbatimBps,
            retrievalBps: s.retrievalBps,
            fidelityFloorBps: s.fidelityFloorBps
        });
        emit FeeSet(
            feeVersion,
            s.protocolFeeBps,
            s.burnBps,
            s.contributorCapBps,
            s.verbatimBps,
            s.retrievalBps,
            s.fidelityFloorBps,
            effectiveAt,
            msg.sender
        );
    }

    function _version(
        uint32 feeVersion
    ) private view returns (Version memory v) {
        v = _storage().versions[feeVersion];
        if (v.effectiveAt == 0) revert FeePolicy_UnknownVersion(feeVersion);
    }

    function _feeOf(
        Version memory v
    ) private pure returns (Fee memory) {
        return Fee({
            protocolFeeBps: v.protocolFeeBps,
            burnBps: v.burnBps,
            contributorCapBps: v.contributorCapBps,
            verbatimBps: v.verbatimBps,
            retrievalBps: v.retrievalBps,
            fidelityFloorBps: v.fidelityFloorBps == 0 ? MAX_BPS : v.fidelityFloorBps,
            effectiveAt: v.effectiveAt
        });
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}

    function _storage() private pure returns (FeePolicyStorage storage $) {
        assembly ("memory-safe") {
            $.slot := FEE_POLICY_STORAGE
        }
    }
}
