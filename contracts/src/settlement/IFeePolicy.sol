// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Versioned protocol parameters that receipts and batches bind.
interface IFeePolicy {
    struct Fee {
        uint16 protocolFeeBps; // of every fee
        uint16 burnBps; // of the protocol fee; the rest goes to the treasury
        uint16 contributorCapBps; // most one contributor may get of the contributors' part of an answer
        uint64 effectiveAt;
    }

    event FeeSet(
        uint32 indexed feeVersion,
        uint16 protocolFeeBps,
        uint16 burnBps,
        uint16 contributorCapBps,
        uint64 effectiveAt,
        address actor
    );

    /// @notice Adds a version that takes effect after the notice period. Governance only.
    function setFee(uint16 protocolFeeBps, uint16 burnBps, uint16 contributorCapBps) external returns (uint32 feeVersion);

    function fee(uint32 feeVersion) external view returns (Fee memory);
    /// @return the latest version in effect
    function currentVersion() external view returns (uint32);
}
