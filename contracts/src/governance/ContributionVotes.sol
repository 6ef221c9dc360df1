// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {DelegatedVotes} from "./DelegatedVotes.sol";
import {IContributionVotes} from "./IContributionVotes.sol";

/// @title Votes earned by contributing value
contract ContributionVotes is DelegatedVotes, AccessManagedUpgradeable, UUPSUpgradeable, IContributionVotes {
    /// @custom:storage-location erc7201:openledger.storage.ContributionVotes
    struct ContributionVotesStorage {
        mapping(address account => uint256) units;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ContributionVotes")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant CONTRIBUTION_VOTES_STORAGE =
        0x6005322d63abb31fbb10a030917d80f2d92e6ed7091d2926fb76c5c50beb5b00;

    function _contributionVotes() private pure returns (ContributionVotesStorage storage $) {
        assembly ("memory-safe") {
            $.slot := CONTRIBUTION_VOTES_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    function initialize(
        address authority_
    ) external initializer {
        __EIP712_init("OpenLedger Contribution Votes", "1");
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IContributionVotes
    function mint(
        address account,
        uint256 weight
    ) external restricted {
        if (weight == 0) revert ContributionVotes_ZeroWeight();
        ContributionVotesStorage storage $ = _contributionVotes();
        uint256 units = $.units[account];
        // only the first time, so that who later delegates to nobody is left alone
        if (units == 0 && delegates(account) == address(0)) _delegate(account, account);
        $.units[account] = units + weight;
        _transferVotingUnits(address(0), account, weight);
        emit VotesMinted(account, weight, _getTotalSupply());
    }

    /// @inheritdoc IContributionVotes
    function votingUnits(
        address account
    ) external view returns (uint256) {
        return _getVotingUnits(account);
    }

    function _getVotingUnits(
        address account
    ) internal view override returns (uint256) {
        return _contributionVotes().units[account];
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
