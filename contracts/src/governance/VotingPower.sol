// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IDelegatedVotes} from "./IDelegatedVotes.sol";
import {IVotingPower} from "./IVotingPower.sol";

/// @title What governors read as votes: value created first, capital second
contract VotingPower is AccessManagedUpgradeable, UUPSUpgradeable, IVotingPower, IERC5805 {
    using Checkpoints for Checkpoints.Trace208;

    /// @dev All power there is.
    uint256 public constant TOTAL = 1e18;
    /// @dev What contribution has once it has matured: 80 %.
    uint256 public constant CONTRIBUTION_SHARE = 0.8e18;

    /// @custom:storage-location erc7201:openledger.storage.VotingPower
    struct VotingPowerStorage {
        IDelegatedVotes contribution;
        IDelegatedVotes capital;
        Checkpoints.Trace208 floor; // checkpointed, so that a change leaves running votes as they are
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.VotingPower")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant VOTING_POWER_STORAGE = 0x709a83a50f81e2be833d8f2187a5deaebce3dbcf9a4893c28ba788da13da8600;

    function _votingPower() private pure returns (VotingPowerStorage storage $) {
        assembly ("memory-safe") {
            $.slot := VOTING_POWER_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param contribution the earned votes
    /// @param capital OPEN
    /// @param floor_ weight at which contribution has its full 80 %
    function initialize(
        address authority_,
        IDelegatedVotes contribution,
        IDelegatedVotes capital,
        uint208 floor_
    ) external initializer {
        __AccessManaged_init(authority_);
        _requireSeconds(contribution);
        _requireSeconds(capital);
        VotingPowerStorage storage $ = _votingPower();
        $.contribution = contribution;
        $.capital = capital;
        _setFloor(floor_);
    }

    /// @inheritdoc IVotingPower
    function setFloor(
        uint208 floor_
    ) external restricted {
        if (_maturity(_votingPower().contribution.getPastTotalSupply(clock() - 1), floor()) == TOTAL) {
            revert VotingPower_Matured();
        }
        (uint256 least, uint256 most) = floorRange();
        if (floor_ == 0) revert VotingPower_ZeroFloor();
        if (floor_ < least || floor_ > most) revert VotingPower_FloorOutOfRange(floor_, least, most);
        _setFloor(floor_);
    }

    /// @inheritdoc IVotingPower
    function floorRange() public view returns (uint256 least, uint256 most) {
        uint256 before = _votingPower().floor.upperLookupRecent(clock() - 1);
        if (before == 0) before = floor(); // in its first second
        least = (before + 1) / 2;
        most = Math.min(before * 2, type(uint208).max);
    }

    /// @inheritdoc IVotingPower
    function floor() public view returns (uint256) {
        return _votingPower().floor.latest();
    }

    /// @inheritdoc IVotingPower
    function partsOf(
        address account,
        uint256 timepoint
    ) public view returns (uint256 contribution, uint256 capital) {
        VotingPowerStorage storage $ = _votingPower();
        (uint256 ofContribution, uint256 ofCapital) = _shares(timepoint);
        contribution = _part(
            ofContribution,
            $.contribution.getPastVotes(account, timepoint),
            $.contribution.getPastDelegatedSupply(timepoint)
        );
        capital =
            _part(ofCapital, $.capital.getPastVotes(account, timepoint), $.capital.getPastDelegatedSupply(timepoint));
    }

    /// @inheritdoc IVotingPower
    function sources(
        uint256 timepoint
    ) external view returns (bool contribution, bool capital) {
        VotingPowerStorage storage $ = _votingPower();
        (uint256 ofContribution,) = _shares(timepoint);
        // a weight so far below the floor that its share rounds to nothing must not block every decision
        contribution = ofContribution > 0 && $.contribution.getPastDelegatedSupply(timepoint) > 0;
        capital = $.capital.getPastDelegatedSupply(timepoint) > 0;
    }

    /// @inheritdoc IVotingPower
    function maturity(
        uint256 timepoint
    ) public view returns (uint256) {
        VotingPowerStorage storage $ = _votingPower();
        return _maturity(
            $.contribution.getPastTotalSupply(timepoint),
            $.floor.upperLookupRecent(SafeCast.toUint48(timepoint)) // the source has refused what is not past
        );
    }

    /// @notice Power now; a governor reads the past.
    function getVotes(
        address account
    ) external view returns (uint256) {
        VotingPowerStorage storage $ = _votingPower();
        uint256 weight = $.contribution.getPastTotalSupply(clock() - 1);
        (uint256 ofContribution, uint256 ofCapital) = _split(_maturity(weight, floor()));
        return _part(ofContribution, $.contribution.getVotes(account), $.contribution.delegatedSupply())
            + _part(ofCapital, $.capital.getVotes(account), $.capital.delegatedSupply());
    }

    function getPastVotes(
        address account,
        uint256 timepoint
    ) external view returns (uint256) {
        (uint256 contribution, uint256 capital) = partsOf(account, timepoint);
        return contribution + capital;
    }

    /// @return always all of it: what quorums are a fraction of
    function getPastTotalSupply(
        uint256
    ) external pure returns (uint256) {
        return TOTAL;
    }

    /// @return the account itself: what has been delegated to it is already counted as its own
    function delegates(
        address account
    ) external pure returns (address) {
        return account;
    }

    function delegate(
        address
    ) external pure {
        revert VotingPower_DelegateAtSource();
    }

    function delegateBySig(
        address,
        uint256,
        uint256,
        uint8,
        bytes32,
        bytes32
    ) external pure {
        revert VotingPower_DelegateAtSource();
    }

    function clock() public view returns (uint48) {
        return Time.timestamp();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=timestamp";
    }

    function _setFloor(
        uint208 floor_
    ) private {
        if (floor_ == 0) revert VotingPower_ZeroFloor();
        // slither-disable-next-line unused-return (push returns the values before and after, known here)
        _votingPower().floor.push(clock(), floor_);
        emit FloorSet(floor_, _msgSender());
    }

    function _shares(
        uint256 timepoint
    ) private view returns (uint256 ofContribution, uint256 ofCapital) {
        return _split(maturity(timepoint));
    }

    function _split(
        uint256 matured
    ) private pure returns (uint256 ofContribution, uint256 ofCapital) {
        ofContribution = CONTRIBUTION_SHARE * matured / TOTAL;
        ofCapital = TOTAL - ofContribution;
    }

    function _maturity(
        uint256 weight,
        uint256 floor_
    ) private pure returns (uint256) {
        return weight >= floor_ ? TOTAL : Math.mulDiv(weight, TOTAL, floor_);
    }

    /// @dev No delegated supply, no power. Floors, so that the parts never exceed the share.
    function _part(
        uint256 share,
        uint256 votes,
        uint256 delegated
    ) private pure returns (uint256) {
        return delegated == 0 ? 0 : Math.mulDiv(share, votes, delegated);
    }

    function _requireSeconds(
        IDelegatedVotes source
    ) private view {
        if (source.clock() != Time.timestamp()) revert VotingPower_WrongClock(address(source));
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
