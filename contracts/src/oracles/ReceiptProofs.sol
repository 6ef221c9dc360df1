// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Channels} from "../libraries/Channels.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TreeProofs} from "../libraries/TreeProofs.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {IFeePolicy} from "../settlement/IFeePolicy.sol";
import {Allocation} from "../types/Evidence.sol";
import {Accused, OpenedReceipt} from "../types/Proofs.sol";
import {Terms} from "../types/Release.sol";
import {Component, Receipt} from "../types/Settlement.sol";
import {BatchProofs} from "./BatchProofs.sol";

/// @notice A receipt of the accused batch, opened, with what it binds and what it should cost.
abstract contract ReceiptProofs is BatchProofs {
    uint256 internal constant BPS = 10_000;
    /// @dev Both parts of a fee are rounded up to a multiple of this many wei.
    uint256 internal constant PRICE_UNIT = 10_000;

    IModelRegistry public immutable models;
    IFeePolicy public immutable feePolicy;

    constructor(
        IModelRegistry models_,
        IFeePolicy feePolicy_
    ) {
        models = models_;
        feePolicy = feePolicy_;
    }

    /// @dev The leaf is in the batch and is the receipt's.
    function _requireReceipt(
        Accused calldata accused,
        OpenedReceipt calldata opened
    ) internal view {
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.open(accused.header.body.receipts, SumTree.RECEIPTS, opened.leaf);
        // slither-disable-next-line unused-return (the digest is for signatures only)
        (bytes32 receiptHash,) = settlement.hashReceipt(opened.receipt);
        if (opened.leaf.data != receiptHash) revert FraudProofs_WrongReceipt(receiptHash, opened.leaf.data);
    }

    function _requireComposition(
        Receipt calldata receipt,
        Component calldata component
    ) internal pure {
        Component[] memory composition = new Component[](1);
        composition[0] = component;
        bytes32 given = keccak256(abi.encode(composition));
        if (given != receipt.compositionHash) revert FraudProofs_WrongComposition(given, receipt.compositionHash);
    }

    function _requireAllocations(
        Receipt calldata receipt,
        Allocation[] calldata allocations
    ) internal pure {
        bytes32 given = keccak256(abi.encode(allocations));
        if (given != receipt.allocationHash) revert FraudProofs_WrongAllocations(given, receipt.allocationHash);
    }

    /// @return due whether the registry has the bound terms and the fee is what they ask for
    /// @return base price of what was counted
    /// @return markup the application's part on top
    function _charge(
        Receipt calldata receipt,
        Component calldata component,
        Channels.VoucherWords memory words
    ) internal view returns (bool due, uint256 base, uint256 markup) {
        uint32 modelId = models.modelOf(component.releaseHash);
        uint32 version = component.termsVersion;
        if (modelId == 0 || !models.isBindable(modelId, version)) return (false, 0, 0);
        Terms memory terms = models.terms(modelId, version);
        base = _roundUp(
            uint256(receipt.promptTokens) * terms.promptPrice + uint256(receipt.completionTokens)
                * terms.completionPrice + uint256(receipt.retrievalTokens) * terms.retrievalPrice
                + uint256(receipt.agentSteps) * terms.agentStepPrice
        );
        markup = words.app == address(0) ? 0 : _roundUp(base * words.appMarkupBps / BPS);
        due = component.weightBps == BPS && receipt.fee == base + markup;
    }

    function _roundUp(
        uint256 amount
    ) private pure returns (uint256) {
        // slither-disable-next-line divide-before-multiply (rounds up to a whole unit)
        return (amount + PRICE_UNIT - 1) / PRICE_UNIT * PRICE_UNIT;
    }
}
