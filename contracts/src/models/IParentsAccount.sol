// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Royalty} from "../types/Lineage.sol";

/// @notice The parents' share of one model's fees: whatever comes is divided among the parents as they were declared.
interface IParentsAccount {
    /// @param owner of the parent now
    /// @param toOwner wei
    /// @param toParents wei that the parent owes to its own parents, now in their account
    event RoyaltyPaid(
        uint32 indexed modelId,
        uint32 indexed parentId,
        address indexed owner,
        uint96 toOwner,
        uint96 toParents,
        address actor
    );

    /// @notice Pays all that is here on: to each parent's owner of now and to its own parents' account. Anyone.
    /// @return paid wei, 0 if nothing has come
    function pay() external returns (uint96 paid);

    /// @return wei that each parent would be paid now, in the order of `royalties`, what it passes on included
    function due() external view returns (uint256[] memory);
    function modelId() external view returns (uint32);
    function royalties() external view returns (Royalty[] memory);
}
