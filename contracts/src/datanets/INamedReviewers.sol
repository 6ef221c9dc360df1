// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IReviewPolicy} from "./IReviewPolicy.sol";

/// @notice The simplest policy: reviewers named by the datanet's provider; nobody reviews their own contribution.
interface INamedReviewers is IReviewPolicy {
    error NamedReviewers_NotProvider(uint32 datanetId, address caller);

    event ReviewerSet(uint32 indexed datanetId, address indexed reviewer, bool named, address actor);

    /// @notice Names or removes a reviewer. Only the datanet's provider.
    function setReviewer(
        uint32 datanetId,
        address reviewer,
        bool named
    ) external;

    function isReviewer(
        uint32 datanetId,
        address reviewer
    ) external view returns (bool);
}
