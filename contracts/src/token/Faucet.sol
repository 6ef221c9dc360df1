// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IFaucet} from "./IFaucet.sol";

/// @title Faucet of development chains
/// @dev Gives from a pot that it was filled with; it may mint nothing.
contract Faucet is AccessManagedUpgradeable, UUPSUpgradeable, IFaucet {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:openledger.storage.Faucet
    struct FaucetStorage {
        IERC20 token;
        uint64 period;
        uint256 amount;
        mapping(address to => uint64) nextDrip;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Faucet")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant FAUCET_STORAGE = 0x064078091991177b7510a4839a1d8cbcaa924f8c6e1fa6d0beab9dc351c82500;

    function _faucet() private pure returns (FaucetStorage storage $) {
        assembly ("memory-safe") {
            $.slot := FAUCET_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param amount_ OPEN wei per drip
    /// @param period seconds between two drips to the same account
    function initialize(
        address authority_,
        IERC20 token,
        uint256 amount_,
        uint64 period
    ) external initializer {
        __AccessManaged_init(authority_);
        FaucetStorage storage $ = _faucet();
        $.token = token;
        $.amount = amount_;
        $.period = period;
    }

    /// @inheritdoc IFaucet
    function drip(
        address to
    ) external {
        FaucetStorage storage $ = _faucet();
        uint64 availableAt = $.nextDrip[to];
        if (block.timestamp < availableAt) revert Faucet_TooSoon(to, availableAt);
        uint256 balance = $.token.balanceOf(address(this));
        uint256 dripped = $.amount;
        if (balance < dripped) revert Faucet_Empty(balance);
        $.nextDrip[to] = uint64(block.timestamp) + $.period;
        emit Dripped(to, dripped);
        $.token.safeTransfer(to, dripped);
    }

    /// @inheritdoc IFaucet
    function nextDrip(
        address to
    ) external view returns (uint64) {
        return _faucet().nextDrip[to];
    }

    /// @inheritdoc IFaucet
    function amount() external view returns (uint256) {
        return _faucet().amount;
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
