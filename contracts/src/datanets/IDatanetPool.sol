// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Receives what no record explains and the slashed bonds of one datanet, and pays them to its accepted
///         contributors in proportion to accepted records at the time the money arrived.
interface IDatanetPool {
    error DatanetPool_NotRegistry(address caller);

    event PoolAccrued(uint256 amount, uint256 records);
    event PoolClaimed(address indexed contributor, uint256 amount);

    /// @notice Counts newly accepted records. Only the registry.
    function addRecords(
        address contributor,
        uint32 records
    ) external;

    /// @notice Counts revoked records no more; what they have earned stays owed. Only the registry.
    function removeRecords(
        address contributor,
        uint32 records
    ) external;

    /// @notice Pays `contributor` what it is owed; anyone may call, the money goes to the contributor.
    function claim(
        address contributor
    ) external returns (uint256 amount);

    function claimable(
        address contributor
    ) external view returns (uint256);
}
