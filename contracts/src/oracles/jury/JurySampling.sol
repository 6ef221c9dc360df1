// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOpenToken} from "../../token/IOpenToken.sol";
import {Sampling} from "../../types/Jury.sol";
import {BatchHeader} from "../../types/Settlement.sol";
import {JuryState} from "./JuryState.sol";

/// @notice Samples of settled receipts whose preimages the operator owes to re-executors.
abstract contract JurySampling is JuryState {
    /// @notice See IJury.
    function openSampling(
        BatchHeader calldata header
    ) external whenNotPaused {
        bytes32 headerHash = _requireHeader(header);
        JuryStorage storage $ = _jury();
        uint64 drawBy = header.settledAt + _samplingPeriod;
        if (block.timestamp > drawBy) revert Jury_TooLate(drawBy);
        uint16 rateBps = $.sampleRateBps;
        if (rateBps == 0) revert Jury_NothingSampled(headerHash);
        Sampling storage s = $.samplings[headerHash];
        if (s.operator != address(0)) revert Jury_AlreadySampled(headerHash);
        s.operator = header.body.operator;
        s.seedBlock = uint64(block.number) + SEED_DELAY;
        s.receipts = uint32(header.body.receipts.weight);
        s.drawBy = drawBy;
        s.rateBps = rateBps;
        emit SamplingOpened(headerHash, s.operator, header.body.batchIndex, rateBps, s.seedBlock, drawBy, msg.sender);
    }

    /// @notice See IJury.
    function drawSamples(
        bytes32 headerHash
    ) external {
        Sampling storage s = _jury().samplings[headerHash];
        if (s.operator == address(0)) revert Jury_NothingSampled(headerHash);
        if (s.discloseBy != 0) revert Jury_AlreadySampled(headerHash);
        if (block.timestamp > s.drawBy) revert Jury_TooLate(s.drawBy);
        bytes32 seed = keccak256(abi.encode(_seedOf(s.seedBlock), headerHash));
        uint256 samples = (uint256(s.receipts) * s.rateBps + BPS - 1) / BPS;
        if (samples > MAX_SAMPLES) samples = MAX_SAMPLES;
        s.samples = uint16(samples);
        uint64 discloseBy = uint64(block.timestamp) + _answerPeriod;
        s.discloseBy = discloseBy;
        for (uint16 i = 0; i < samples; ++i) {
            // leaf 0 is the sentinel; the same receipt may come twice
            // slither-disable-next-line weak-prng (the seed is of a block fixed beforehand; 2^256 hides the bias)
            uint32 leaf = uint32(uint256(keccak256(abi.encode(seed, i))) % s.receipts) + 1;
            emit ReceiptSampled(headerHash, s.operator, i, leaf, discloseBy);
        }
    }

    /// @notice See IJury.
    function disclose(
        bytes32 headerHash,
        uint16 sample,
        string calldata pointer
    ) external {
        JuryStorage storage $ = _jury();
        Sampling storage s = $.samplings[headerHash];
        address operator = s.operator;
        if (sample >= s.samples) revert Jury_NoSuchSample(headerHash, sample);
        if (msg.sender != operator && registry.operatorOf(msg.sender) != operator) {
            revert Jury_NotOperator(msg.sender, operator);
        }
        if (bytes(pointer).length == 0) revert Jury_EmptyPointer();
        if (block.timestamp > s.discloseBy) revert Jury_TooLate(s.discloseBy);
        if ($.disclosed[headerHash][sample]) revert Jury_AlreadyDisclosed(headerHash, sample);
        $.disclosed[headerHash][sample] = true;
        ++s.disclosed;
        emit SampleDisclosed(headerHash, operator, sample, pointer, msg.sender);
    }

    /// @notice See IJury.
    function punishSilence(
        bytes32 headerHash
    ) external {
        Sampling storage s = _jury().samplings[headerHash];
        if (s.slashed || s.disclosed == s.samples) revert Jury_NothingWithheld(headerHash);
        if (block.timestamp <= s.discloseBy) revert Jury_TooEarly(s.discloseBy + 1);
        s.slashed = true;
        // slither-disable-next-line reentrancy-no-eth (registry and token are this project's own and call nobody)
        uint96 slashed = registry.seize(s.operator, registry.minimumStake());
        uint96 bounty = uint96(slashed * FILER_BPS / BPS);
        _give(msg.sender, bounty);
        emit SilencePunished(headerHash, s.operator, slashed, bounty, msg.sender);
        if (slashed != bounty) IOpenToken(address(token)).burn(slashed - bounty);
    }
}
