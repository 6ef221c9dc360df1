// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The protocol's OPEN; spends only what its timelock executes.
interface ITreasury {
    error Treasury_NoRecipient();

    event Spent(address indexed to, uint256 amount, string purpose);

    /// @notice Pays OPEN. Only the treasury timelock.
    function spend(
        address to,
        uint256 amount,
        string calldata purpose
    ) external;
}
