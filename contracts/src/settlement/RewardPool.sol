// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IContributionVotes} from "../governance/IContributionVotes.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {Tree} from "../types/Settlement.sol";
import {IRewardPool} from "./IRewardPool.sol";

/// @title RewardPool
/// @notice Pays net fees and mints votes by cumulative claims.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      activate is for the Settlement contract, fixed at construction. The pool itself needs the role that may call ContributionVotes.mint.
contract RewardPool is IRewardPool, AccessManagedUpgradeable, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    IContributionVotes public immutable votes;
    address public immutable settlement;

    /// @dev An operator's stream of rewards. No operator's claims can take what another's callers paid: paidOut ≤ paidIn.
    struct Stream {
        bytes32 rewardsHash;
        uint96 paidIn;
        uint96 paidOut;
    }

    /// @dev What an account has had from an operator's stream, of all time; one slot.
    struct Claimed {
        uint96 amount;
        uint96 weight;
    }

    /// @custom:storage-location erc7201:openledger.storage.RewardPool
    struct RewardPoolStorage {
        mapping(address operator => Stream) streams;
        mapping(address operator => mapping(address account => Claimed)) claimed;
        mapping(address account => uint96) payoutThresholds;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.RewardPool")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REWARD_POOL_STORAGE = 0x8b7867f95a1675e45653fb67256f5af51e68fb291cc739a26ab3cff7add75b00;

    /// @param token_ OPEN
    /// @param settlement_ the Settlement contract, which may not exist yet
    constructor(
        IERC20 token_,
        IContributionVotes votes_,
        address settlement_
    ) {
        token = token_;
        settlement = settlement_;
        votes = votes_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IRewardPool
    function activate(
        address operator,
        uint32 batchIndex,
        Tree calldata rewards,
        uint96 net
    ) external {
        if (msg.sender != settlement) revert RewardPool_NotSettlement(msg.sender);
        Stream storage stream = _storage().streams[operator];
        uint96 paidIn = stream.paidIn + net;
        stream.paidIn = paidIn;
        stream.rewardsHash = keccak256(abi.encode(rewards)); // also refuses dirty bits
        emit RewardsActivated(operator, batchIndex, rewards.root, rewards.amount, rewards.weight, paidIn);
    }

    /// @inheritdoc IRewardPool
    function claim(
        Claim calldata c
    ) external returns (uint96 paid) {
        paid = _claim(c);
        if (paid == 0) revert RewardPool_NothingToClaim(c.operator, c.account);
    }

    /// @inheritdoc IRewardPool
    function claimMany(
        Claim[] calldata claims
    ) external returns (uint256 paid) {
        for (uint256 i = 0; i < claims.length; ++i) {
            paid += _claim(claims[i]);
        }
    }

    /// @inheritdoc IRewardPool
    function setPayoutThreshold(
        uint96 threshold
    ) external {
        _storage().payoutThresholds[msg.sender] = threshold;
        emit PayoutThresholdSet(msg.sender, threshold);
    }

    /// @inheritdoc IRewardPool
    function payoutThreshold(
        address account
    ) external view returns (uint96 threshold) {
        return _storage().payoutThresholds[account];
    }

    /// @inheritdoc IRewardPool
    function claimVotes(
        Claim calldata c
    ) external returns (uint96 minted) {
        _verify(c, c.operator, c.account, c.amount);
        Claimed storage had = _storage().claimed[c.operator][c.account];
        uint96 before = had.weight;
        if (c.weight <= before) revert RewardPool_NothingToClaim(c.operator, c.account);
        minted = c.weight - before;
        had.weight = c.weight;
        emit VotesClaimed(c.operator, c.account, minted, c.weight, msg.sender);
        votes.mint(c.account, minted);
    }

    /// @inheritdoc IRewardPool
    function claimed(
        address operator,
        address account
    ) external view returns (uint96 amount, uint96 weight) {
        Claimed storage had = _storage().claimed[operator][account];
        return (had.amount, had.weight);
    }

    /// @inheritdoc IRewardPool
    function liveRewards(
        address operator
    ) external view returns (bytes32 rewardsHash) {
        return _storage().streams[operator].rewardsHash;
    }

    /// @inheritdoc IRewardPool
    function funding(
        address operator
    ) external view returns (uint96 paidIn, uint96 paidOut) {
        Stream storage stream = _storage().streams[operator];
        return (stream.paidIn, stream.paidOut);
    }

    /// @return paid 0 if the account has had all it is owed
    function _claim(
        Claim calldata c
    ) private returns (uint96 paid) {
        (address operator, address account, uint96 amount) = (c.operator, c.account, c.amount);
        Stream storage stream = _verify(c, operator, account, amount);
        Claimed storage had = _storage().claimed[operator][account];
        uint96 before = had.amount;
        if (amount <= before) return 0;
        unchecked {
            paid = amount - before;
        }
        uint96 available = stream.paidIn - stream.paidOut;
        if (paid > available) revert RewardPool_BeyondFunding(operator, paid, available);
        had.amount = amount;
        stream.paidOut += paid;
        emit RewardClaimed(operator, account, paid, amount, msg.sender);
        token.safeTransfer(account, paid);
    }

    /// @dev The claim is a leaf of the operator's live tree, or this reverts.
    function _verify(
        Claim calldata c,
        address operator,
        address account,
        uint96 amount
    ) private view returns (Stream storage stream) {
        stream = _storage().streams[operator];
        bytes32 rewardsHash = _hash(c.rewards);
        bytes32 live = stream.rewardsHash;
        if (rewardsHash != live) revert RewardPool_StaleRewards(operator, rewardsHash, live);
        SumTree.Leaf memory leaf =
            SumTree.Leaf({key: uint256(uint160(account)) << 96, data: 0, amount: amount, weight: c.weight});
        if (!SumTree.verify(c.rewards, SumTree.REWARDS, leaf, c.index, c.proof)) {
            revert RewardPool_BadProof(operator, account);
        }
    }

    /// @dev keccak256(abi.encode(rewards)): a static struct lies in calldata as it is encoded.
    function _hash(
        Tree calldata rewards
    ) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, rewards, 128)
            hash := keccak256(at, 128)
        }
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}

    function _storage() private pure returns (RewardPoolStorage storage $) {
        assembly ("memory-safe") {
            $.slot := REWARD_POOL_STORAGE
        }
    }
}
