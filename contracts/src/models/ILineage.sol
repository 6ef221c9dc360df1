// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Declaration, Derivation, Parent} from "../types/Lineage.sol";

/// @notice Which models are built from which, on what conditions, and the account through which parents are paid.
/// @dev Parents have a release and a child has none when it names them, and a model with a release names no parents any
///      more: so no model can ever be its own ancestor.
interface ILineage {
    error Lineage_NotOwner(uint32 modelId, address caller);
    error Lineage_NoLicence();
    /// @notice Of a model with parents, `minimumBps` and what it owes them are bounded alike.
    error Lineage_AboveCap(uint256 bps, uint16 most);
    /// @notice A parent's licence is to be kept: state this one, and ask the same of others.
    error Lineage_LicenceBound(uint32 modelId, bytes32 licence);
    /// @notice Its parents were named before; they stay.
    error Lineage_Declared(uint32 modelId);
    /// @notice Parents are named before the first release.
    error Lineage_Released(uint32 modelId);
    error Lineage_ParentCount(uint256 count);
    /// @notice Name each parent once, by rising model ids.
    error Lineage_OutOfOrder(uint32 parentId);
    error Lineage_NoRelease(uint32 parentId);
    error Lineage_NoDerivatives(uint32 parentId);
    /// @notice The parent's owner has changed the conditions since: look again.
    error Lineage_ConditionsChanged(uint32 parentId, uint32 version);
    error Lineage_ShareTooLow(uint32 parentId, uint16 shareBps, uint16 minimumBps);
    error Lineage_OtherLicence(uint32 parentId, bytes32 licence);
    error Lineage_TooDeep(uint256 depth);
    error Lineage_UnknownConditions(uint32 modelId, uint32 version);

    event DerivationStated(
        uint32 indexed modelId,
        uint32 indexed version,
        address indexed actor,
        bytes32 licence,
        uint16 minimumBps,
        bool allowed,
        bool sameLicence
    );
    event LineageDeclared(
        uint32 indexed modelId,
        address indexed account,
        address indexed actor,
        bytes32 licence,
        uint16 owedBps,
        uint8 depth,
        bool sameLicence
    );
    event ParentNamed(
        uint32 indexed modelId, uint32 indexed parentId, uint32 derivationVersion, uint16 shareBps, uint8 use
    );

    /// @notice States on what conditions others may build on a model from now on. Only its owner. Models that have named
    ///         it keep the conditions that they agreed to.
    function stateDerivation(
        uint32 modelId,
        Derivation calldata conditions
    ) external returns (uint32 version);

    /// @notice Names the parents of a model, once, before its first release. Only its owner, who then sets terms that pay
    ///         `account` at least what is owed: earlier ones can be bound by no receipt, and without there is no release.
    /// @param licence of the model, an SPDX id
    /// @param parents 1 to 8, by rising model ids
    /// @return account that the terms have to name as the parents', 0 if no parent asks for a share
    function nameParents(
        uint32 modelId,
        bytes32 licence,
        Parent[] calldata parents
    ) external returns (address account);

    /// @notice Passes on what lies in the parents' accounts of several models, in that order: children first, so that it
    ///         climbs. Anyone.
    function pay(
        uint32[] calldata modelIds
    ) external returns (uint256 paid);

    /// @return all zero if the model has named no parents
    function declarationOf(
        uint32 modelId
    ) external view returns (Declaration memory);
    function parentsOf(
        uint32 modelId
    ) external view returns (Parent[] memory);
    /// @return the conditions of that version, from 1
    function derivation(
        uint32 modelId,
        uint32 version
    ) external view returns (Derivation memory);
    /// @return version of the latest conditions, 0 if none were ever stated: then nobody may build on it
    function derivationVersion(
        uint32 modelId
    ) external view returns (uint32 version);
}
