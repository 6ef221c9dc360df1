// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IModelMarket} from "./IModelMarket.sol";
import {IModelRegistry} from "./IModelRegistry.sol";

/// @title ModelMarket
/// @notice Fixed-price offers of models, without custody and without a fee.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      The approvals that owners and buyers give bind this contract as much as the allowance says: a buyer's app approves
///      the price of one model, an owner the one model.
contract ModelMarket is AccessManagedUpgradeable, UUPSUpgradeable, IModelMarket {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    IModelRegistry public immutable models;

    /// @custom:storage-location erc7201:openledger.storage.ModelMarket
    struct ModelMarketStorage {
        mapping(uint32 modelId => Listing) listings;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ModelMarket")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant MODEL_MARKET_STORAGE = 0x6ff43404b4274fec33156b459d21750f88fff00217030785ed5cfdfc35d4a400;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        IModelRegistry models_
    ) {
        token = token_;
        models = models_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IModelMarket
    function list(
        uint32 modelId,
        uint96 price,
        uint64 expiry
    ) external {
        if (_nft().ownerOf(modelId) != msg.sender) revert ModelMarket_NotOwner(modelId, msg.sender);
        if (!_isApproved(modelId, msg.sender)) revert ModelMarket_NotApproved(modelId);
        if (price == 0) revert ModelMarket_NoPrice();
        if (expiry <= block.timestamp) revert ModelMarket_InvalidExpiry(expiry);
        _modelMarket().listings[modelId] = Listing(msg.sender, price, expiry, models.transfersOf(modelId));
        emit Listed(modelId, msg.sender, price, expiry);
    }

    /// @inheritdoc IModelMarket
    function unlist(
        uint32 modelId
    ) external {
        if (_nft().ownerOf(modelId) != msg.sender) revert ModelMarket_NotOwner(modelId, msg.sender);
        Listing memory listing = _modelMarket().listings[modelId];
        if (listing.seller == address(0)) revert ModelMarket_NotListed(modelId);
        delete _modelMarket().listings[modelId];
        emit Unlisted(modelId, listing.seller);
    }

    /// @inheritdoc IModelMarket
    /// @dev Both transfers call nobody: OPEN has no hooks, and the model comes to a buyer that asked for it, so not by the
    ///      safe variant.
    function buy(
        uint32 modelId,
        Seen calldata seen
    ) external {
        Listing memory listing = _modelMarket().listings[modelId];
        if (listing.seller == address(0)) revert ModelMarket_NotListed(modelId);
        if (!_isOfOwner(modelId, listing)) revert ModelMarket_Stale(modelId);
        if (block.timestamp > listing.expiry) revert ModelMarket_Expired(modelId, listing.expiry);
        if (listing.seller == msg.sender) revert ModelMarket_OwnModel(modelId);
        if (listing.price > seen.maxPrice) revert ModelMarket_PriceAbove(listing.price, seen.maxPrice);
        (uint32 termsVersion, uint32 releaseCount) = (models.termsVersion(modelId), models.releaseCount(modelId));
        if (termsVersion != seen.termsVersion || releaseCount != seen.releaseCount) {
            revert ModelMarket_Changed(modelId, termsVersion, releaseCount);
        }
        if (!_isApproved(modelId, listing.seller)) revert ModelMarket_NotApproved(modelId);
        delete _modelMarket().listings[modelId];
        emit Sold(modelId, listing.seller, msg.sender, listing.price, termsVersion, releaseCount);
        token.safeTransferFrom(msg.sender, listing.seller, listing.price);
        _nft().transferFrom(listing.seller, msg.sender, modelId);
    }

    /// @inheritdoc IModelMarket
    function listingOf(
        uint32 modelId
    ) external view returns (Listing memory) {
        return _modelMarket().listings[modelId];
    }

    /// @inheritdoc IModelMarket
    function isForSale(
        uint32 modelId
    ) external view returns (bool) {
        Listing memory listing = _modelMarket().listings[modelId];
        return listing.seller != address(0) && block.timestamp <= listing.expiry && _isOfOwner(modelId, listing)
            && _isApproved(modelId, listing.seller);
    }

    /// @dev No transfer since it was listed, so the seller still owns it.
    function _isOfOwner(
        uint32 modelId,
        Listing memory listing
    ) private view returns (bool) {
        return models.transfersOf(modelId) == listing.transfers;
    }

    function _isApproved(
        uint32 modelId,
        address owner
    ) private view returns (bool) {
        return _nft().getApproved(modelId) == address(this) || _nft().isApprovedForAll(owner, address(this));
    }

    function _nft() private view returns (IERC721) {
        return IERC721(address(models));
    }

    function _modelMarket() private pure returns (ModelMarketStorage storage $) {
        assembly ("memory-safe") {
            $.slot := MODEL_MARKET_STORAGE
        }
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
