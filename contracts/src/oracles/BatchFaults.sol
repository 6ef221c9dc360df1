// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What all proofs against a batch have in common: the names of the faults, the event of one that was proven, and
///         why an opening of the batch is refused.
interface BatchFaults {
    /// @notice Names of the faults, for the event. New ones come last.
    enum Fault {
        Disorder,
        MalformedLeaf,
        MissingReceipt,
        StrayReceipt,
        WrongCollection,
        Misaccounting,
        StrayAllocation,
        ContradictedReceipt,
        MislabelledReceipt,
        WrongPrice,
        UnfaithfulAllocation,
        UnbalancedAllocation,
        UnfoundedAllocation,
        FalseRecord,
        FalseScore,
        OmittedRecord,
        FalseSpan,
        WithheldData
    }

    event FraudProven(
        address indexed operator, uint32 indexed batchIndex, bytes32 bodyHash, Fault fault, address challenger
    );

    error FraudProofs_NoFault();
    error FraudProofs_WrongChannels(bytes32 given, bytes32 expected);
    error FraudProofs_NoSuchEntry(uint256 index, uint256 entries);
    error FraudProofs_WrongReceipt(bytes32 given, bytes32 expected);
    error FraudProofs_WrongChannel(bytes32 given, bytes32 expected);
    error FraudProofs_WrongComposition(bytes32 given, bytes32 expected);
    error FraudProofs_WrongAllocations(bytes32 given, bytes32 expected);
}
