// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";

/// @notice A pause that ends by itself, and that cannot start again before as long a time has passed: payers' thaw is
///         longer than the longest pause and a settlement period, so a pause never lets one side cheat the other.
/// @dev Restricted: pause, unpause (guardian).
abstract contract BoundedPause is AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:openledger.storage.BoundedPause
    struct PauseStorage {
        uint64 pausedUntil;
        uint64 mayPauseAt;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.BoundedPause")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PAUSE_STORAGE = 0x30e5376aba6d7617c4a7f0692a591ccf396fa419f756af7490ea64332251bc00;

    /// @notice Seconds that a pause lasts at most.
    uint64 public immutable longestPause;

    event Paused(uint64 until, address actor);
    event Unpaused(address actor);

    error BoundedPause_Paused(uint64 until);
    error BoundedPause_NotPaused();
    error BoundedPause_TooSoon(uint64 mayPauseAt);

    /// @param longestPause_ seconds
    constructor(
        uint64 longestPause_
    ) {
        longestPause = longestPause_;
    }

    modifier whenNotPaused() {
        _requireNotPaused();
        _;
    }

    /// @notice Stops what is new until the longest pause has passed or `unpause` is called. Only the guardian.
    function pause() external restricted {
        PauseStorage storage $ = _pauseStorage();
        if (block.timestamp < $.mayPauseAt) revert BoundedPause_TooSoon($.mayPauseAt);
        uint64 until = uint64(block.timestamp) + longestPause;
        $.pausedUntil = until;
        $.mayPauseAt = until + longestPause;
        emit Paused(until, msg.sender);
    }

    /// @notice Ends a pause early. Only the guardian.
    function unpause() external restricted {
        PauseStorage storage $ = _pauseStorage();
        if (block.timestamp >= $.pausedUntil) revert BoundedPause_NotPaused();
        $.pausedUntil = uint64(block.timestamp);
        emit Unpaused(msg.sender);
    }

    /// @return whether new business is stopped now
    function paused() external view returns (bool) {
        return block.timestamp < _pauseStorage().pausedUntil;
    }

    function _requireNotPaused() internal view {
        uint64 until = _pauseStorage().pausedUntil;
        if (block.timestamp < until) revert BoundedPause_Paused(until);
    }

    function _pauseStorage() private pure returns (PauseStorage storage $) {
        assembly ("memory-safe") {
            $.slot := PAUSE_STORAGE
        }
    }
}
