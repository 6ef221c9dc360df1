// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IDatanetPool} from "./IDatanetPool.sol";

/// @title Pool of one datanet's contributors
/// @dev Minimal clones of one implementation, made by the registry. Money comes as plain transfers that call nothing
///      here; it is divided at the next call, always before the records change, so by the records of when it came.
///      What comes while there is no record waits for the next one.
contract DatanetPool is IDatanetPool {
    using SafeERC20 for IERC20;

    struct Share {
        uint64 records;
        uint192 owed; // wei, settled up to `index`
        uint256 index;
    }

    /// @dev Wei per record are kept in units of 2^-64.
    uint256 private constant PRECISION_BITS = 64;

    address public immutable registry;
    IERC20 public immutable token;

    /// @notice Wei that one record has earned since the start, times 2^64.
    uint256 public index;
    /// @notice Accepted records of all contributors.
    uint256 public totalRecords;
    /// @dev Part of the balance that the index has already divided.
    uint256 private _divided;
    mapping(address contributor => Share) private _shares;

    constructor(
        address registry_,
        IERC20 token_
    ) {
        registry = registry_;
        token = token_;
    }

    /// @inheritdoc IDatanetPool
    function addRecords(
        address contributor,
        uint32 records
    ) external {
        _settleForRegistry(contributor).records += records;
        totalRecords += records;
    }

    /// @inheritdoc IDatanetPool
    function removeRecords(
        address contributor,
        uint32 records
    ) external {
        _settleForRegistry(contributor).records -= records;
        totalRecords -= records;
    }

    /// @inheritdoc IDatanetPool
    function claim(
        address contributor
    ) external returns (uint256 amount) {
        _accrue();
        Share storage share = _settle(contributor);
        amount = share.owed;
        if (amount == 0) return 0;
        share.owed = 0;
        _divided -= amount;
        emit PoolClaimed(contributor, amount);
        token.safeTransfer(contributor, amount);
    }

    /// @inheritdoc IDatanetPool
    function claimable(
        address contributor
    ) external view returns (uint256) {
        Share storage share = _shares[contributor];
        (uint256 current,) = _current();
        return share.owed + _earned(share, current);
    }

    /// @return accepted records of `contributor`
    function recordsOf(
        address contributor
    ) external view returns (uint256) {
        return _shares[contributor].records;
    }

    /// @dev Divides what has come by the records as they were until now.
    function _settleForRegistry(
        address contributor
    ) private returns (Share storage share) {
        if (msg.sender != registry) revert DatanetPool_NotRegistry(msg.sender);
        _accrue();
        share = _settle(contributor);
    }

    function _accrue() private {
        (uint256 current, uint256 arrived) = _current();
        // slither-disable-next-line incorrect-equality (a wei that anyone sends is shared like any other)
        if (arrived == 0) return;
        index = current;
        _divided += arrived;
        emit PoolAccrued(arrived, totalRecords);
    }

    /// @return current index with what has arrived since; arrived wei that it divides
    function _current() private view returns (uint256 current, uint256 arrived) {
        current = index;
        if (totalRecords == 0) return (current, 0);
        arrived = token.balanceOf(address(this)) - _divided;
        current += (arrived << PRECISION_BITS) / totalRecords;
    }

    function _settle(
        address contributor
    ) private returns (Share storage share) {
        share = _shares[contributor];
        share.owed += uint192(_earned(share, index)); // OPEN fits 96 bits
        share.index = index;
    }

    function _earned(
        Share storage share,
        uint256 current
    ) private view returns (uint256) {
        return (share.records * (current - share.index)) >> PRECISION_BITS;
    }
}
