// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Channels} from "../libraries/Channels.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {Accused, OpenedChannel} from "../types/Proofs.sol";
import {BatchBody} from "../types/Settlement.sol";
import {BatchFaults} from "./BatchFaults.sol";

/// @notice What all proofs share: parts of the accused batch, and its end.
/// @dev A header is checked last, by the settlement when it voids: a proof against a header that is not the stored one
///      proves nothing and reverts there.
abstract contract BatchProofs is BatchFaults {
    ISettlement public immutable settlement;

    constructor(
        ISettlement settlement_
    ) {
        settlement = settlement_;
    }

    /// @dev Voids the batch. Whoever sends the proof gets the reward.
    function _condemn(
        Accused calldata accused,
        Fault fault
    ) internal {
        BatchBody calldata body = accused.header.body;
        emit FraudProven(body.operator, body.batchIndex, keccak256(abi.encode(body)), fault, msg.sender);
        settlement.voidBatch(accused.header, accused.earlier, msg.sender);
    }

    /// @dev Key of a channel's receipt in the tree of receipts.
    function _receiptKey(
        bytes32 channelId,
        uint256 sequence
    ) internal pure returns (uint256) {
        return uint256(channelId) >> 64 << 64 | sequence;
    }

    function _requireChannels(
        Accused calldata accused,
        bytes calldata channels
    ) internal pure returns (uint256 entries) {
        bytes32 given = keccak256(channels);
        bytes32 expected = accused.header.body.channelsHash;
        if (given != expected) revert FraudProofs_WrongChannels(given, expected);
        return channels.length / Channels.ENTRY_BYTES;
    }

    /// @return id of the channel of that entry
    function _openChannel(
        Accused calldata accused,
        OpenedChannel calldata channel
    ) internal pure returns (bytes32 id, Channels.VoucherWords memory words, Channels.Collection memory entry) {
        uint256 entries = _requireChannels(accused, channel.channels);
        if (channel.index >= entries) revert FraudProofs_NoSuchEntry(channel.index, entries);
        words.operator = accused.header.body.operator;
        Channels.read(channel.channels, channel.index, words, entry);
        id = Channels.channelOf(words);
    }
}
