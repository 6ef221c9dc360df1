// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Versioned protocol parameters that receipts and batches bind.
interface IFeePolicy {
    /// @dev How fees are split (docs/allocation.md).
    struct Split {
        uint16 protocolFeeBps; // of every fee
        uint16 burnBps; // of the protocol fee; the rest goes to the treasury
        uint16 contributorCapBps; // most one contributor may get of the contributors' part of an answer
        uint16 verbatimBps; // of that part, where the whole answer stands word for word in records
        uint16 retrievalBps; // of that part, where passages that were looked up explain the whole answer
        uint16 fidelityFloorBps; // of what is left to influence, where nothing shows how faithful its measure is
    }

    struct Fee {
        uint16 protocolFeeBps;
        uint16 burnBps;
        uint16 contributorCapBps;
        uint16 verbatimBps;
        uint16 retrievalBps;
        uint16 fidelityFloorBps;
        uint64 effectiveAt;
    }

    event FeeSet(
        uint32 indexed feeVersion,
        uint16 protocolFeeBps,
        uint16 burnBps,
        uint16 contributorCapBps,
        uint16 verbatimBps,
        uint16 retrievalBps,
        uint16 fidelityFloorBps,
        uint64 effectiveAt,
        address actor
    );

    error FeePolicy_ProtocolFeeTooHigh(uint16 protocolFeeBps);
    error FeePolicy_BurnTooHigh(uint16 burnBps);
    error FeePolicy_BadContributorCap(uint16 contributorCapBps);
    error FeePolicy_ChannelsTooHeavy(uint16 verbatimBps, uint16 retrievalBps);
    error FeePolicy_BadFidelityFloor(uint16 fidelityFloorBps);
    error FeePolicy_UnknownVersion(uint32 feeVersion);
    error FeePolicy_NotInEffect(uint32 feeVersion, uint64 effectiveAt);
    error FeePolicy_Superseded(uint32 feeVersion, uint64 until);

    /// @notice Adds a version that takes effect after the notice period. Governance only.
    function setFee(
        Split calldata split
    ) external returns (uint32 feeVersion);

    /// @notice A version, in effect or not. Reverts when there is none.
    function fee(
        uint32 feeVersion
    ) external view returns (Fee memory);

    /// @notice Protocol fee of a version that batches may be settled under now: in effect, and not superseded for longer than
    ///         the grace. Reverts for any other.
    function settleableFee(
        uint32 feeVersion
    ) external view returns (uint16 protocolFeeBps);

    /// @return the latest version in effect
    function currentVersion() external view returns (uint32);
    /// @return the latest version, in effect or still under notice
    function latestVersion() external view returns (uint32);
    /// @return seconds between setting a version and its effect
    function notice() external view returns (uint64);
    /// @return seconds for which receipts of a superseded version can still be settled
    function grace() external view returns (uint64);
}
