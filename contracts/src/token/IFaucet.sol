// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Development chains only: gives anyone OPEN to try things with, once per period.
interface IFaucet {
    event Dripped(address indexed to, uint256 amount);

    function drip(address to) external;
    function nextDrip(address to) external view returns (uint64);
    function amount() external view returns (uint256);
}
