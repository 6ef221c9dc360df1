// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Tree} from "../types/Settlement.sol";

/// @notice Holds the net fees of final batches and pays them by cumulative claims; mints contribution votes likewise.
interface IRewardPool {
    struct Claim {
        address operator;
        Tree rewards; // the operator's live rewards tree
        address account;
        uint96 amount; // cumulative, of all time
        uint96 weight; // cumulative, of all time
        uint32 index; // of the leaf
        bytes proof; // 56 bytes per sibling (docs/wire.md)
    }

    event RewardsActivated(
        address indexed operator,
        uint32 indexed batchIndex,
        bytes32 rewardsRoot,
        uint96 amount,
        uint96 weight,
        uint96 funded
    );
    event RewardClaimed(
        address indexed operator, address indexed account, uint96 amount, uint96 cumulative, address actor
    );
    event PayoutThresholdSet(address indexed account, uint96 threshold);
    event VotesClaimed(
        address indexed operator, address indexed account, uint96 weight, uint96 cumulative, address actor
    );

    error RewardPool_NotSettlement(address caller);
    error RewardPool_StaleRewards(address operator, bytes32 rewardsHash, bytes32 liveRewards);
    error RewardPool_BadProof(address operator, address account);
    error RewardPool_NothingToClaim(address operator, address account);
    error RewardPool_BeyondFunding(address operator, uint96 owed, uint96 available);

    /// @notice Makes `rewards` the live tree of `operator`, funded with `net`. Only the settlement.
    function activate(
        address operator,
        uint32 batchIndex,
        Tree calldata rewards,
        uint96 net
    ) external;

    /// @notice Pays the account what it is owed under the operator's live tree. Anyone may call; the money goes to the account.
    function claim(
        Claim calldata c
    ) external returns (uint96 paid);

    /// @notice Several claims; those with nothing left to pay are skipped.
    function claimMany(
        Claim[] calldata claims
    ) external returns (uint256 paid);

    /// @notice Asks keepers to claim for the caller once an operator owes it at least `threshold` OPEN wei; 0 asks for nothing.
    /// @dev A wish, not a lock: anyone may claim for anyone at any time, and the money goes to the account in any case.
    function setPayoutThreshold(
        uint96 threshold
    ) external;

    /// @notice Mints the account's contribution votes.
    /// @dev What is owed in money is not touched, so a failure here (overflow of the votes) never blocks `claim`.
    function claimVotes(
        Claim calldata c
    ) external returns (uint96 minted);

    function claimed(
        address operator,
        address account
    ) external view returns (uint96 amount, uint96 weight);
    /// @return threshold OPEN wei from which keepers are asked to claim for the account; 0: never
    function payoutThreshold(
        address account
    ) external view returns (uint96 threshold);
    function liveRewards(
        address operator
    ) external view returns (bytes32 rewardsHash);
    /// @return paidIn total paid in for `operator`
    /// @return paidOut total paid out by claims
    function funding(
        address operator
    ) external view returns (uint96 paidIn, uint96 paidOut);
}
