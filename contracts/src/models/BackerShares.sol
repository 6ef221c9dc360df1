// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IBackerShares} from "./IBackerShares.sol";

/// @title The backers' share of one model
/// @dev Minimal clones of one implementation, made by the proposals' contract. Money comes as plain transfers that call
///      nothing here (claims from the reward pool); it is divided at the next call, always before units move, so by the
///      holders of when it came. Units count from the start, minted or not: what a backer's units earned before it
///      fetched them is credited when it does.
contract BackerShares is ERC20Upgradeable, IBackerShares {
    using SafeERC20 for IERC20;

    struct Account {
        uint96 owed; // wei, settled up to `index`
        uint160 index;
    }

    /// @dev Wei per unit are kept in parts of 10^-36, since amounts are decimal; at most ten wei a unit, so 160 bits do.
    uint256 private constant PRECISION = 1e36;

    IERC20 public immutable token;
    IERC721 public immutable models;
    address public immutable proposals;

    /// @inheritdoc IBackerShares
    uint32 public modelId;
    uint96 private _units;
    uint96 private _cap;
    /// @dev Wei that backers have got or may claim.
    uint96 private _divided;
    /// @dev Wei beyond the cap that the owner has not been paid.
    uint96 private _ownersPart;
    /// @dev Part of the balance that is divided already.
    uint256 private _known;
    uint256 private _index;
    mapping(address account => Account) private _accounts;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        IERC721 models_,
        address proposals_
    ) {
        token = token_;
        models = models_;
        proposals = proposals_;
        _disableInitializers();
    }

    modifier onlyProposals() {
        if (msg.sender != proposals) revert BackerShares_NotProposals(msg.sender);
        _;
    }

    /// @inheritdoc IBackerShares
    function initialize(
        uint32 modelId_,
        string calldata name_,
        string calldata symbol_
    ) external onlyProposals initializer {
        __ERC20_init(name_, symbol_);
        modelId = modelId_;
    }

    /// @inheritdoc IBackerShares
    function start(
        uint96 units,
        uint96 cap
    ) external onlyProposals reinitializer(2) {
        (_units, _cap) = (units, cap);
        emit SharesStarted(modelId, units, cap);
    }

    /// @inheritdoc IBackerShares
    function mint(
        address backer,
        uint96 units
    ) external onlyProposals {
        _mint(backer, units);
    }

    /// @inheritdoc IBackerShares
    function claim(
        address account
    ) external returns (uint96 amount) {
        _accrue();
        _settle(account);
        amount = _accounts[account].owed;
        if (amount == 0) return 0;
        _accounts[account].owed = 0;
        _known -= amount;
        emit SharesClaimed(modelId, account, amount, msg.sender);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IBackerShares
    function payOwner() external returns (uint96 amount) {
        _accrue();
        amount = _ownersPart;
        if (amount == 0) return 0;
        _ownersPart = 0;
        _known -= amount;
        address owner = models.ownerOf(modelId);
        emit OwnerPaid(modelId, owner, amount, msg.sender);
        token.safeTransfer(owner, amount);
    }

    /// @inheritdoc IBackerShares
    function claimable(
        address account
    ) external view returns (uint96) {
        (uint96 toBackers,) = _arrived();
        uint256 index = _index + (_units == 0 ? 0 : uint256(toBackers) * PRECISION / _units);
        return _accounts[account].owed + _earned(balanceOf(account), index - _accounts[account].index);
    }

    /// @inheritdoc IBackerShares
    function progress() external view returns (uint96 units, uint96 cap, uint96 divided) {
        (uint96 toBackers,) = _arrived();
        return (_units, _cap, _divided + toBackers);
    }

    /// @inheritdoc IBackerShares
    function paidInFull() external view returns (bool) {
        (uint96 toBackers,) = _arrived();
        return _units != 0 && _divided + toBackers == _cap;
    }

    /// @dev Settles both sides by the units that they had until now.
    function _update(
        address from,
        address to,
        uint256 units
    ) internal override {
        _accrue();
        if (from == address(0)) _accounts[to].owed += _earned(units, _index);
        else _settle(from);
        _settle(to);
        super._update(from, to, units);
    }

    function _accrue() private {
        (uint96 toBackers, uint96 toOwner) = _arrived();
        if (toBackers == 0 && toOwner == 0) return;
        _index += uint256(toBackers) * PRECISION / _units;
        _divided += toBackers;
        _ownersPart += toOwner;
        _known += uint256(toBackers) + toOwner;
        emit SharesAccrued(modelId, toBackers, toOwner);
    }

    /// @dev What has come and is not divided yet. Nothing is before the start.
    function _arrived() private view returns (uint96 toBackers, uint96 toOwner) {
        if (_units == 0) return (0, 0);
        uint96 arrived = uint96(token.balanceOf(address(this)) - _known); // OPEN fits 96 bits
        uint96 room = _cap - _divided;
        toBackers = arrived < room ? arrived : room;
        toOwner = arrived - toBackers;
    }

    function _settle(
        address account
    ) private {
        Account storage a = _accounts[account];
        a.owed += _earned(balanceOf(account), _index - a.index);
        a.index = uint160(_index);
    }

    function _earned(
        uint256 units,
        uint256 growth
    ) private pure returns (uint96) {
        return uint96(units * growth / PRECISION);
    }
}
