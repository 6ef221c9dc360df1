// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a contract implements that wants to be called with the answers to its requests.
interface IInferenceConsumer {
    /// @notice Called with an answer: once by itself, with the gas that the request named; if that fails, again by
    ///         whoever calls `deliver`. Take no call but from InferenceRequests.
    /// @param receiptHash of the operator's receipt, which batches settle
    /// @param output text of the answer, UTF-8; empty where it lies under `outputCid`
    function onInference(
        uint256 requestId,
        bytes32 receiptHash,
        bytes calldata output,
        string calldata outputCid
    ) external;
}
