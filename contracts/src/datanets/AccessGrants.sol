// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IAccessGrants} from "./IAccessGrants.sol";
import {IDatanetRegistry} from "./IDatanetRegistry.sol";

/// @title Grants to train on datanets or to retrieve from them
contract AccessGrants is AccessManagedUpgradeable, EIP712Upgradeable, UUPSUpgradeable, IAccessGrants {
    using SafeERC20 for IERC20;

    /// @notice How long a revoked grant still allows retrieval, so that answers under way can end.
    uint64 public constant RETRIEVAL_NOTICE = 1 hours;

    bytes32 private constant GRANT_TYPEHASH =
        keccak256("Grant(uint32 datanetId,uint8 purpose,address requester,uint64 expiry,uint96 price,uint256 nonce)");

    /// @custom:storage-location erc7201:openledger.storage.AccessGrants
    struct AccessGrantsStorage {
        IDatanetRegistry registry;
        uint32 grantCount;
        IERC20 token;
        mapping(uint32 grantId => Grant) grants;
        mapping(address provider => mapping(uint256 nonce => bool)) nonceUsed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AccessGrants")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant ACCESS_GRANTS_STORAGE = 0x37776e5ca9cd0ebd84f6c566136b05306defdd453202f10890a916ae763f7b00;

    function _accessGrants() private pure returns (AccessGrantsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := ACCESS_GRANTS_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_,
        IDatanetRegistry registry,
        IERC20 token
    ) external initializer {
        __AccessManaged_init(authority_);
        __EIP712_init("OpenLedger", "1");
        AccessGrantsStorage storage $ = _accessGrants();
        $.registry = registry;
        $.token = token;
    }

    /// @inheritdoc IAccessGrants
    function request(
        uint32 datanetId,
        Purpose purpose,
        string calldata termsCid
    ) external returns (uint32 grantId) {
        _requireProvider(datanetId, purpose);
        AccessGrantsStorage storage $ = _accessGrants();
        grantId = ++$.grantCount;
        Grant storage g = $.grants[grantId];
        g.datanetId = datanetId;
        g.purpose = purpose;
        g.status = GrantStatus.Requested;
        g.requester = msg.sender;
        emit GrantRequested(grantId, datanetId, msg.sender, purpose, termsCid);
    }

    /// @inheritdoc IAccessGrants
    function approve(
        uint32 grantId,
        uint64 expiry
    ) external {
        Grant storage g = _decide(grantId, GrantStatus.Requested);
        if (expiry <= block.timestamp) revert AccessGrants_Expired(expiry);
        g.status = GrantStatus.Approved;
        g.expiry = expiry;
        emit GrantApproved(grantId, g.datanetId, msg.sender, g.requester, g.purpose, expiry, 0);
    }

    /// @inheritdoc IAccessGrants
    function rejectRequest(
        uint32 grantId,
        string calldata reason
    ) external {
        Grant storage g = _decide(grantId, GrantStatus.Requested);
        g.status = GrantStatus.Rejected;
        emit GrantRejected(grantId, g.datanetId, msg.sender, reason);
    }

    /// @inheritdoc IAccessGrants
    function redeem(
        uint32 datanetId,
        Purpose purpose,
        uint64 expiry,
        uint96 price,
        uint256 nonce,
        bytes calldata signature
    ) external returns (uint32 grantId) {
        if (expiry <= block.timestamp) revert AccessGrants_Expired(expiry);
        address provider = _requireProvider(datanetId, purpose);
        AccessGrantsStorage storage $ = _accessGrants();
        if ($.nonceUsed[provider][nonce]) revert AccessGrants_NonceUsed(provider, nonce);
        $.nonceUsed[provider][nonce] = true;
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(GRANT_TYPEHASH, datanetId, purpose, msg.sender, expiry, price, nonce))
        );
        if (!SignatureChecker.isValidSignatureNow(provider, digest, signature)) {
            revert AccessGrants_InvalidSignature(provider);
        }
        grantId = ++$.grantCount;
        $.grants[grantId] = Grant({
            datanetId: datanetId,
            purpose: purpose,
            status: GrantStatus.Approved,
            requester: msg.sender,
            expiry: expiry,
            revokedAt: 0,
            price: price
        });
        emit GrantApproved(grantId, datanetId, provider, msg.sender, purpose, expiry, price);
        if (price > 0) $.token.safeTransferFrom(msg.sender, provider, price);
    }

    /// @inheritdoc IAccessGrants
    function revoke(
        uint32 grantId
    ) external {
        Grant storage g = _decide(grantId, GrantStatus.Approved);
        g.status = GrantStatus.Revoked;
        g.revokedAt = uint64(block.timestamp);
        emit GrantRevoked(grantId, g.datanetId, msg.sender, g.revokedAt);
    }

    /// @inheritdoc IAccessGrants
    function isLive(
        uint32 grantId,
        uint32 datanetId,
        Purpose purpose,
        address account
    ) external view returns (bool) {
        Grant storage g = _accessGrants().grants[grantId];
        if (g.datanetId != datanetId || g.purpose != purpose || g.requester != account) return false;
        if (block.timestamp >= g.expiry) return false;
        if (g.status == GrantStatus.Approved) return true;
        return g.status == GrantStatus.Revoked && purpose == Purpose.Retrieve
            && block.timestamp < g.revokedAt + RETRIEVAL_NOTICE;
    }

    /// @inheritdoc IAccessGrants
    function grant(
        uint32 grantId
    ) external view returns (Grant memory) {
        return _accessGrants().grants[grantId];
    }

    /// @inheritdoc IAccessGrants
    function grantCount() external view returns (uint32) {
        return _accessGrants().grantCount;
    }

    /// @return provider of a datanet that allows `purpose`
    function _requireProvider(
        uint32 datanetId,
        Purpose purpose
    ) private view returns (address provider) {
        IDatanetRegistry.Datanet memory d = _accessGrants().registry.datanet(datanetId);
        provider = d.provider;
        if (provider == address(0)) revert AccessGrants_UnknownDatanet(datanetId);
        if (purpose == Purpose.Retrieve && !d.retrievalAllowed) revert AccessGrants_RetrievalNotAllowed(datanetId);
    }

    /// @dev A grant in `status` on which the caller decides, as provider of its datanet.
    function _decide(
        uint32 grantId,
        GrantStatus status
    ) private view returns (Grant storage g) {
        AccessGrantsStorage storage $ = _accessGrants();
        g = $.grants[grantId];
        if (g.status != status) revert AccessGrants_InvalidStatus(grantId, g.status);
        if (msg.sender != $.registry.datanet(g.datanetId).provider) {
            revert AccessGrants_NotProvider(grantId, msg.sender);
        }
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
