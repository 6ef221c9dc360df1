// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Datanets: community data networks with a policy, contributions under review, and immutable versions.
interface IDatanetRegistry {
    error DatanetRegistry_UnknownDatanet(uint32 datanetId);
    error DatanetRegistry_EmptyName();
    error DatanetRegistry_InvalidReviewPolicy(address reviewPolicy);
    error DatanetRegistry_NotProvider(uint32 datanetId, address caller);
    error DatanetRegistry_NotAllowed(uint32 datanetId, address contributor);
    error DatanetRegistry_NotContributor(uint32 contributionId, address caller);
    error DatanetRegistry_NotReviewer(uint32 contributionId, address caller);
    error DatanetRegistry_InvalidStatus(uint32 contributionId, ContributionStatus status);
    /// @notice A reveal must come in a later block than its commit.
    error DatanetRegistry_TooEarly(uint32 contributionId);
    error DatanetRegistry_WrongCommitment(uint32 contributionId);
    /// @notice At most 20,000 records and 16 MiB, and at least one of each.
    error DatanetRegistry_InvalidSize(uint32 records, uint32 bytesSize);
    error DatanetRegistry_UnderReview(uint32 contributionId, uint64 until);
    error DatanetRegistry_InvalidScore(uint16 score);
    error DatanetRegistry_TooManyContributions(uint32 datanetId, uint256 limit);
    error DatanetRegistry_NothingNew(uint32 datanetId);
    error DatanetRegistry_NothingAccepted(uint32 datanetId);
    error DatanetRegistry_WrongRoot(bytes32 expected, bytes32 given);

    /// @notice Who may contribute.
    enum Policy {
        Open,
        Allowlist
    }

    enum ContributionStatus {
        None,
        Committed,
        Revealed,
        Accepted,
        Rejected,
        Withdrawn, // before it was decided on
        Revoked // after it was accepted
    }

    /// @notice How far a rejection goes: the bond returned, half of it, or all of it lost.
    enum Rejection {
        LowQuality,
        Redundant,
        Malicious
    }

    struct Datanet {
        address provider;
        address reviewPolicy;
        address pool;
        Policy policy;
        bool retrievalAllowed;
        uint32 versions;
        uint32 records;
        uint96 bond;
    }

    struct Contribution {
        uint32 datanetId;
        ContributionStatus status;
        address contributor;
        uint64 committedAt;
        uint64 committedBlock;
        uint96 bond;
        uint32 records;
        uint32 bytesSize;
        bytes32 commitment;
        bytes32 recordsRoot;
        address reviewer;
    }

    event DatanetCreated(
        uint32 indexed datanetId,
        address indexed provider,
        address reviewPolicy,
        address pool,
        Policy policy,
        bool retrievalAllowed,
        uint96 bond,
        string name,
        string domain,
        string licence,
        string metadataCid
    );
    event ContributorAllowed(uint32 indexed datanetId, address indexed contributor, bool allowed, address actor);
    event ContributionCommitted(
        uint32 indexed contributionId,
        uint32 indexed datanetId,
        address indexed contributor,
        bytes32 commitment,
        uint96 bond
    );
    event ContributionRevealed(
        uint32 indexed contributionId,
        uint32 indexed datanetId,
        address indexed contributor,
        string cid,
        bytes32 recordsRoot,
        uint32 records,
        uint32 bytesSize
    );
    event ContributionAccepted(
        uint32 indexed contributionId,
        uint32 indexed datanetId,
        address indexed reviewer,
        address contributor,
        uint32 records,
        uint16 score,
        string note
    );
    event ContributionRejected(
        uint32 indexed contributionId,
        uint32 indexed datanetId,
        address indexed reviewer,
        address contributor,
        Rejection reason,
        uint96 slashed,
        string evidenceCid
    );
    event ContributionWithdrawn(
        uint32 indexed contributionId, uint32 indexed datanetId, address indexed contributor, uint96 returned
    );
    event ContributionRevoked(
        uint32 indexed contributionId, uint32 indexed datanetId, address indexed contributor, uint32 records
    );
    event VersionPublished(
        uint32 indexed datanetId,
        uint32 indexed version,
        address indexed provider,
        bytes32 root,
        uint32 contributions,
        uint32 records,
        string cid
    );

    /// @notice Creates a datanet owned by the caller, with its pool; reviewers are named in `reviewPolicy`.
    function create(
        Policy policy,
        bool retrievalAllowed,
        uint96 bond,
        address reviewPolicy,
        string calldata name,
        string calldata domain,
        string calldata licence,
        string calldata metadataCid
    ) external returns (uint32 datanetId);

    /// @notice Lets an account contribute to an allowlisted datanet, or stops it. Only the provider.
    function allow(
        uint32 datanetId,
        address contributor,
        bool allowed
    ) external;

    /// @notice Commits to a contribution and takes the bond (OPEN, approved beforehand). The first commit owns a cluster.
    /// @param commitment keccak256(abi.encode(recordsRoot, salt, contributor))
    function commit(
        uint32 datanetId,
        bytes32 commitment
    ) external returns (uint32 contributionId);

    /// @notice Reveals a commitment made in an earlier block.
    function reveal(
        uint32 contributionId,
        bytes32 recordsRoot,
        bytes32 salt,
        string calldata cid,
        uint32 records,
        uint32 bytesSize
    ) external;

    /// @notice Takes back the bond of a contribution that was never revealed, or not reviewed within the review period.
    function withdraw(
        uint32 contributionId
    ) external;

    /// @notice Accepts a revealed contribution: the bond returns. Only whom the review policy lets decide.
    /// @param score quality, 1 to 10,000
    function accept(
        uint32 contributionId,
        uint16 score,
        string calldata note
    ) external;

    /// @notice Rejects a revealed contribution with evidence on IPFS; the bond is slashed by the grade of the reason.
    function reject(
        uint32 contributionId,
        Rejection reason,
        string calldata evidenceCid
    ) external;

    /// @notice Takes accepted data out: later versions, trainings and citations go without it, and so do the shares of
    ///         the datanet's pool from now on. Versions and releases that have it stay, and what they earn it. Only its
    ///         contributor; cannot be undone.
    function revoke(
        uint32 contributionId
    ) external;

    /// @notice Publishes a version over all accepted contributions, which must not be those of the last one. Only the
    ///         provider.
    /// @param root root of tree 5 over all accepted contributions, recomputed and checked by the contract
    /// @param cid manifest of the version on IPFS
    function publish(
        uint32 datanetId,
        bytes32 root,
        string calldata cid
    ) external returns (uint32 version);

    function datanet(
        uint32 datanetId
    ) external view returns (Datanet memory);
    function contribution(
        uint32 contributionId
    ) external view returns (Contribution memory);
    function acceptedContributions(
        uint32 datanetId
    ) external view returns (uint32[] memory);
    function versionRoot(
        uint32 datanetId,
        uint32 version
    ) external view returns (bytes32);
    function datanetCount() external view returns (uint32);
    function contributionCount() external view returns (uint32);
    /// @return seconds after a reveal from which an unreviewed bond may be taken back
    function reviewPeriod() external view returns (uint64);
}
