// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Development chains only: gives anyone OPEN to try things with, once per period.
interface IFaucet {
    /// @notice `to` has been served; come back at `availableAt`.
    error Faucet_TooSoon(address to, uint64 availableAt);
    /// @notice The pot holds less than one drip.
    error Faucet_Empty(uint256 balance);

    event Dripped(address indexed to, uint256 amount);

    function drip(
        address to
    ) external;
    function nextDrip(
        address to
    ) external view returns (uint64);
    function amount() external view returns (uint256);
}
