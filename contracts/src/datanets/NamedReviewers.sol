// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IDatanetRegistry} from "./IDatanetRegistry.sol";
import {INamedReviewers} from "./INamedReviewers.sol";
import {IReviewPolicy} from "./IReviewPolicy.sol";

/// @title Reviewers named by the provider
contract NamedReviewers is AccessManagedUpgradeable, UUPSUpgradeable, INamedReviewers {
    /// @custom:storage-location erc7201:openledger.storage.NamedReviewers
    struct NamedReviewersStorage {
        IDatanetRegistry registry;
        mapping(uint32 datanetId => mapping(address reviewer => bool)) named;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.NamedReviewers")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant NAMED_REVIEWERS_STORAGE =
        0x65ad4090064196872be53675882801dd4ca3241b3564dad2d30db611172a6900;

    function _namedReviewers() private pure returns (NamedReviewersStorage storage $) {
        assembly ("memory-safe") {
            $.slot := NAMED_REVIEWERS_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_,
        IDatanetRegistry registry
    ) external initializer {
        __AccessManaged_init(authority_);
        _namedReviewers().registry = registry;
    }

    /// @inheritdoc INamedReviewers
    function setReviewer(
        uint32 datanetId,
        address reviewer,
        bool named
    ) external {
        NamedReviewersStorage storage $ = _namedReviewers();
        if (msg.sender != $.registry.datanet(datanetId).provider) {
            revert NamedReviewers_NotProvider(datanetId, msg.sender);
        }
        $.named[datanetId][reviewer] = named;
        emit ReviewerSet(datanetId, reviewer, named, msg.sender);
    }

    /// @inheritdoc INamedReviewers
    function isReviewer(
        uint32 datanetId,
        address reviewer
    ) public view returns (bool) {
        return _namedReviewers().named[datanetId][reviewer];
    }

    /// @inheritdoc IReviewPolicy
    function mayDecide(
        uint32 datanetId,
        uint32,
        address contributor,
        address reviewer
    ) external view returns (bool) {
        return reviewer != contributor && isReviewer(datanetId, reviewer);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
