// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Models for sale at a fixed price in OPEN. Neither the model nor the money ever lies here: the owner approves
///         this contract for the model, the buyer for the price, and both change hands in one transaction.
/// @dev What a receipt owes is owed to accounts: what the seller earned before the sale stays the seller's, and is claimed
///      as before. Backers, contributors and parents stand in the terms, which a sale does not touch.
interface IModelMarket {
    /// @dev An owner's offer. It holds for that ownership only: once the model changes hands it is dead, even if it comes
    ///      back.
    struct Listing {
        address seller; // 0: never listed
        uint96 price; // wei
        uint64 expiry; // Unix seconds; can be bought until then
        uint32 transfers; // of the model, when it was listed
    }

    /// @notice What a buyer saw of the model when deciding.
    struct Seen {
        uint96 maxPrice; // wei
        uint32 termsVersion;
        uint32 releaseCount;
    }

    event Listed(uint32 indexed modelId, address indexed seller, uint96 price, uint64 expiry);
    event Unlisted(uint32 indexed modelId, address indexed seller);
    event Sold(
        uint32 indexed modelId,
        address indexed seller,
        address indexed buyer,
        uint96 price,
        uint32 termsVersion,
        uint32 releaseCount
    );

    error ModelMarket_NotOwner(uint32 modelId, address caller);
    /// @notice Approve this contract for the model first.
    error ModelMarket_NotApproved(uint32 modelId);
    error ModelMarket_NoPrice();
    error ModelMarket_InvalidExpiry(uint64 expiry);
    error ModelMarket_NotListed(uint32 modelId);
    /// @notice The model has changed hands since; its owner would have to list it anew.
    error ModelMarket_Stale(uint32 modelId);
    error ModelMarket_Expired(uint32 modelId, uint64 expiry);
    error ModelMarket_OwnModel(uint32 modelId);
    error ModelMarket_PriceAbove(uint96 price, uint96 maxPrice);
    /// @notice The seller has added terms or releases since the buyer looked: look again.
    error ModelMarket_Changed(uint32 modelId, uint32 termsVersion, uint32 releaseCount);

    /// @notice Offers a model, or changes price and expiry of the offer. Only its owner, who has approved this contract.
    /// @param price wei, above 0
    /// @param expiry Unix seconds, in the future
    function list(
        uint32 modelId,
        uint96 price,
        uint64 expiry
    ) external;

    /// @notice Takes the offer back. Only the model's owner.
    function unlist(
        uint32 modelId
    ) external;

    /// @notice Buys a model that is listed: the price goes from the caller to the seller, the model to the caller. The
    ///         caller has approved this contract for the price.
    /// @param seen what the buyer agreed to: any later terms or release, and any higher price, stop the sale
    function buy(
        uint32 modelId,
        Seen calldata seen
    ) external;

    /// @notice The last offer, whether or not it still holds.
    function listingOf(
        uint32 modelId
    ) external view returns (Listing memory);

    /// @return whether `buy` would find the offer good now, the approval of this contract included
    function isForSale(
        uint32 modelId
    ) external view returns (bool);
}
