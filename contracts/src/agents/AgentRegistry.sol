// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {IOpenToken} from "../token/IOpenToken.sol";
import {Terms} from "../types/Release.sol";
import {AgentRelease} from "./AgentRelease.sol";
import {IAgentRegistry} from "./IAgentRegistry.sol";

/// @title AgentRegistry
/// @notice Agents, the versions of their manifests, and their stake.
/// @dev Restricted functions (AccessManager):
///      | function         | who                                  |
///      |------------------|--------------------------------------|
///      | slash            | agents' timelock                     |
///      | retire           | agents' timelock, beside the owner   |
///      | upgradeToAndCall | upgrade timelock (admin)             |
///      The contract itself needs the training role: it adds releases to models that their creators own.
contract AgentRegistry is IAgentRegistry, AccessManagedUpgradeable, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    IModelRegistry public immutable models;
    /// @inheritdoc IAgentRegistry
    uint96 public immutable minimumStake;
    /// @inheritdoc IAgentRegistry
    uint64 public immutable cooldown;

    struct Manifest {
        bytes32 hash;
        string cid;
    }

    struct Entry {
        uint32 modelId;
        uint32 version;
        AgentState state;
        uint96 stake; // without `unbonding`
        uint96 unbonding;
        uint64 unbondsAt;
        mapping(uint32 version => Manifest) manifests;
    }

    /// @custom:storage-location erc7201:openledger.storage.AgentRegistry
    struct AgentRegistryStorage {
        uint32 agentCount;
        mapping(uint32 agentId => Entry) entries;
        mapping(uint32 modelId => uint32 agentId) agents;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AgentRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant AGENT_REGISTRY_STORAGE =
        0xcd0312cc5914ec1a85ed4dc2a9b6755ca8e572607da561376b7b6561c7fbae00;

    /// @param token_ OPEN
    /// @param minimumStake_ wei that an active agent has staked at least
    /// @param cooldown_ seconds that stake takes to unbond: longer than a decision to slash it
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        IModelRegistry models_,
        uint96 minimumStake_,
        uint64 cooldown_
    ) {
        token = token_;
        models = models_;
        minimumStake = minimumStake_;
        cooldown = cooldown_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IAgentRegistry
    function create(
        string calldata name,
        string calldata manifestCid,
        bytes32 manifestHash,
        Terms calldata terms
    ) external returns (uint32 agentId) {
        _checkTerms(terms);
        AgentRegistryStorage storage $ = _storage();
        agentId = ++$.agentCount;
        uint32 modelId = models.createModel(name, manifestCid, terms);
        Entry storage entry = $.entries[agentId];
        entry.modelId = modelId;
        entry.state = AgentState.Paused;
        $.agents[modelId] = agentId;
        emit AgentCreated(agentId, modelId, msg.sender, name);
        _addVersion(agentId, entry, manifestCid, manifestHash);
        // not the safe variant, which would call a creator that is a contract
        IERC721(address(models)).transferFrom(address(this), msg.sender, modelId);
    }

    /// @inheritdoc IAgentRegistry
    function update(
        uint32 agentId,
        string calldata manifestCid,
        bytes32 manifestHash
    ) external returns (uint32) {
        Entry storage entry = _owned(agentId);
        _requireNotRetired(agentId, entry);
        return _addVersion(agentId, entry, manifestCid, manifestHash);
    }

    /// @inheritdoc IAgentRegistry
    function addStake(
        uint32 agentId,
        uint96 amount
    ) external {
        Entry storage entry = _known(agentId);
        _requireNotRetired(agentId, entry);
        if (amount == 0) revert AgentRegistry_ZeroAmount();
        uint96 stake = entry.stake + amount;
        entry.stake = stake;
        emit AgentStaked(agentId, msg.sender, amount, stake);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IAgentRegistry
    function activate(
        uint32 agentId
    ) external {
        Entry storage entry = _owned(agentId);
        if (entry.state != AgentState.Paused) revert AgentRegistry_InvalidState(agentId, entry.state);
        if (entry.stake < minimumStake) revert AgentRegistry_BelowMinimum(entry.stake, minimumStake);
        entry.state = AgentState.Active;
        emit AgentActivated(agentId, msg.sender);
    }

    /// @inheritdoc IAgentRegistry
    function pause(
        uint32 agentId
    ) external {
        Entry storage entry = _owned(agentId);
        if (entry.state != AgentState.Active) revert AgentRegistry_InvalidState(agentId, entry.state);
        entry.state = AgentState.Paused;
        emit AgentPaused(agentId, msg.sender);
    }

    /// @inheritdoc IAgentRegistry
    function retire(
        uint32 agentId
    ) external {
        Entry storage entry = _known(agentId);
        if (_ownerOf(entry) != msg.sender) {
            (bool decided,) = AuthorityUtils.canCallWithDelay(authority(), msg.sender, address(this), msg.sig);
            if (!decided) revert AgentRegistry_NotOwner(agentId, msg.sender);
        }
        _requireNotRetired(agentId, entry);
        entry.state = AgentState.Retired;
        emit AgentRetired(agentId, msg.sender);
        if (entry.stake != 0) _unstake(agentId, entry, entry.stake);
    }

    /// @inheritdoc IAgentRegistry
    function unstake(
        uint32 agentId,
        uint96 amount
    ) external {
        Entry storage entry = _owned(agentId);
        if (amount == 0) revert AgentRegistry_ZeroAmount();
        if (amount > entry.stake) revert AgentRegistry_BeyondStake(amount, entry.stake);
        _unstake(agentId, entry, amount);
        _pauseBelowMinimum(agentId, entry);
    }

    /// @inheritdoc IAgentRegistry
    function withdraw(
        uint32 agentId
    ) external {
        Entry storage entry = _owned(agentId);
        uint96 amount = entry.unbonding;
        if (amount == 0) revert AgentRegistry_NothingUnbonding(agentId);
        if (block.timestamp < entry.unbondsAt) revert AgentRegistry_StillUnbonding(entry.unbondsAt);
        entry.unbonding = 0;
        entry.unbondsAt = 0;
        emit AgentWithdrawn(agentId, msg.sender, amount, entry.stake);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IAgentRegistry
    /// @dev Burned whole: nobody gains by deciding that somebody else loses.
    function slash(
        uint32 agentId,
        uint96 amount,
        string calldata reason
    ) external restricted returns (uint96 slashed) {
        Entry storage entry = _known(agentId);
        if (amount == 0) revert AgentRegistry_ZeroAmount();
        (uint96 stake, uint96 unbonding) = (entry.stake, entry.unbonding);
        slashed = amount < stake + unbonding ? amount : stake + unbonding;
        // What is staked goes first, so that an agent that stays must add stake before it can go on.
        uint96 fromStake = slashed < stake ? slashed : stake;
        stake -= fromStake;
        unbonding -= slashed - fromStake;
        (entry.stake, entry.unbonding) = (stake, unbonding);
        if (unbonding == 0) entry.unbondsAt = 0;
        emit AgentSlashed(agentId, msg.sender, slashed, stake, unbonding, reason);
        _pauseBelowMinimum(agentId, entry);
        if (slashed != 0) IOpenToken(address(token)).burn(slashed);
    }

    /// @inheritdoc IAgentRegistry
    function agent(
        uint32 agentId
    ) external view returns (Agent memory) {
        Entry storage entry = _storage().entries[agentId];
        Manifest storage manifest = entry.manifests[entry.version];
        return Agent({
            modelId: entry.modelId,
            version: entry.version,
            state: entry.state,
            stake: entry.stake,
            unbonding: entry.unbonding,
            unbondsAt: entry.unbondsAt,
            manifestHash: manifest.hash,
            manifestCid: manifest.cid
        });
    }

    /// @inheritdoc IAgentRegistry
    function agentCount() external view returns (uint32) {
        return _storage().agentCount;
    }

    /// @inheritdoc IAgentRegistry
    function agentOfModel(
        uint32 modelId
    ) external view returns (uint32) {
        return _storage().agents[modelId];
    }

    /// @inheritdoc IAgentRegistry
    function manifestAt(
        uint32 agentId,
        uint32 version
    ) external view returns (bytes32 manifestHash, string memory manifestCid, bytes32 releaseHash) {
        Entry storage entry = _storage().entries[agentId];
        if (version == 0 || version > entry.version) revert AgentRegistry_UnknownVersion(agentId, version);
        Manifest storage manifest = entry.manifests[version];
        manifestHash = manifest.hash;
        manifestCid = manifest.cid;
        releaseHash = AgentRelease.hash(manifestHash, agentId, version);
    }

    function _addVersion(
        uint32 agentId,
        Entry storage entry,
        string calldata manifestCid,
        bytes32 manifestHash
    ) private returns (uint32 version) {
        if (bytes(manifestCid).length == 0 || manifestHash == 0) revert AgentRegistry_EmptyManifest();
        version = ++entry.version;
        entry.manifests[version] = Manifest(manifestHash, manifestCid);
        bytes32 releaseHash =
            models.addRelease(entry.modelId, AgentRelease.release(manifestHash, agentId, version), 0, manifestCid);
        emit AgentUpdated(agentId, version, releaseHash, manifestHash, manifestCid, msg.sender);
    }

    function _unstake(
        uint32 agentId,
        Entry storage entry,
        uint96 amount
    ) private {
        uint96 stake = entry.stake - amount;
        uint96 unbonding = entry.unbonding + amount;
        uint64 unbondsAt = uint64(block.timestamp) + cooldown;
        (entry.stake, entry.unbonding, entry.unbondsAt) = (stake, unbonding, unbondsAt);
        emit AgentUnstaked(agentId, msg.sender, amount, stake, unbonding, unbondsAt);
    }

    function _pauseBelowMinimum(
        uint32 agentId,
        Entry storage entry
    ) private {
        if (entry.state != AgentState.Active || entry.stake >= minimumStake) return;
        entry.state = AgentState.Paused;
        emit AgentPaused(agentId, msg.sender);
    }

    /// @dev A run's steps are all that an agent charges: what its models and datanets earn is on their own receipts.
    function _checkTerms(
        Terms calldata terms
    ) private pure {
        bool split = uint256(terms.operatorBps) + terms.developerBps == BPS
            && terms.parentsBps | terms.backersBps | terms.contributorsBps == 0 && terms.parents == address(0)
            && terms.backers == address(0);
        bool priced = terms.promptPrice | terms.completionPrice | terms.retrievalPrice == 0;
        if (!split || !priced) revert AgentRegistry_InvalidTerms();
    }

    function _known(
        uint32 agentId
    ) private view returns (Entry storage entry) {
        entry = _storage().entries[agentId];
        if (entry.state == AgentState.None) revert AgentRegistry_UnknownAgent(agentId);
    }

    function _owned(
        uint32 agentId
    ) private view returns (Entry storage entry) {
        entry = _known(agentId);
        if (_ownerOf(entry) != msg.sender) revert AgentRegistry_NotOwner(agentId, msg.sender);
    }

    function _ownerOf(
        Entry storage entry
    ) private view returns (address) {
        return IERC721(address(models)).ownerOf(entry.modelId);
    }

    function _requireNotRetired(
        uint32 agentId,
        Entry storage entry
    ) private view {
        if (entry.state == AgentState.Retired) revert AgentRegistry_InvalidState(agentId, AgentState.Retired);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}

    function _storage() private pure returns (AgentRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := AGENT_REGISTRY_STORAGE
        }
    }
}
