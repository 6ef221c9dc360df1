// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Release, Terms} from "../types/Release.sol";
import {IBackerShares} from "./IBackerShares.sol";
import {IModelRegistry} from "./IModelRegistry.sol";

/// @title Models, their releases and terms
contract ModelRegistry is ERC721Upgradeable, AccessManagedUpgradeable, UUPSUpgradeable, IModelRegistry {
    uint256 private constant BPS = 10_000;

    struct Model {
        uint32 termsVersion;
        bool listed;
        bytes32[] releases;
        string cardCid;
        mapping(uint32 termsVersion => Terms) terms;
    }

    /// @dev First time an account got a model and last time it gave it away, Unix seconds.
    struct Tenure {
        uint64 since;
        uint64 until;
    }

    /// @dev What later terms must keep.
    struct BackersLock {
        address backers;
        uint16 backersBps;
    }

    /// @dev What later terms must keep, and the first version that does; one slot, which `addRelease` reads too.
    struct ParentsLock {
        address parents;
        uint16 parentsBps;
        uint32 termsFrom;
    }

    /// @custom:storage-location erc7201:openledger.storage.ModelRegistry
    struct ModelRegistryStorage {
        uint32 modelCount;
        mapping(uint32 modelId => Model) models;
        mapping(bytes32 releaseHash => uint32) modelOf;
        mapping(uint256 modelId => mapping(address owner => Tenure)) tenures;
        mapping(uint32 modelId => BackersLock) locks;
        mapping(uint256 modelId => uint32) transfers;
        mapping(uint32 modelId => ParentsLock) parentsLocks;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant MODEL_REGISTRY_STORAGE =
        0xcbe6ec4a17d7f9d3c5d1a39a9242e27975e309a89d123fc696d0e32b5bf57d00;

    function _modelRegistry() private pure returns (ModelRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := MODEL_REGISTRY_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_
    ) external initializer {
        __ERC721_init("OpenLedger Model", "MODEL");
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IModelRegistry
    function createModel(
        string calldata name_,
        string calldata cardCid,
        Terms calldata terms_
    ) external returns (uint32 modelId) {
        if (bytes(name_).length == 0) revert ModelRegistry_EmptyName();
        ModelRegistryStorage storage $ = _modelRegistry();
        modelId = ++$.modelCount;
        $.models[modelId].cardCid = cardCid;
        // not the safe variant, which would call the minter before the model has terms
        _mint(msg.sender, modelId);
        emit ModelCreated(modelId, msg.sender, name_, cardCid);
        _setTerms(modelId, terms_);
    }

    /// @inheritdoc IModelRegistry
    function setCard(
        uint32 modelId,
        string calldata cardCid
    ) external {
        _requireModelOwner(modelId).cardCid = cardCid;
        emit CardUpdated(modelId, msg.sender, cardCid);
    }

    /// @inheritdoc IModelRegistry
    function setListed(
        uint32 modelId,
        bool listed
    ) external {
        Model storage model = _requireModelOwner(modelId);
        if (model.releases.length == 0) revert ModelRegistry_NoRelease(modelId);
        model.listed = listed;
        emit ModelListed(modelId, msg.sender, listed);
    }

    /// @inheritdoc IModelRegistry
    function setTerms(
        uint32 modelId,
        Terms calldata terms_
    ) external returns (uint32) {
        _requireModelOwner(modelId);
        return _setTerms(modelId, terms_);
    }

    /// @inheritdoc IModelRegistry
    function lockBackers(
        uint32 modelId
    ) external restricted {
        Model storage model = _requireModelOwner(modelId);
        Terms storage t = model.terms[model.termsVersion];
        _modelRegistry().locks[modelId] = BackersLock(t.backers, t.backersBps);
        emit BackersLocked(modelId, t.backers, t.backersBps);
    }

    /// @inheritdoc IModelRegistry
    function lockParents(
        uint32 modelId,
        address parents,
        uint16 parentsBps
    ) external restricted {
        _requireOwned(modelId);
        Model storage model = _modelRegistry().models[modelId];
        if (model.releases.length != 0) revert ModelRegistry_Released(modelId);
        uint32 termsFrom = model.termsVersion + 1;
        _modelRegistry().parentsLocks[modelId] = ParentsLock(parents, parentsBps, termsFrom);
        emit ParentsLocked(modelId, parents, parentsBps, termsFrom);
    }

    /// @inheritdoc IModelRegistry
    /// @dev The caller needs the training role or, without a job, the model.
    function addRelease(
        uint32 modelId,
        Release calldata release,
        uint32 jobId,
        string calldata manifestCid
    ) external returns (bytes32 releaseHash) {
        if (jobId != 0) _checkCanCall(_msgSender(), _msgData());
        else if (_ownerOf(modelId) != msg.sender) _requireTraining(modelId);
        _requireOwned(modelId);
        ModelRegistryStorage storage $ = _modelRegistry();
        releaseHash = keccak256(abi.encode(release));
        uint32 existing = $.modelOf[releaseHash];
        if (existing != 0) revert ModelRegistry_ReleaseExists(releaseHash, existing);
        $.modelOf[releaseHash] = modelId;
        _requireParentsPaid(modelId);
        bytes32[] storage releases = $.models[modelId].releases;
        releases.push(releaseHash);
        _emitRelease(modelId, uint32(releases.length - 1), releaseHash, release, jobId, manifestCid);
    }

    /// @inheritdoc IModelRegistry
    function terms(
        uint32 modelId,
        uint32 version
    ) external view returns (Terms memory) {
        Model storage model = _modelRegistry().models[modelId];
        if (version == 0 || version > model.termsVersion) revert ModelRegistry_UnknownTerms(modelId, version);
        return model.terms[version];
    }

    /// @inheritdoc IModelRegistry
    function termsVersion(
        uint32 modelId
    ) external view returns (uint32) {
        return _modelRegistry().models[modelId].termsVersion;
    }

    /// @inheritdoc IModelRegistry
    function isBindable(
        uint32 modelId,
        uint32 version
    ) external view returns (bool) {
        ModelRegistryStorage storage $ = _modelRegistry();
        return version != 0 && version <= $.models[modelId].termsVersion && version >= $.parentsLocks[modelId].termsFrom;
    }

    /// @inheritdoc IModelRegistry
    function releaseCount(
        uint32 modelId
    ) external view returns (uint32) {
        return uint32(_modelRegistry().models[modelId].releases.length);
    }

    /// @inheritdoc IModelRegistry
    function releaseAt(
        uint32 modelId,
        uint32 releaseIndex
    ) external view returns (bytes32) {
        bytes32[] storage releases = _modelRegistry().models[modelId].releases;
        if (releaseIndex >= releases.length) revert ModelRegistry_NoRelease(modelId);
        return releases[releaseIndex];
    }

    /// @inheritdoc IModelRegistry
    function modelOf(
        bytes32 releaseHash
    ) external view returns (uint32) {
        return _modelRegistry().modelOf[releaseHash];
    }

    /// @inheritdoc IModelRegistry
    /// @dev Two words an owner instead of a history, which somebody could make too long to read. What lies between two
    ///      ownerships of one account counts as its own.
    function ownedBetween(
        uint32 modelId,
        address account,
        uint256 from,
        uint256 to
    ) external view returns (bool) {
        Tenure memory tenure = _modelRegistry().tenures[modelId][account];
        bool owns = account != address(0) && _ownerOf(modelId) == account;
        return tenure.since <= to && (owns || (tenure.since != 0 && tenure.until >= from));
    }

    /// @inheritdoc IModelRegistry
    function transfersOf(
        uint32 modelId
    ) external view returns (uint32) {
        return _modelRegistry().transfers[modelId];
    }

    /// @inheritdoc IModelRegistry
    function isListed(
        uint32 modelId
    ) external view returns (bool) {
        return _modelRegistry().models[modelId].listed;
    }

    /// @inheritdoc IModelRegistry
    function modelCount() external view returns (uint32) {
        return _modelRegistry().modelCount;
    }

    /// @inheritdoc IModelRegistry
    function backersOf(
        uint32 modelId
    ) external view returns (address backers, uint16 backersBps) {
        BackersLock memory lock = _modelRegistry().locks[modelId];
        return (lock.backers, lock.backersBps);
    }

    /// @inheritdoc IModelRegistry
    function parentsOf(
        uint32 modelId
    ) external view returns (address parents, uint16 parentsBps, uint32 termsFrom) {
        ParentsLock memory lock = _modelRegistry().parentsLocks[modelId];
        return (lock.parents, lock.parentsBps, lock.termsFrom);
    }

    /// @notice The model card on IPFS.
    function tokenURI(
        uint256 modelId
    ) public view override returns (string memory) {
        _requireOwned(modelId);
        return string.concat("ipfs://", _modelRegistry().models[uint32(modelId)].cardCid);
    }

    /// @dev Remembers owners, since what a receipt owes the developer is checked after a sale too.
    function _update(
        address to,
        uint256 modelId,
        address auth
    ) internal override returns (address from) {
        from = super._update(to, modelId, auth);
        mapping(address => Tenure) storage tenures = _modelRegistry().tenures[modelId];
        if (from != address(0)) {
            tenures[from].until = uint64(block.timestamp);
            ++_modelRegistry().transfers[modelId];
        }
        if (tenures[to].since == 0) tenures[to].since = uint64(block.timestamp);
    }

    function _setTerms(
        uint32 modelId,
        Terms calldata terms_
    ) private returns (uint32 version) {
        uint256 sum = uint256(terms_.operatorBps) + terms_.developerBps + terms_.parentsBps + terms_.backersBps
            + terms_.contributorsBps;
        if (sum != BPS) revert ModelRegistry_InvalidSplit(sum);
        BackersLock memory lock = _modelRegistry().locks[modelId];
        bool keeps = terms_.backers == lock.backers && terms_.backersBps >= lock.backersBps;
        if (lock.backers != address(0) && !keeps && !IBackerShares(lock.backers).paidInFull()) {
            revert ModelRegistry_BackersLocked(modelId, lock.backers, lock.backersBps);
        }
        ParentsLock memory owed = _modelRegistry().parentsLocks[modelId];
        bool pays = terms_.parents == owed.parents && terms_.parentsBps >= owed.parentsBps;
        if (owed.parents != address(0) && !pays) {
            revert ModelRegistry_ParentsUnpaid(modelId, owed.parents, owed.parentsBps);
        }
        Model storage model = _modelRegistry().models[modelId];
        version = ++model.termsVersion;
        model.terms[version] = terms_;
        _emitTerms(modelId, version, terms_);
    }

    /// @dev Apart, for the depth of the stack.
    function _emitRelease(
        uint32 modelId,
        uint32 index,
        bytes32 releaseHash,
        Release calldata release,
        uint32 jobId,
        string memory manifestCid
    ) private {
        emit ReleaseAdded(
            modelId,
            index,
            releaseHash,
            msg.sender,
            jobId,
            release.baseModel,
            release.adaptersHash,
            release.trainingLogRoot,
            release.indexRoot,
            release.indexRows,
            release.k,
            release.nullThreshold,
            manifestCid
        );
    }

    /// @dev Apart, for the depth of the stack.
    function _emitTerms(
        uint32 modelId,
        uint32 version,
        Terms calldata t
    ) private {
        emit TermsSet(
            modelId,
            version,
            msg.sender,
            t.operatorBps,
            t.developerBps,
            t.parentsBps,
            t.backersBps,
            t.contributorsBps,
            t.parents,
            t.backers,
            t.promptPrice,
            t.completionPrice,
            t.retrievalPrice,
            t.agentStepPrice
        );
    }

    function _requireModelOwner(
        uint32 modelId
    ) private view returns (Model storage) {
        if (_ownerOf(modelId) != msg.sender) revert ModelRegistry_NotOwner(modelId, msg.sender);
        return _modelRegistry().models[modelId];
    }

    /// @dev All terms since the lock pay them, so it is enough that there are any.
    function _requireParentsPaid(
        uint32 modelId
    ) private view {
        ParentsLock memory lock = _modelRegistry().parentsLocks[modelId];
        if (_modelRegistry().models[modelId].termsVersion < lock.termsFrom) {
            revert ModelRegistry_ParentsUnpaid(modelId, lock.parents, lock.parentsBps);
        }
    }

    /// @dev Strangers are told that the model is not theirs, rather than of a role that few know.
    function _requireTraining(
        uint32 modelId
    ) private view {
        (bool trains,) = AuthorityUtils.canCallWithDelay(authority(), msg.sender, address(this), msg.sig);
        if (!trains) revert ModelRegistry_NotOwner(modelId, msg.sender);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
