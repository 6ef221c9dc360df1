// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What the OP Stack's standard bridge asks of a token that it mints and burns.
/// @dev The interface id covers exactly these four functions.
interface IOptimismMintableERC20 {
    function remoteToken() external view returns (address);
    function bridge() external view returns (address);
    function mint(
        address to,
        uint256 amount
    ) external;
    function burn(
        address from,
        uint256 amount
    ) external;
}
