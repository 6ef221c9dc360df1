// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice OPEN on the L2: bridged ERC-20 with votes (timestamp clock) and permits; minted and burned by its bridge alone.
/// @dev Besides this: ERC-20, ERC-2612, ERC-3009, ERC-7802, ERC20Votes, ERC-6372.
interface IOpenToken {
    event BridgeMinted(address indexed to, uint256 amount);
    event BridgeBurned(address indexed from, uint256 amount);

    /// @notice Mints what was locked on L1. Only the bridge (on a development chain: the faucet's role).
    function mint(
        address to,
        uint256 amount
    ) external;

    /// @notice Burns what leaves for L1. Only the bridge.
    function burn(
        address from,
        uint256 amount
    ) external;

    /// @notice Burns the caller's own tokens.
    function burn(
        uint256 amount
    ) external;

    /// @notice What an authorised transfer (ERC-3009) moved; both zero for a nonce that was never used or was cancelled.
    /// @dev ERC-3009's own `authorizationState` is true for both, and says neither to whom nor how much.
    function authorizedTransfer(
        address from,
        bytes32 nonce
    ) external view returns (address to, uint96 value);
}
