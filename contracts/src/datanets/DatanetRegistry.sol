// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {RisingIds} from "../libraries/RisingIds.sol";
import {IDatanetPool} from "./IDatanetPool.sol";
import {IDatanetRegistry} from "./IDatanetRegistry.sol";
import {IReviewPolicy} from "./IReviewPolicy.sol";
import {VersionTree} from "./VersionTree.sol";

/// @title Datanets, their contributions and versions
contract DatanetRegistry is AccessManagedUpgradeable, UUPSUpgradeable, IDatanetRegistry {
    using RisingIds for uint32[];
    using SafeERC20 for IERC20;

    /// @notice Accepted contributions of one datanet; keeps `publish` near 6 M gas.
    uint256 public constant MAX_CONTRIBUTIONS = 1024;
    uint32 public constant MAX_RECORDS = 20_000;
    uint32 public constant MAX_BYTES = 16 << 20;
    uint16 public constant MAX_SCORE = 10_000;

    /// @custom:storage-location erc7201:openledger.storage.DatanetRegistry
    struct DatanetRegistryStorage {
        IERC20 token;
        uint64 reviewPeriod;
        uint32 datanetCount;
        address poolImplementation;
        uint32 contributionCount;
        mapping(uint32 datanetId => Datanet) datanets;
        mapping(uint32 contributionId => Contribution) contributions;
        mapping(uint32 contributionId => uint64) revealedAt;
        mapping(uint32 datanetId => mapping(address contributor => bool)) allowed;
        mapping(uint32 datanetId => uint32[]) accepted; // rising
        mapping(uint32 datanetId => uint256) published; // no longer used: its slot stays taken
        mapping(uint32 datanetId => mapping(uint32 version => bytes32)) roots;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.DatanetRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant DATANET_REGISTRY_STORAGE =
        0x89e21eb98a99ad74696ff9cc7f797d53cf7230fa3926bb449dd08a57f81bef00;

    function _datanetRegistry() private pure returns (DatanetRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := DATANET_REGISTRY_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param reviewPeriod_ seconds after a reveal from which an unreviewed bond may be taken back
    function initialize(
        address authority_,
        IERC20 token,
        address poolImplementation,
        uint64 reviewPeriod_
    ) external initializer {
        __AccessManaged_init(authority_);
        DatanetRegistryStorage storage $ = _datanetRegistry();
        $.token = token;
        $.poolImplementation = poolImplementation;
        $.reviewPeriod = reviewPeriod_;
    }

    /// @inheritdoc IDatanetRegistry
    /// @dev Strings in memory, for the depth of the stack.
    function create(
        Policy policy,
        bool retrievalAllowed,
        uint96 bond,
        address reviewPolicy,
        string memory name,
        string memory domain,
        string memory licence,
        string memory metadataCid
    ) external returns (uint32 datanetId) {
        if (bytes(name).length == 0) revert DatanetRegistry_EmptyName();
        if (reviewPolicy.code.length == 0) revert DatanetRegistry_InvalidReviewPolicy(reviewPolicy);
        datanetId = ++_datanetRegistry().datanetCount;
        address pool = Clones.cloneDeterministic(_datanetRegistry().poolImplementation, bytes32(uint256(datanetId)));
        _datanetRegistry().datanets[datanetId] = Datanet({
            provider: msg.sender,
            reviewPolicy: reviewPolicy,
            pool: pool,
            policy: policy,
            retrievalAllowed: retrievalAllowed,
            versions: 0,
            records: 0,
            bond: bond
        });
        emit DatanetCreated(
            datanetId,
            msg.sender,
            reviewPolicy,
            pool,
            policy,
            retrievalAllowed,
            bond,
            name,
            domain,
            licence,
            metadataCid
        );
    }

    /// @inheritdoc IDatanetRegistry
    function allow(
        uint32 datanetId,
        address contributor,
        bool allowed
    ) external {
        _requireProvider(datanetId);
        _datanetRegistry().allowed[datanetId][contributor] = allowed;
        emit ContributorAllowed(datanetId, contributor, allowed, msg.sender);
    }

    /// @inheritdoc IDatanetRegistry
    function commit(
        uint32 datanetId,
        bytes32 commitment
    ) external returns (uint32 contributionId) {
        DatanetRegistryStorage storage $ = _datanetRegistry();
        Datanet storage d = $.datanets[datanetId];
        if (d.provider == address(0)) revert DatanetRegistry_UnknownDatanet(datanetId);
        if (d.policy == Policy.Allowlist && !$.allowed[datanetId][msg.sender]) {
            revert DatanetRegistry_NotAllowed(datanetId, msg.sender);
        }
        contributionId = ++$.contributionCount;
        Contribution storage c = $.contributions[contributionId];
        c.datanetId = datanetId;
        c.status = ContributionStatus.Committed;
        c.contributor = msg.sender;
        c.committedAt = uint64(block.timestamp);
        c.committedBlock = uint64(block.number);
        c.bond = d.bond;
        c.commitment = commitment;
        emit ContributionCommitted(contributionId, datanetId, msg.sender, commitment, d.bond);
        if (d.bond > 0) $.token.safeTransferFrom(msg.sender, address(this), d.bond);
    }

    /// @inheritdoc IDatanetRegistry
    function reveal(
        uint32 contributionId,
        bytes32 recordsRoot,
        bytes32 salt,
        string calldata cid,
        uint32 records,
        uint32 bytesSize
    ) external {
        DatanetRegistryStorage storage $ = _datanetRegistry();
        Contribution storage c = $.contributions[contributionId];
        if (c.status != ContributionStatus.Committed) revert DatanetRegistry_InvalidStatus(contributionId, c.status);
        if (c.contributor != msg.sender) revert DatanetRegistry_NotContributor(contributionId, msg.sender);
        if (block.number <= c.committedBlock) revert DatanetRegistry_TooEarly(contributionId);
        if (keccak256(abi.encode(recordsRoot, salt, msg.sender)) != c.commitment) {
            revert DatanetRegistry_WrongCommitment(contributionId);
        }
        if (records == 0 || records > MAX_RECORDS || bytesSize == 0 || bytesSize > MAX_BYTES) {
            revert DatanetRegistry_InvalidSize(records, bytesSize);
        }
        c.status = ContributionStatus.Revealed;
        c.recordsRoot = recordsRoot;
        c.records = records;
        c.bytesSize = bytesSize;
        $.revealedAt[contributionId] = uint64(block.timestamp);
        emit ContributionRevealed(contributionId, c.datanetId, msg.sender, cid, recordsRoot, records, bytesSize);
    }

    /// @inheritdoc IDatanetRegistry
    function withdraw(
        uint32 contributionId
    ) external {
        DatanetRegistryStorage storage $ = _datanetRegistry();
        Contribution storage c = $.contributions[contributionId];
        if (c.status == ContributionStatus.Revealed) {
            uint64 until = $.revealedAt[contributionId] + $.reviewPeriod;
            if (block.timestamp < until) revert DatanetRegistry_UnderReview(contributionId, until);
        } else if (c.status != ContributionStatus.Committed) {
            revert DatanetRegistry_InvalidStatus(contributionId, c.status);
        }
        if (c.contributor != msg.sender) revert DatanetRegistry_NotContributor(contributionId, msg.sender);
        c.status = ContributionStatus.Withdrawn;
        emit ContributionWithdrawn(contributionId, c.datanetId, msg.sender, c.bond);
        _pay(msg.sender, c.bond);
    }

    /// @inheritdoc IDatanetRegistry
    function accept(
        uint32 contributionId,
        uint16 score,
        string calldata note
    ) external {
        (Contribution storage c, Datanet storage d) = _startDecision(contributionId);
        if (score == 0 || score > MAX_SCORE) revert DatanetRegistry_InvalidScore(score);
        uint32[] storage ids = _datanetRegistry().accepted[c.datanetId];
        if (ids.length >= MAX_CONTRIBUTIONS) {
            revert DatanetRegistry_TooManyContributions(c.datanetId, MAX_CONTRIBUTIONS);
        }
        c.status = ContributionStatus.Accepted;
        d.records += c.records;
        // What was committed early and is accepted late moves others.
        ids.insert(contributionId);
        emit ContributionAccepted(contributionId, c.datanetId, msg.sender, c.contributor, c.records, score, note);
        // slither-disable-next-line reentrancy-no-eth (the pool is a clone of this project's own and calls nobody)
        IDatanetPool(d.pool).addRecords(c.contributor, c.records);
        _pay(c.contributor, c.bond);
    }

    /// @inheritdoc IDatanetRegistry
    function reject(
        uint32 contributionId,
        Rejection reason,
        string calldata evidenceCid
    ) external {
        (Contribution storage c, Datanet storage d) = _startDecision(contributionId);
        c.status = ContributionStatus.Rejected;
        uint96 slashed = reason == Rejection.Malicious ? c.bond : reason == Rejection.Redundant ? c.bond / 2 : 0;
        emit ContributionRejected(contributionId, c.datanetId, msg.sender, c.contributor, reason, slashed, evidenceCid);
        _pay(d.pool, slashed);
        _pay(c.contributor, c.bond - slashed);
    }

    /// @inheritdoc IDatanetRegistry
    function revoke(
        uint32 contributionId
    ) external {
        DatanetRegistryStorage storage $ = _datanetRegistry();
        Contribution storage c = $.contributions[contributionId];
        if (c.status != ContributionStatus.Accepted) revert DatanetRegistry_InvalidStatus(contributionId, c.status);
        if (c.contributor != msg.sender) revert DatanetRegistry_NotContributor(contributionId, msg.sender);
        Datanet storage d = $.datanets[c.datanetId];
        c.status = ContributionStatus.Revoked;
        d.records -= c.records;
        $.accepted[c.datanetId].remove(contributionId);
        emit ContributionRevoked(contributionId, c.datanetId, msg.sender, c.records);
        IDatanetPool(d.pool).removeRecords(msg.sender, c.records);
    }

    /// @inheritdoc IDatanetRegistry
    function publish(
        uint32 datanetId,
        bytes32 root,
        string calldata cid
    ) external returns (uint32 version) {
        Datanet storage d = _requireProvider(datanetId);
        DatanetRegistryStorage storage $ = _datanetRegistry();
        uint32[] memory ids = $.accepted[datanetId];
        if (ids.length == 0) revert DatanetRegistry_NothingAccepted(datanetId);
        VersionTree.Node[] memory leaves = new VersionTree.Node[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            Contribution storage c = $.contributions[ids[i]];
            leaves[i] = VersionTree.leaf(ids[i], c.recordsRoot, c.records);
        }
        bytes32 expected = VersionTree.root(leaves);
        // Counting would not do: as many may have been revoked as were accepted.
        if (expected == $.roots[datanetId][d.versions]) revert DatanetRegistry_NothingNew(datanetId);
        if (root != expected) revert DatanetRegistry_WrongRoot(expected, root);
        version = ++d.versions;
        $.roots[datanetId][version] = root;
        emit VersionPublished(datanetId, version, msg.sender, root, uint32(ids.length), d.records, cid);
    }

    /// @inheritdoc IDatanetRegistry
    function datanet(
        uint32 datanetId
    ) external view returns (Datanet memory) {
        return _datanetRegistry().datanets[datanetId];
    }

    /// @inheritdoc IDatanetRegistry
    function contribution(
        uint32 contributionId
    ) external view returns (Contribution memory) {
        return _datanetRegistry().contributions[contributionId];
    }

    /// @inheritdoc IDatanetRegistry
    function acceptedContributions(
        uint32 datanetId
    ) external view returns (uint32[] memory) {
        return _datanetRegistry().accepted[datanetId];
    }

    /// @inheritdoc IDatanetRegistry
    function versionRoot(
        uint32 datanetId,
        uint32 version
    ) external view returns (bytes32) {
        return _datanetRegistry().roots[datanetId][version];
    }

    /// @inheritdoc IDatanetRegistry
    function datanetCount() external view returns (uint32) {
        return _datanetRegistry().datanetCount;
    }

    /// @inheritdoc IDatanetRegistry
    function contributionCount() external view returns (uint32) {
        return _datanetRegistry().contributionCount;
    }

    /// @inheritdoc IDatanetRegistry
    function reviewPeriod() external view returns (uint64) {
        return _datanetRegistry().reviewPeriod;
    }

    function _requireProvider(
        uint32 datanetId
    ) private view returns (Datanet storage d) {
        d = _datanetRegistry().datanets[datanetId];
        if (d.provider != msg.sender) revert DatanetRegistry_NotProvider(datanetId, msg.sender);
    }

    /// @dev Checks that the caller may decide on a revealed contribution and notes who does.
    function _startDecision(
        uint32 contributionId
    ) private returns (Contribution storage c, Datanet storage d) {
        DatanetRegistryStorage storage $ = _datanetRegistry();
        c = $.contributions[contributionId];
        d = $.datanets[c.datanetId];
        if (c.status != ContributionStatus.Revealed) revert DatanetRegistry_InvalidStatus(contributionId, c.status);
        if (!IReviewPolicy(d.reviewPolicy).mayDecide(c.datanetId, contributionId, c.contributor, msg.sender)) {
            revert DatanetRegistry_NotReviewer(contributionId, msg.sender);
        }
        c.reviewer = msg.sender;
    }

    /// @dev OPEN calls nobody, so paying out directly can neither fail for a recipient nor re-enter.
    function _pay(
        address to,
        uint96 amount
    ) private {
        if (amount > 0) _datanetRegistry().token.safeTransfer(to, amount);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
