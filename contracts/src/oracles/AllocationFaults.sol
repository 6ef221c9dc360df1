// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {Channels} from "../libraries/Channels.sol";
import {IFeePolicy} from "../settlement/IFeePolicy.sol";
import {Accused, Derivation, OpenedEvidence} from "../types/Proofs.sol";
import {AllocationRules} from "./AllocationRules.sol";
import {EvidenceOpenings} from "./EvidenceOpenings.sol";
import {IEvidenceProofs} from "./IEvidenceProofs.sol";

/// @notice An allocation that does not follow from the evidence.
abstract contract AllocationFaults is EvidenceOpenings {
    /// @dev Seconds by which the clocks of an operator and of the chain may differ when a model changes hands.
    uint256 internal constant CLOCK_SLACK = 60;

    /// @notice Recomputes allocations: code of this contract that would not fit into it.
    AllocationRules public immutable rules;

    constructor(
        IDatanetRegistry datanets_
    ) {
        rules = new AllocationRules(models, datanets_);
    }

    /// @inheritdoc IEvidenceProofs
    function proveUnfoundedAllocation(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        Derivation calldata derivation
    ) external {
        _requireEvidence(accused, opened);
        _requireAllocations(opened.receipt.receipt, derivation.stated);
        bytes32 given = keccak256(derivation.parameters);
        bytes32 expected = accused.header.body.parametersHash;
        if (given != expected) revert EvidenceProofs_WrongParameters(given, expected);
        given = keccak256(abi.encode(derivation.datanets));
        expected = opened.release.datanetsHash;
        if (given != expected) revert EvidenceProofs_WrongDatanets(given, expected);
        (bool due, AllocationRules.Question memory question) = _question(accused, opened, derivation);
        // From a wrong price nothing follows.
        if (
            due
                && rules.follows(
                    question, opened.evidence, derivation.parameters, derivation.datanets, derivation.stated
                )
        ) revert FraudProofs_NoFault();
        _condemn(accused, Fault.UnfoundedAllocation);
    }

    /// @dev What the answer cost, whom it goes to, and what owner and day it may have been computed for. A receipt that
    ///      waited keeps the votes' weight of the day of its call.
    function _question(
        Accused calldata accused,
        OpenedEvidence calldata opened,
        Derivation calldata derivation
    ) private view returns (bool due, AllocationRules.Question memory q) {
        (bytes32 id, Channels.VoucherWords memory words,) = _openChannel(accused, derivation.channel);
        bytes32 stated = opened.receipt.receipt.channel;
        if (stated != id) revert FraudProofs_WrongChannel(stated, id);
        (due, q.answer.base, q.answer.markup) = _charge(opened.receipt.receipt, opened.component, words);
        if (!due) return (false, q);
        (q.answer.operator, q.answer.payer, q.answer.app) = (words.operator, words.payer, words.app);
        q.releaseHash = opened.component.releaseHash;
        q.modelId = models.modelOf(q.releaseHash);
        q.answer.terms = models.terms(q.modelId, opened.component.termsVersion);
        IFeePolicy.Fee memory fee = feePolicy.fee(accused.header.body.feeVersion);
        q.answer.protocolFeeBps = fee.protocolFeeBps;
        q.answer.contributorCapBps = fee.contributorCapBps;
        q.answer.verbatimBps = fee.verbatimBps;
        q.answer.retrievalBps = fee.retrievalBps;
        q.answer.fidelityFloorBps = fee.fidelityFloorBps;
        q.answer.completionTokens = opened.receipt.receipt.completionTokens;
        q.burnBps = fee.burnBps;
        // slither-disable-next-line divide-before-multiply (floors twice, as the fee and its burned part are)
        q.burned = uint256(opened.receipt.receipt.fee) * fee.protocolFeeBps / BPS * fee.burnBps / BPS;
        uint256 called = opened.receipt.receipt.timestamp;
        q.ownedFrom = called > CLOCK_SLACK ? called - CLOCK_SLACK : 0;
        q.ownedTo = accused.header.settledAt;
        q.lastDay = accused.header.body.dayIndex;
        uint256 zero = settlement.firstDay();
        uint256 day = called / 1 days > zero ? called / 1 days - zero : 0;
        q.firstDay = day < q.lastDay ? day : q.lastDay;
    }
}
