// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Declaration, Derivation, Parent, Royalty} from "../types/Lineage.sol";
import {ILineage} from "./ILineage.sol";
import {IModelRegistry} from "./IModelRegistry.sol";
import {IParentsAccount} from "./IParentsAccount.sol";

/// @title Lineage
/// @notice Models that are built from others, and what they owe them.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      The contract itself needs the lineage role, to hold a model's terms to its parents' account. No money lies here.
contract Lineage is AccessManagedUpgradeable, UUPSUpgradeable, ILineage {
    /// @notice Most parents of one model.
    uint256 public constant MAX_PARENTS = 8;
    /// @notice Most levels of ancestors above a model.
    uint256 public constant MAX_DEPTH = 8;
    /// @notice Most of its net fee that a model may owe to its parents, and that a parent may ask for: the other half is
    ///         for whoever answers, and for the data.
    uint16 public constant MAX_OWED_BPS = 5_000;

    IModelRegistry public immutable models;
    /// @notice What parents' accounts are clones of.
    address public immutable template;

    /// @custom:storage-location erc7201:openledger.storage.Lineage
    struct LineageStorage {
        mapping(uint32 modelId => Derivation[]) derivations;
        mapping(uint32 modelId => Declaration) declarations;
        mapping(uint32 modelId => Parent[]) parents;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Lineage")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant LINEAGE_STORAGE = 0xff321760c1204a9e7ae6b5deffd63d264d88b381c89fffad8ec774af9a6b1b00;

    /// @param template_ a ParentsAccount
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IModelRegistry models_,
        address template_
    ) {
        models = models_;
        template = template_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc ILineage
    function stateDerivation(
        uint32 modelId,
        Derivation calldata conditions
    ) external returns (uint32 version) {
        _requireOwner(modelId);
        if (conditions.licence == 0) revert Lineage_NoLicence();
        if (conditions.minimumBps > MAX_OWED_BPS) revert Lineage_AboveCap(conditions.minimumBps, MAX_OWED_BPS);
        Declaration storage own = _lineage().declarations[modelId];
        if (own.sameLicence && (conditions.licence != own.licence || !conditions.sameLicence)) {
            revert Lineage_LicenceBound(modelId, own.licence);
        }
        Derivation[] storage versions = _lineage().derivations[modelId];
        versions.push(conditions);
        version = uint32(versions.length);
        emit DerivationStated(
            modelId,
            version,
            msg.sender,
            conditions.licence,
            conditions.minimumBps,
            conditions.allowed,
            conditions.sameLicence
        );
    }

    /// @inheritdoc ILineage
    function nameParents(
        uint32 modelId,
        bytes32 licence,
        Parent[] calldata parents
    ) external returns (address account) {
        _requireOwner(modelId);
        if (licence == 0) revert Lineage_NoLicence();
        if (_lineage().declarations[modelId].licence != 0) revert Lineage_Declared(modelId);
        if (models.releaseCount(modelId) != 0) revert Lineage_Released(modelId);
        if (parents.length == 0 || parents.length > MAX_PARENTS) revert Lineage_ParentCount(parents.length);
        (Declaration memory d, Royalty[] memory royalties) = _agree(modelId, licence, parents);
        if (d.owedBps != 0) {
            bytes memory arguments = abi.encode(modelId, royalties);
            account = Clones.cloneDeterministicWithImmutableArgs(template, arguments, bytes32(uint256(modelId)));
            d.account = account;
            models.lockParents(modelId, account, d.owedBps);
        }
        _lineage().declarations[modelId] = d;
        emit LineageDeclared(modelId, account, msg.sender, licence, d.owedBps, d.depth, d.sameLicence);
    }

    /// @inheritdoc ILineage
    function pay(
        uint32[] calldata modelIds
    ) external returns (uint256 paid) {
        for (uint256 i; i < modelIds.length; ++i) {
            address account = _lineage().declarations[modelIds[i]].account;
            if (account != address(0)) paid += IParentsAccount(account).pay();
        }
    }

    /// @inheritdoc ILineage
    function declarationOf(
        uint32 modelId
    ) external view returns (Declaration memory) {
        return _lineage().declarations[modelId];
    }

    /// @inheritdoc ILineage
    function parentsOf(
        uint32 modelId
    ) external view returns (Parent[] memory) {
        return _lineage().parents[modelId];
    }

    /// @inheritdoc ILineage
    function derivation(
        uint32 modelId,
        uint32 version
    ) external view returns (Derivation memory) {
        if (version == 0 || version > derivationVersion(modelId)) revert Lineage_UnknownConditions(modelId, version);
        return _lineage().derivations[modelId][version - 1];
    }

    /// @inheritdoc ILineage
    function derivationVersion(
        uint32 modelId
    ) public view returns (uint32) {
        return uint32(_lineage().derivations[modelId].length);
    }

    /// @dev Holds the child to what each parent asks for, and adds up.
    function _agree(
        uint32 modelId,
        bytes32 licence,
        Parent[] calldata parents
    ) private returns (Declaration memory d, Royalty[] memory royalties) {
        LineageStorage storage $ = _lineage();
        royalties = new Royalty[](parents.length);
        d.licence = licence;
        uint256 owed;
        uint256 depth;
        uint32 last;
        for (uint256 i; i < parents.length; ++i) {
            Parent calldata p = parents[i];
            if (p.modelId <= last) revert Lineage_OutOfOrder(p.modelId);
            last = p.modelId;
            if (_checkConditions(p, licence)) d.sameLicence = true;
            Declaration storage above = $.declarations[p.modelId];
            if (above.depth > depth) depth = above.depth;
            owed += p.shareBps;
            royalties[i] = Royalty(p.modelId, p.shareBps, above.owedBps, above.account);
            $.parents[modelId].push(p);
            emit ParentNamed(modelId, p.modelId, p.derivationVersion, p.shareBps, uint8(p.use));
        }
        if (owed > MAX_OWED_BPS) revert Lineage_AboveCap(owed, MAX_OWED_BPS);
        if (++depth > MAX_DEPTH) revert Lineage_TooDeep(depth);
        (d.owedBps, d.depth) = (uint16(owed), uint8(depth));
    }

    /// @return whether the child's own children are bound to its licence too
    function _checkConditions(
        Parent calldata p,
        bytes32 licence
    ) private view returns (bool) {
        if (models.releaseCount(p.modelId) == 0) revert Lineage_NoRelease(p.modelId);
        uint32 version = derivationVersion(p.modelId);
        if (version == 0) revert Lineage_NoDerivatives(p.modelId);
        if (version != p.derivationVersion) revert Lineage_ConditionsChanged(p.modelId, version);
        Derivation memory conditions = _lineage().derivations[p.modelId][version - 1];
        if (!conditions.allowed) revert Lineage_NoDerivatives(p.modelId);
        if (p.shareBps < conditions.minimumBps) {
            revert Lineage_ShareTooLow(p.modelId, p.shareBps, conditions.minimumBps);
        }
        if (conditions.sameLicence && conditions.licence != licence) {
            revert Lineage_OtherLicence(p.modelId, conditions.licence);
        }
        return conditions.sameLicence;
    }

    function _requireOwner(
        uint32 modelId
    ) private view {
        if (IERC721(address(models)).ownerOf(modelId) != msg.sender) revert Lineage_NotOwner(modelId, msg.sender);
    }

    function _lineage() private pure returns (LineageStorage storage $) {
        assembly ("memory-safe") {
            $.slot := LINEAGE_STORAGE
        }
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
