// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ITreasury} from "./ITreasury.sol";

/// @title The protocol's OPEN
/// @notice What streams are owed stays in here and is never given away twice: payments and new streams come out of `free`.
/// @dev Restricted functions (AccessManager):
///      | function                                          | who                      |
///      |---------------------------------------------------|--------------------------|
///      | spend, spendOn, openStream, endStream, setBudget  | treasury timelock        |
///      | upgradeToAndCall                                  | upgrade timelock (admin) |
contract Treasury is AccessManagedUpgradeable, UUPSUpgradeable, ITreasury {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:openledger.storage.Treasury
    struct TreasuryStorage {
        IERC20 token;
        uint32 streamCount;
        uint256 promised; // wei: the sum of total - withdrawn over all streams
        mapping(uint32 id => Stream) streams; // from 1
        mapping(bytes32 category => Budget) budgets;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Treasury")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant TREASURY_STORAGE = 0xcb90824e4250d0d05e30171e7241ad1fcf1139feebe12b65176c8cb6b0691e00;

    function _treasury() private pure returns (TreasuryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := TREASURY_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_,
        IERC20 token
    ) external initializer {
        __AccessManaged_init(authority_);
        _treasury().token = token;
    }

    /// @inheritdoc ITreasury
    function spend(
        address to,
        uint256 amount,
        string calldata purpose
    ) external restricted {
        _spend(0, to, amount, purpose);
    }

    /// @inheritdoc ITreasury
    function spendOn(
        bytes32 category,
        address to,
        uint256 amount,
        string calldata purpose
    ) external restricted {
        _spend(category, to, amount, purpose);
    }

    /// @inheritdoc ITreasury
    function openStream(
        bytes32 category,
        address recipient,
        uint96 total,
        uint48 start,
        uint48 duration,
        string calldata purpose
    ) external restricted returns (uint32 id) {
        if (total == 0 || duration == 0) revert Treasury_InvalidStream();
        _charge(category, recipient, total);
        TreasuryStorage storage $ = _treasury();
        if (start == 0) start = uint48(block.timestamp);
        id = ++$.streamCount;
        $.promised += total;
        $.streams[id] = Stream(recipient, total, 0, start, duration, 0);
        emit StreamOpened(id, recipient, category, total, start, duration, purpose);
    }

    /// @inheritdoc ITreasury
    function endStream(
        uint32 id
    ) external restricted {
        TreasuryStorage storage $ = _treasury();
        Stream memory stream = _stream(id);
        uint96 vested = _vested(stream);
        uint96 returned = stream.total - vested;
        // slither-disable-next-line incorrect-equality (nothing left to return is exactly what is meant)
        if (returned == 0) revert Treasury_StreamOver(id);
        $.promised -= returned;
        ($.streams[id].total, $.streams[id].endedAt) = (vested, uint48(block.timestamp));
        emit StreamEnded(id, vested, returned);
    }

    /// @inheritdoc ITreasury
    function setBudget(
        bytes32 category,
        uint96 cap,
        uint32 period
    ) external restricted {
        Budget storage budget = _treasury().budgets[category];
        if (period != budget.period) (budget.period, budget.used, budget.index) = (period, 0, _index(period));
        budget.cap = cap;
        emit BudgetSet(category, cap, period);
    }

    /// @inheritdoc ITreasury
    function withdraw(
        uint32 id
    ) external returns (uint96 amount) {
        TreasuryStorage storage $ = _treasury();
        Stream memory stream = _stream(id);
        amount = _vested(stream) - stream.withdrawn;
        // slither-disable-next-line incorrect-equality (whoever makes it nonzero by a wei is paid that wei)
        if (amount == 0) revert Treasury_NothingVested(id);
        $.promised -= amount;
        $.streams[id].withdrawn = stream.withdrawn + amount;
        emit StreamWithdrawn(id, amount);
        $.token.safeTransfer(stream.recipient, amount);
    }

    /// @inheritdoc ITreasury
    function vestedOf(
        uint32 id
    ) external view returns (uint96) {
        return _vested(_stream(id));
    }

    /// @inheritdoc ITreasury
    function streamOf(
        uint32 id
    ) external view returns (Stream memory) {
        return _stream(id);
    }

    /// @inheritdoc ITreasury
    function streamCount() external view returns (uint32) {
        return _treasury().streamCount;
    }

    /// @inheritdoc ITreasury
    function budgetOf(
        bytes32 category
    ) external view returns (Budget memory budget) {
        budget = _treasury().budgets[category];
        uint32 index = _index(budget.period);
        if (index != budget.index) (budget.used, budget.index) = (0, index);
    }

    /// @inheritdoc ITreasury
    function promised() external view returns (uint256) {
        return _treasury().promised;
    }

    /// @inheritdoc ITreasury
    function free() public view returns (uint256) {
        TreasuryStorage storage $ = _treasury();
        return $.token.balanceOf(address(this)) - $.promised;
    }

    function _spend(
        bytes32 category,
        address to,
        uint256 amount,
        string calldata purpose
    ) private {
        _charge(category, to, amount);
        emit Spent(to, category, amount, purpose);
        _treasury().token.safeTransfer(to, amount);
    }

    /// @dev What every payment and stream must pass: it has a recipient, is not promised already, and is within its budget.
    function _charge(
        bytes32 category,
        address to,
        uint256 amount
    ) private {
        if (to == address(0)) revert Treasury_NoRecipient();
        uint256 left = free();
        if (amount > left) revert Treasury_NotFree(amount, left);
        Budget storage budget = _treasury().budgets[category];
        (uint96 cap, uint96 used, uint32 period) = (budget.cap, budget.used, budget.period);
        if (period == 0) return;
        uint32 index = _index(period);
        if (index != budget.index) (used, budget.index) = (0, index);
        // a cap may have been set below what was used
        left = cap > used ? cap - used : 0;
        if (amount > left) revert Treasury_OverBudget(category, amount, left);
        budget.used = used + uint96(amount);
    }

    /// @dev Rounded down, so that no part is paid before its second is over; the last second brings the rest.
    function _vested(
        Stream memory stream
    ) private view returns (uint96) {
        if (stream.endedAt != 0) return stream.total;
        if (block.timestamp <= stream.start) return 0;
        uint256 passed = block.timestamp - stream.start;
        if (passed >= stream.duration) return stream.total;
        return uint96(uint256(stream.total) * passed / stream.duration);
    }

    function _stream(
        uint32 id
    ) private view returns (Stream memory stream) {
        stream = _treasury().streams[id];
        if (stream.recipient == address(0)) revert Treasury_NoSuchStream(id);
    }

    function _index(
        uint32 period
    ) private view returns (uint32) {
        return period == 0 ? 0 : uint32(block.timestamp / period);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
