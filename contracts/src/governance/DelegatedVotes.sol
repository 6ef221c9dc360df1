// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {VotesUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/utils/VotesUpgradeable.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {IERC6372} from "@openzeppelin/contracts/interfaces/IERC6372.sol";
import {IDelegatedVotes} from "./IDelegatedVotes.sol";

/// @notice Votes on a clock of seconds that also remember how much of the supply is delegated.
/// @dev OpenZeppelin's total counts the undelegated too, who cannot vote; power is shared among those who can.
abstract contract DelegatedVotes is VotesUpgradeable, IDelegatedVotes {
    using Checkpoints for Checkpoints.Trace208;

    /// @custom:storage-location erc7201:openledger.storage.DelegatedVotes
    struct DelegatedVotesStorage {
        Checkpoints.Trace208 delegated;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.DelegatedVotes")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant DELEGATED_VOTES_STORAGE =
        0x3b893236c960fbb039ba529f6517c5fc8bdb0bd98942eae949b2576e1c13ca00;

    function _delegatedVotes() private pure returns (DelegatedVotesStorage storage $) {
        assembly ("memory-safe") {
            $.slot := DELEGATED_VOTES_STORAGE
        }
    }

    function clock() public view virtual override(VotesUpgradeable, IERC6372) returns (uint48) {
        return Time.timestamp();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure virtual override(VotesUpgradeable, IERC6372) returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc IDelegatedVotes
    function delegatedSupply() public view returns (uint256) {
        return _delegatedVotes().delegated.latest();
    }

    /// @inheritdoc IDelegatedVotes
    function getPastDelegatedSupply(
        uint256 timepoint
    ) public view returns (uint256) {
        return _delegatedVotes().delegated.upperLookupRecent(_validateTimepoint(timepoint));
    }

    /// @dev Every change of delegated votes passes here: delegation, transfer, mint and burn.
    function _moveDelegateVotes(
        address from,
        address to,
        uint256 amount
    ) internal virtual override {
        super._moveDelegateVotes(from, to, amount);
        if (amount == 0 || (from == address(0)) == (to == address(0))) return;
        Checkpoints.Trace208 storage delegated = _delegatedVotes().delegated;
        // `super` has checked that the amount fits 208 bits
        uint208 latest = delegated.latest();
        // slither-disable-next-line unused-return (push returns the values before and after, known here)
        delegated.push(clock(), from == address(0) ? latest + uint208(amount) : latest - uint208(amount));
    }
}
