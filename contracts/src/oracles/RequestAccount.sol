// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IPaymentEscrow} from "../settlement/IPaymentEscrow.sol";
import {IRequestAccount} from "./IRequestAccount.sol";

/// @title RequestAccount
/// @dev Minimal clones of one implementation with immutable arguments. Nobody has a right over one: not the requester,
///      not InferenceRequests, no role.
contract RequestAccount is IRequestAccount {
    using SafeERC20 for IERC20;

    /// @dev In the order in which a clone's arguments are encoded.
    struct Arguments {
        address requester;
        address operator;
        address signer;
        uint96 cap;
        uint32 expiry;
    }

    IERC20 public immutable token;
    IPaymentEscrow public immutable escrow;

    /// @param token_ OPEN
    constructor(
        IERC20 token_,
        IPaymentEscrow escrow_
    ) {
        token = token_;
        escrow = escrow_;
    }

    /// @inheritdoc IRequestAccount
    function open() external {
        Arguments memory a = _arguments();
        escrow.authorizeSession(a.operator, a.signer, a.cap, a.expiry);
    }

    /// @inheritdoc IRequestAccount
    function reclaim() external returns (uint256 paid) {
        Arguments memory a = _arguments();
        IPaymentEscrow.Account memory held = escrow.account(address(this), a.operator);
        if (held.balance == 0) revert RequestAccount_NothingToReclaim(held.balance);
        // A thaw that runs is never started anew: nobody can put off what is due.
        if (held.thawing == 0) {
            escrow.thaw(a.operator, held.balance);
            return 0;
        }
        escrow.withdraw(a.operator);
        paid = token.balanceOf(address(this));
        token.safeTransfer(a.requester, paid);
    }

    /// @inheritdoc IRequestAccount
    function requester() external view returns (address) {
        return _arguments().requester;
    }

    /// @inheritdoc IRequestAccount
    function operator() external view returns (address) {
        return _arguments().operator;
    }

    /// @inheritdoc IRequestAccount
    function signer() external view returns (address) {
        return _arguments().signer;
    }

    /// @inheritdoc IRequestAccount
    function cap() external view returns (uint96) {
        return _arguments().cap;
    }

    /// @inheritdoc IRequestAccount
    function expiry() external view returns (uint32) {
        return _arguments().expiry;
    }

    function _arguments() private view returns (Arguments memory) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (Arguments));
    }
}
