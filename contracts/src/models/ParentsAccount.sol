// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {LargestRemainder} from "../libraries/LargestRemainder.sol";
import {Royalty} from "../types/Lineage.sol";
import {IParentsAccount} from "./IParentsAccount.sol";

/// @title ParentsAccount
/// @dev Minimal clones of one implementation with immutable arguments. Nobody has a right over one: not the models'
///      owners, not Lineage, no role; and an upgrade of Lineage does not reach it. Money comes as plain transfers (claims
///      from the reward pool, and accounts of children). It leaves by transfers of OPEN, which call nobody: no owner can
///      keep the others from being paid.
contract ParentsAccount is IParentsAccount {
    using SafeERC20 for IERC20;

    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    IERC721 public immutable models;

    /// @param token_ OPEN
    constructor(
        IERC20 token_,
        IERC721 models_
    ) {
        token = token_;
        models = models_;
    }

    /// @inheritdoc IParentsAccount
    /// @dev One level only: with eight parents on eight levels, all of them could not be paid in one call.
    function pay() external returns (uint96 paid) {
        (uint32 child, Royalty[] memory all) = _arguments();
        uint256[] memory parts = _divide(all);
        for (uint256 i; i < all.length; ++i) {
            if (parts[i] == 0) continue;
            Royalty memory r = all[i];
            uint256 toParents = parts[i] * r.owedBps / BPS;
            uint256 toOwner = parts[i] - toParents;
            paid += uint96(parts[i]); // OPEN fits 96 bits
            address owner = models.ownerOf(r.modelId);
            emit RoyaltyPaid(child, r.modelId, owner, uint96(toOwner), uint96(toParents), msg.sender);
            token.safeTransfer(owner, toOwner);
            if (toParents != 0) token.safeTransfer(r.account, toParents);
        }
    }

    /// @inheritdoc IParentsAccount
    function due() external view returns (uint256[] memory) {
        (, Royalty[] memory all) = _arguments();
        return _divide(all);
    }

    /// @inheritdoc IParentsAccount
    function modelId() external view returns (uint32 child) {
        (child,) = _arguments();
    }

    /// @inheritdoc IParentsAccount
    function royalties() external view returns (Royalty[] memory all) {
        (, all) = _arguments();
    }

    /// @dev Of parents with equal remainders the older model gets the wei.
    function _divide(
        Royalty[] memory all
    ) private view returns (uint256[] memory) {
        uint256[] memory shares = new uint256[](all.length);
        uint256[] memory ids = new uint256[](all.length);
        for (uint256 i; i < all.length; ++i) {
            (shares[i], ids[i]) = (all[i].shareBps, all[i].modelId);
        }
        return LargestRemainder.divide(token.balanceOf(address(this)), shares, ids);
    }

    function _arguments() private view returns (uint32 child, Royalty[] memory all) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (uint32, Royalty[]));
    }
}
