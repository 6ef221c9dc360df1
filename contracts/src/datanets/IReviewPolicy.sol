// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Decides who may accept or reject a contribution. The registry asks it at each decision.
interface IReviewPolicy {
    /// @return whether `reviewer` may decide on a contribution of `contributor` to `datanetId` now
    function mayDecide(
        uint32 datanetId,
        uint32 contributionId,
        address contributor,
        address reviewer
    ) external view returns (bool);
}
