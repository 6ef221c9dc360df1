// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Channels} from "../libraries/Channels.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TreeProofs} from "../libraries/TreeProofs.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {OpenedReceipt} from "../types/Proofs.sol";
import {BatchHeader} from "../types/Settlement.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {IRatings} from "./IRatings.sol";

/// @title Ratings
/// @notice What accounts that paid for a model's answers think of it. It holds no money and pays for nothing.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
contract Ratings is AccessManagedUpgradeable, UUPSUpgradeable, IRatings {
    uint8 public constant MAX_STARS = 5;
    /// @notice Bytes of a comment's CID, which any CID in use is shorter than.
    uint256 public constant MAX_COMMENT_CID = 100;

    ISettlement public immutable settlement;
    IModelRegistry public immutable models;

    /// @custom:storage-location erc7201:openledger.storage.Ratings
    struct RatingsStorage {
        mapping(uint32 modelId => mapping(address rater => Rating)) ratings;
        mapping(uint32 modelId => Tally) tallies;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Ratings")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant RATINGS_STORAGE = 0x546aebf8e295422c3f2309165a8ce4537e5bb5ce9ef9c0637f01784795a7d200;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        ISettlement settlement_,
        IModelRegistry models_
    ) {
        settlement = settlement_;
        models = models_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IRatings
    function rate(
        uint32 modelId,
        uint8 stars,
        string calldata commentCid,
        PaidAnswer calldata paid
    ) external {
        _requireFinal(paid.header);
        address operator = paid.header.body.operator;
        bytes32 receiptHash = _requirePaid(paid, operator);
        _requireModel(modelId, paid);
        if (operator == msg.sender) revert Ratings_OwnAnswer(operator);
        _set(modelId, stars, commentCid, Rating(0, paid.receipt.receipt.timestamp, 0, operator, receiptHash));
    }

    /// @inheritdoc IRatings
    function changeRating(
        uint32 modelId,
        uint8 stars,
        string calldata commentCid
    ) external {
        Rating memory rating = _ratings().ratings[modelId][msg.sender];
        if (rating.stars == 0) revert Ratings_NotRated(modelId, msg.sender);
        _set(modelId, stars, commentCid, rating);
    }

    /// @inheritdoc IRatings
    function ratingOf(
        uint32 modelId,
        address rater
    ) external view returns (Rating memory) {
        return _ratings().ratings[modelId][rater];
    }

    /// @inheritdoc IRatings
    function tallyOf(
        uint32 modelId
    ) external view returns (Tally memory) {
        return _ratings().tallies[modelId];
    }

    /// @dev The header is that of a batch whose window has passed. A void batch never gets there.
    function _requireFinal(
        BatchHeader calldata header
    ) private view {
        (address operator, uint32 batchIndex) = (header.body.operator, header.body.batchIndex);
        bytes32 given = keccak256(
            abi.encode(keccak256(abi.encode(header.body)), keccak256(abi.encode(header.rewards)), header.settledAt)
        );
        if (given != settlement.headerHash(operator, batchIndex)) revert Ratings_NotSettled(operator, batchIndex);
        ISettlement.OperatorBatches memory state = settlement.batches(operator);
        if (batchIndex <= state.finalized) return;
        // once its refunds are done a void batch is forgotten, but for its header: above `settled` until there is a next
        bool isVoid = batchIndex > state.settled || (state.voidedFrom != 0 && batchIndex >= state.voidedFrom);
        if (isVoid) revert Ratings_BatchVoid(operator, batchIndex);
        revert Ratings_NotFinal(operator, batchIndex);
    }

    /// @dev The receipt is in the batch, on a channel of the caller's, and cost something.
    function _requirePaid(
        PaidAnswer calldata paid,
        address operator
    ) private view returns (bytes32 receiptHash) {
        OpenedReceipt calldata opened = paid.receipt;
        // slither-disable-next-line unused-return (it reverts unless the leaf opens; its sums are not asked for)
        TreeProofs.open(paid.header.body.receipts, SumTree.RECEIPTS, opened.leaf);
        // slither-disable-next-line unused-return (the digest is for signatures only)
        (receiptHash,) = settlement.hashReceipt(opened.receipt);
        if (opened.leaf.data != receiptHash) revert Ratings_WrongReceipt(receiptHash, opened.leaf.data);
        bytes32 channel = Channels.id(msg.sender, operator, paid.signer);
        if (opened.receipt.channel != channel) revert Ratings_WrongPayer(channel, opened.receipt.channel);
        // the leaf's amount is what was collected; that the receipt says the same is a matter of fraud proofs
        if (opened.leaf.amount == 0) revert Ratings_NothingPaid(receiptHash);
    }

    /// @dev A release of the model took part in the answer.
    function _requireModel(
        uint32 modelId,
        PaidAnswer calldata paid
    ) private view {
        bytes32 given = keccak256(abi.encode(paid.composition));
        bytes32 expected = paid.receipt.receipt.compositionHash;
        if (given != expected) revert Ratings_WrongComposition(given, expected);
        uint256 parts = paid.composition.length;
        if (paid.part >= parts) revert Ratings_NoSuchPart(paid.part, parts);
        uint32 answered = models.modelOf(paid.composition[paid.part].releaseHash);
        if (answered != modelId || modelId == 0) revert Ratings_WrongModel(answered, modelId);
    }

    /// @param rating what it rests on
    function _set(
        uint32 modelId,
        uint8 stars,
        string calldata commentCid,
        Rating memory rating
    ) private {
        if (stars == 0 || stars > MAX_STARS) revert Ratings_InvalidStars(stars);
        if (bytes(commentCid).length > MAX_COMMENT_CID) revert Ratings_InvalidComment(bytes(commentCid).length);
        // From the answer until now: who gives a model away to rate it is refused, too.
        if (models.ownedBetween(modelId, msg.sender, rating.paidAt, block.timestamp)) {
            revert Ratings_OwnModel(modelId, msg.sender);
        }
        RatingsStorage storage $ = _ratings();
        uint8 before = $.ratings[modelId][msg.sender].stars;
        Tally memory tally = $.tallies[modelId];
        tally.stars = tally.stars + stars - before;
        if (before == 0) ++tally.count;
        $.tallies[modelId] = tally;
        (rating.stars, rating.ratedAt) = (stars, uint64(block.timestamp));
        $.ratings[modelId][msg.sender] = rating;
        emit Rated(modelId, msg.sender, rating.operator, stars, before, rating.receiptHash, commentCid);
    }

    function _ratings() private pure returns (RatingsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := RATINGS_STORAGE
        }
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
