// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IOpenToken} from "../token/IOpenToken.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";

/// @title OperatorRegistry
/// @notice Staked operators: stake, signer, unbonding, and the lock behind pending batches.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      setLock and slash are for the Settlement contract, seize is for the Jury, both fixed at construction, so that no
///      role can be given to move a lock or take stake.
contract OperatorRegistry is IOperatorRegistry, AccessManagedUpgradeable, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    /// @inheritdoc IOperatorRegistry
    uint96 public constant LOCK_FACTOR = 2;
    /// @inheritdoc IOperatorRegistry
    uint16 public constant CHALLENGER_BPS = 2_000; // so that proving oneself wrong costs four fifths
    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    address public immutable settlement;
    address public immutable jury;
    /// @inheritdoc IOperatorRegistry
    uint96 public immutable minimumStake;
    /// @inheritdoc IOperatorRegistry
    uint64 public immutable unbondingPeriod;

    /// @dev Two slots; the lock shares its slot with the signer, which is never 0, so that it changes cheaply.
    struct Entry {
        address signer;
        uint96 locked;
        uint96 stake; // bonded, without `unbonding`
        uint96 unbonding;
        uint64 unbondedAt;
    }

    /// @custom:storage-location erc7201:openledger.storage.OperatorRegistry
    struct OperatorRegistryStorage {
        mapping(address operator => Entry) entries;
        mapping(address signer => address operator) operators;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.OperatorRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OPERATOR_REGISTRY_STORAGE =
        0x8f19727e9513357a1ff55deb0c48fdd14b76ae840c116864669bcbf3c6089800;

    /// @param token_ OPEN
    /// @param settlement_ the Settlement contract, which may not exist yet
    /// @param jury_ the Jury contract, which may not exist yet
    /// @param minimumStake_ wei that an active operator has bonded at least
    /// @param unbondingPeriod_ seconds
    constructor(
        IERC20 token_,
        address settlement_,
        address jury_,
        uint96 minimumStake_,
        uint64 unbondingPeriod_
    ) {
        token = token_;
        settlement = settlement_;
        jury = jury_;
        minimumStake = minimumStake_;
        unbondingPeriod = unbondingPeriod_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IOperatorRegistry
    function register(
        address signer,
        string calldata endpoint,
        string calldata metadataCid,
        uint96 stake
    ) external {
        Entry storage entry = _storage().entries[msg.sender];
        if (entry.signer != address(0)) revert OperatorRegistry_AlreadyRegistered(msg.sender);
        if (stake < minimumStake) revert OperatorRegistry_BelowMinimum(stake, minimumStake);
        _takeSigner(entry, signer);
        entry.stake = stake;
        emit OperatorRegistered(msg.sender, signer, endpoint, metadataCid);
        emit Staked(msg.sender, msg.sender, stake, stake);
        token.safeTransferFrom(msg.sender, address(this), stake);
    }

    /// @inheritdoc IOperatorRegistry
    function update(
        address signer,
        string calldata endpoint,
        string calldata metadataCid
    ) external {
        _takeSigner(_registered(msg.sender), signer);
        emit OperatorUpdated(msg.sender, signer, endpoint, metadataCid);
    }

    /// @inheritdoc IOperatorRegistry
    function addStake(
        address account,
        uint96 amount
    ) external {
        Entry storage entry = _registered(account);
        if (amount == 0) revert OperatorRegistry_ZeroAmount();
        uint96 stake = entry.stake + amount;
        entry.stake = stake;
        emit Staked(account, msg.sender, amount, stake);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IOperatorRegistry
    function unbond(
        uint96 amount
    ) external {
        Entry storage entry = _registered(msg.sender);
        if (amount == 0) revert OperatorRegistry_ZeroAmount();
        uint96 total = entry.stake + entry.unbonding;
        if (amount > total) revert OperatorRegistry_BeyondStake(amount, total);
        uint64 unbondedAt = uint64(block.timestamp) + unbondingPeriod;
        entry.stake = total - amount;
        entry.unbonding = amount;
        entry.unbondedAt = unbondedAt;
        emit UnbondingStarted(msg.sender, amount, unbondedAt);
    }

    /// @inheritdoc IOperatorRegistry
    function withdraw() external {
        Entry storage entry = _registered(msg.sender);
        uint96 amount = entry.unbonding;
        if (amount == 0) revert OperatorRegistry_NothingUnbonding(msg.sender);
        if (block.timestamp < entry.unbondedAt) revert OperatorRegistry_StillUnbonding(entry.unbondedAt);
        uint96 stake = entry.stake;
        if (entry.locked > stake) revert OperatorRegistry_StakeLocked(entry.locked, stake);
        entry.unbonding = 0;
        entry.unbondedAt = 0;
        emit Unbonded(msg.sender, amount, stake);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IOperatorRegistry
    function setLock(
        address account,
        uint96 pendingValue
    ) external {
        if (msg.sender != settlement) revert OperatorRegistry_NotSettlement(msg.sender);
        Entry storage entry = _storage().entries[account];
        uint96 locked = LOCK_FACTOR * pendingValue;
        // A falling lock is never refused: finality must not depend on what is left of the stake.
        if (locked > entry.locked) {
            uint96 stake = entry.stake + entry.unbonding;
            if (locked > stake) revert OperatorRegistry_StakeLocked(locked, stake);
        }
        entry.locked = locked;
    }

    /// @inheritdoc IOperatorRegistry
    function slash(
        address account,
        uint96 amount,
        address challenger
    ) external returns (uint96 slashed) {
        if (msg.sender != settlement) revert OperatorRegistry_NotSettlement(msg.sender);
        uint96 stake;
        uint96 unbonding;
        (slashed, stake, unbonding) = _take(account, amount);
        uint96 reward = uint96(uint256(slashed) * CHALLENGER_BPS / BPS); // the burn is what rounds up
        emit Slashed(account, challenger, slashed, reward, stake, unbonding);
        if (reward != 0) token.safeTransfer(challenger, reward);
        if (slashed != reward) IOpenToken(address(token)).burn(slashed - reward);
    }

    /// @inheritdoc IOperatorRegistry
    function seize(
        address account,
        uint96 amount
    ) external returns (uint96 seized) {
        if (msg.sender != jury) revert OperatorRegistry_NotJury(msg.sender);
        uint96 stake;
        uint96 unbonding;
        (seized, stake, unbonding) = _take(account, amount);
        emit Slashed(account, msg.sender, seized, seized, stake, unbonding);
        if (seized != 0) token.safeTransfer(msg.sender, seized);
    }

    /// @inheritdoc IOperatorRegistry
    function operator(
        address account
    ) external view returns (Operator memory) {
        Entry memory entry = _storage().entries[account];
        return Operator({
            signer: entry.signer,
            stake: entry.stake,
            unbonding: entry.unbonding,
            unbondedAt: entry.unbondedAt,
            locked: entry.locked,
            active: _isActive(entry)
        });
    }

    /// @inheritdoc IOperatorRegistry
    function isActive(
        address account
    ) external view returns (bool) {
        Entry memory entry = _storage().entries[account];
        return _isActive(entry);
    }

    /// @inheritdoc IOperatorRegistry
    function signerOf(
        address account
    ) external view returns (address) {
        return _storage().entries[account].signer;
    }

    /// @inheritdoc IOperatorRegistry
    function operatorOf(
        address signer
    ) external view returns (address) {
        return _storage().operators[signer];
    }

    /// @dev Also refuses another operator's account as signer, and keeps former signers taken.
    function _takeSigner(
        Entry storage entry,
        address signer
    ) private {
        if (signer == address(0)) revert OperatorRegistry_ZeroAddress();
        OperatorRegistryStorage storage $ = _storage();
        address taken = $.operators[signer];
        if (taken == address(0) && signer != msg.sender && $.entries[signer].signer != address(0)) taken = signer;
        if (taken != address(0) && taken != msg.sender) revert OperatorRegistry_SignerTaken(signer, taken);
        $.operators[signer] = msg.sender;
        entry.signer = signer;
    }

    /// @dev Takes what is there, up to `amount`.
    function _take(
        address account,
        uint96 amount
    ) private returns (uint96 taken, uint96 stake, uint96 unbonding) {
        Entry storage entry = _storage().entries[account];
        (stake, unbonding) = (entry.stake, entry.unbonding);
        taken = amount < stake + unbonding ? amount : stake + unbonding;
        // What is bonded goes first, so that an operator that stays must add stake before it can go on.
        uint96 fromStake = taken < stake ? taken : stake;
        stake -= fromStake;
        unbonding -= taken - fromStake;
        (entry.stake, entry.unbonding) = (stake, unbonding);
    }

    function _registered(
        address account
    ) private view returns (Entry storage entry) {
        entry = _storage().entries[account];
        if (entry.signer == address(0)) revert OperatorRegistry_NotRegistered(account);
    }

    function _isActive(
        Entry memory entry
    ) private view returns (bool) {
        return entry.signer != address(0) && entry.stake >= minimumStake;
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}

    function _storage() private pure returns (OperatorRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := OPERATOR_REGISTRY_STORAGE
        }
    }
}
