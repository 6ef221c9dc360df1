// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Release, Terms} from "../types/Release.sol";

/// @notice Models as ERC-721: an owner (the developer), immutable releases, versioned terms.
interface IModelRegistry {
    error ModelRegistry_EmptyName();
    error ModelRegistry_NotOwner(uint32 modelId, address caller);
    error ModelRegistry_NoRelease(uint32 modelId);
    /// @notice The five shares must sum to 10,000.
    error ModelRegistry_InvalidSplit(uint256 sum);
    error ModelRegistry_ReleaseExists(bytes32 releaseHash, uint32 modelId);
    error ModelRegistry_UnknownTerms(uint32 modelId, uint32 termsVersion);
    /// @notice New terms must keep paying the model's backers until they have all that they were promised.
    error ModelRegistry_BackersLocked(uint32 modelId, address backers, uint16 backersBps);
    /// @notice Parents are named before the first release.
    error ModelRegistry_Released(uint32 modelId);
    /// @notice Set terms that name this account as the parents' and give it at least so much; then add the release.
    error ModelRegistry_ParentsUnpaid(uint32 modelId, address parents, uint16 parentsBps);

    event ModelCreated(uint32 indexed modelId, address indexed developer, string name, string cardCid);
    event CardUpdated(uint32 indexed modelId, address indexed developer, string cardCid);
    event ModelListed(uint32 indexed modelId, address indexed developer, bool listed);
    event ReleaseAdded(
        uint32 indexed modelId,
        uint32 indexed releaseIndex,
        bytes32 indexed releaseHash,
        address actor,
        uint32 jobId,
        bytes32 baseModel,
        bytes32 adaptersHash,
        bytes32 trainingLogRoot,
        bytes32 indexRoot,
        uint32 indexRows,
        uint32 k,
        int32 nullThreshold,
        string manifestCid
    );
    event BackersLocked(uint32 indexed modelId, address indexed backers, uint16 backersBps);
    event ParentsLocked(uint32 indexed modelId, address indexed parents, uint16 parentsBps, uint32 termsFrom);
    event TermsSet(
        uint32 indexed modelId,
        uint32 indexed termsVersion,
        address indexed developer,
        uint16 operatorBps,
        uint16 developerBps,
        uint16 parentsBps,
        uint16 backersBps,
        uint16 contributorsBps,
        address parents,
        address backers,
        uint64 promptPrice,
        uint64 completionPrice,
        uint64 retrievalPrice,
        uint64 agentStepPrice
    );

    /// @notice Mints a model to the caller.
    function createModel(
        string calldata name,
        string calldata cardCid,
        Terms calldata terms
    ) external returns (uint32 modelId);

    function setCard(
        uint32 modelId,
        string calldata cardCid
    ) external;

    /// @notice Shows the model on the marketplace, or hides it. Only its owner; needs a release.
    function setListed(
        uint32 modelId,
        bool listed
    ) external;

    /// @notice Adds a version of the terms; receipts bind the version, earlier ones stay readable. Only the owner.
    function setTerms(
        uint32 modelId,
        Terms calldata terms
    ) external returns (uint32 termsVersion);

    /// @notice Keeps the backers' account and share of the current terms in all later ones, until that account (an
    ///         IBackerShares) is paid in full. The model's owner, which needs the proposals' role.
    function lockBackers(
        uint32 modelId
    ) external;

    /// @notice Makes all later terms pay the parents' account at least so much, and voids the terms so far: without new
    ///         ones there is no release. For models without any release; the contract of lineages.
    function lockParents(
        uint32 modelId,
        address parents,
        uint16 parentsBps
    ) external;

    /// @notice Adds a release. The training contract for attested jobs; the owner for builds made elsewhere, and the agents'
    ///         contract for versions of an agent (jobId 0).
    /// @param manifestCid JSON on IPFS that opens every hash of the release
    function addRelease(
        uint32 modelId,
        Release calldata release,
        uint32 jobId,
        string calldata manifestCid
    ) external returns (bytes32 releaseHash);

    function terms(
        uint32 modelId,
        uint32 termsVersion
    ) external view returns (Terms memory);
    function termsVersion(
        uint32 modelId
    ) external view returns (uint32);
    /// @return whether a receipt may bind that version of the terms: it is there, and not from before the model named
    ///         its parents
    function isBindable(
        uint32 modelId,
        uint32 termsVersion
    ) external view returns (bool);
    function releaseCount(
        uint32 modelId
    ) external view returns (uint32);
    function releaseAt(
        uint32 modelId,
        uint32 releaseIndex
    ) external view returns (bytes32 releaseHash);
    /// @return modelId 0 if the release is unknown
    function modelOf(
        bytes32 releaseHash
    ) external view returns (uint32 modelId);
    /// @return whether the account owned the model at some time of that span, in Unix seconds
    function ownedBetween(
        uint32 modelId,
        address account,
        uint256 from,
        uint256 to
    ) external view returns (bool);
    /// @return how often the model has changed hands: two equal numbers say that its owner has not changed in between
    function transfersOf(
        uint32 modelId
    ) external view returns (uint32);
    function isListed(
        uint32 modelId
    ) external view returns (bool);
    function modelCount() external view returns (uint32);
    /// @return backers account that the terms must name, 0 if none; it stays when it is paid in full
    /// @return backersBps share that they must give it at least
    function backersOf(
        uint32 modelId
    ) external view returns (address backers, uint16 backersBps);
    /// @return parents account that the terms must name, 0 if none
    /// @return parentsBps share that they must give it at least
    /// @return termsFrom first version of the terms that does
    function parentsOf(
        uint32 modelId
    ) external view returns (address parents, uint16 parentsBps, uint32 termsFrom);
}
