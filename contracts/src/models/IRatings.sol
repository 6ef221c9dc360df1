// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OpenedReceipt} from "../types/Proofs.sol";
import {BatchHeader, Component} from "../types/Settlement.sol";

/// @notice Ratings of models by accounts that paid for their answers: each shows a receipt of the model, with a fee, in a
///         batch that is final. One rating for each model and payer, which its author may change.
interface IRatings {
    /// @dev An account's rating of a model.
    struct Rating {
        uint8 stars; // 1 to 5; 0: none
        uint32 paidAt; // of the receipt that was shown, Unix seconds
        uint64 ratedAt; // Unix seconds
        address operator; // that answered
        bytes32 receiptHash;
    }

    /// @dev Of all ratings of a model; the mean is stars / count.
    struct Tally {
        uint64 stars;
        uint32 count;
    }

    /// @notice A paid answer.
    struct PaidAnswer {
        BatchHeader header; // of the batch that settled the receipt
        OpenedReceipt receipt;
        Component[] composition; // whole, as the receipt's compositionHash is taken over it
        uint256 part; // which of them is a release of the model
        address signer; // of the channel; the payer or a session key
    }

    /// @param starsBefore 0 for a first rating
    event Rated(
        uint32 indexed modelId,
        address indexed rater,
        address indexed operator,
        uint8 stars,
        uint8 starsBefore,
        bytes32 receiptHash,
        string commentCid
    );

    error Ratings_InvalidStars(uint8 stars);
    error Ratings_InvalidComment(uint256 bytes_);
    error Ratings_NotSettled(address operator, uint32 batchIndex);
    error Ratings_BatchVoid(address operator, uint32 batchIndex);
    error Ratings_NotFinal(address operator, uint32 batchIndex);
    error Ratings_WrongReceipt(bytes32 given, bytes32 expected);
    error Ratings_WrongPayer(bytes32 given, bytes32 expected);
    error Ratings_NothingPaid(bytes32 receiptHash);
    error Ratings_WrongComposition(bytes32 given, bytes32 expected);
    error Ratings_NoSuchPart(uint256 part, uint256 parts);
    error Ratings_WrongModel(uint32 given, uint32 modelId);
    /// @notice The rater owned the model when it was paid for, or since.
    error Ratings_OwnModel(uint32 modelId, address rater);
    error Ratings_OwnAnswer(address operator);
    error Ratings_NotRated(uint32 modelId, address rater);

    /// @notice Rates a model, or replaces the caller's rating of it, on the strength of a receipt.
    /// @param stars 1 to 5
    /// @param commentCid document on IPFS, "" for none
    function rate(
        uint32 modelId,
        uint8 stars,
        string calldata commentCid,
        PaidAnswer calldata paid
    ) external;

    /// @notice Changes the caller's rating, which rests on the receipt shown before.
    function changeRating(
        uint32 modelId,
        uint8 stars,
        string calldata commentCid
    ) external;

    function ratingOf(
        uint32 modelId,
        address rater
    ) external view returns (Rating memory);

    function tallyOf(
        uint32 modelId
    ) external view returns (Tally memory);
}
