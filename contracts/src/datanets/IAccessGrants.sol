// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A provider's scoped, expiring, revocable approval to train on a datanet or retrieve from it.
interface IAccessGrants {
    error AccessGrants_UnknownDatanet(uint32 datanetId);
    error AccessGrants_RetrievalNotAllowed(uint32 datanetId);
    error AccessGrants_NotProvider(uint32 grantId, address caller);
    error AccessGrants_InvalidStatus(uint32 grantId, GrantStatus status);
    error AccessGrants_Expired(uint64 expiry);
    error AccessGrants_InvalidSignature(address provider);
    /// @notice The provider's signature with this nonce was redeemed before.
    error AccessGrants_NonceUsed(address provider, uint256 nonce);

    enum Purpose {
        Train,
        Retrieve
    }

    enum GrantStatus {
        None,
        Requested,
        Approved,
        Rejected,
        Revoked
    }

    struct Grant {
        uint32 datanetId;
        Purpose purpose;
        GrantStatus status;
        address requester;
        uint64 expiry;
        uint64 revokedAt;
        uint96 price;
    }

    event GrantRequested(
        uint32 indexed grantId, uint32 indexed datanetId, address indexed requester, Purpose purpose, string termsCid
    );
    event GrantApproved(
        uint32 indexed grantId,
        uint32 indexed datanetId,
        address indexed provider,
        address requester,
        Purpose purpose,
        uint64 expiry,
        uint96 price
    );
    event GrantRejected(uint32 indexed grantId, uint32 indexed datanetId, address indexed provider, string reason);
    event GrantRevoked(uint32 indexed grantId, uint32 indexed datanetId, address indexed provider, uint64 revokedAt);

    /// @notice Asks the provider of a datanet for access under terms on IPFS.
    function request(
        uint32 datanetId,
        Purpose purpose,
        string calldata termsCid
    ) external returns (uint32 grantId);

    /// @notice Approves until `expiry`. Only the provider.
    function approve(
        uint32 grantId,
        uint64 expiry
    ) external;

    function rejectRequest(
        uint32 grantId,
        string calldata reason
    ) external;

    /// @notice Redeems a grant that the provider signed (EIP-712), paying its price to the provider.
    /// @dev Grant(uint32 datanetId,uint8 purpose,address requester,uint64 expiry,uint96 price,uint256 nonce)
    function redeem(
        uint32 datanetId,
        Purpose purpose,
        uint64 expiry,
        uint96 price,
        uint256 nonce,
        bytes calldata signature
    ) external returns (uint32 grantId);

    /// @notice Revokes at once for training; for retrieval after one hour. Only the provider.
    function revoke(
        uint32 grantId
    ) external;

    /// @return whether `grantId` lets `account` use `datanetId` for `purpose` now
    function isLive(
        uint32 grantId,
        uint32 datanetId,
        Purpose purpose,
        address account
    ) external view returns (bool);

    function grant(
        uint32 grantId
    ) external view returns (Grant memory);
    function grantCount() external view returns (uint32);
}
