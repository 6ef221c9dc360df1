// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ITreasury} from "./ITreasury.sol";

/// @title The protocol's OPEN
contract Treasury is AccessManagedUpgradeable, UUPSUpgradeable, ITreasury {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:openledger.storage.Treasury
    struct TreasuryStorage {
        IERC20 token;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Treasury")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant TREASURY_STORAGE = 0xcb90824e4250d0d05e30171e7241ad1fcf1139feebe12b65176c8cb6b0691e00;

    function _treasury() private pure returns (TreasuryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := TREASURY_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_,
        IERC20 token
    ) external initializer {
        __AccessManaged_init(authority_);
        _treasury().token = token;
    }

    /// @inheritdoc ITreasury
    function spend(
        address to,
        uint256 amount,
        string calldata purpose
    ) external restricted {
        if (to == address(0)) revert Treasury_NoRecipient();
        emit Spent(to, amount, purpose);
        _treasury().token.safeTransfer(to, amount);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
