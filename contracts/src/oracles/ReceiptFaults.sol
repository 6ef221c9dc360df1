// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Channels} from "../libraries/Channels.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TreeProofs} from "../libraries/TreeProofs.sol";
import {Allocation} from "../types/Evidence.sol";
import {Accused, Boundary, OpenedChannel, OpenedReceipt, Opening} from "../types/Proofs.sol";
import {Component, Receipt} from "../types/Settlement.sol";
import {IFraudProofs} from "./IFraudProofs.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {ReceiptProofs} from "./ReceiptProofs.sol";

/// @notice Faults that show once a receipt is opened: what was signed, priced and promised.
abstract contract ReceiptFaults is IFraudProofs, ReceiptProofs {
    IOperatorRegistry public immutable registry;

    /// @custom:storage-location erc7201:openledger.storage.ReceiptFaults
    struct ReceiptFaultsStorage {
        mapping(address operator => mapping(bytes32 channel => mapping(uint32 sequence => bool))) slashed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ReceiptFaults")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant RECEIPT_FAULTS_STORAGE =
        0x040eaec39369cb8a0cdac83c93c3d9c1409d624fad4c19ff73953cc401d20f00;

    constructor(
        IOperatorRegistry registry_
    ) {
        registry = registry_;
    }

    /// @inheritdoc IFraudProofs
    function proveContradictedReceipt(
        Accused calldata accused,
        Receipt calldata receipt,
        bytes calldata signature,
        Opening calldata leaf
    ) external {
        address operator = accused.header.body.operator;
        bytes32 signed = _requireSigned(operator, receipt, signature);
        uint256 key = _receiptKey(receipt.channel, receipt.sequence);
        if (leaf.key != key) revert FraudProofs_WrongLeaf(leaf.key, key);
        // slither-disable-next-line unused-return (it reverts unless the leaves open; their sums are not asked for)
        TreeProofs.open(accused.header.body.receipts, SumTree.RECEIPTS, leaf);
        if (leaf.data == signed) revert FraudProofs_NoFault();
        _storage().slashed[operator][receipt.channel][receipt.sequence] = true;
        _condemn(accused, Fault.ContradictedReceipt);
    }

    /// @inheritdoc IFraudProofs
    function proveMislabelledReceipt(
        Accused calldata accused,
        OpenedReceipt calldata opened
    ) external {
        _requireReceipt(accused, opened);
        Receipt calldata receipt = opened.receipt;
        if (
            opened.leaf.key == _receiptKey(receipt.channel, receipt.sequence) && opened.leaf.amount == receipt.fee
                && receipt.feeVersion == accused.header.body.feeVersion
        ) revert FraudProofs_NoFault();
        _condemn(accused, Fault.MislabelledReceipt);
    }

    /// @inheritdoc IFraudProofs
    function proveWrongPrice(
        Accused calldata accused,
        OpenedReceipt calldata opened,
        Component calldata component,
        OpenedChannel calldata channel
    ) external {
        _requireReceipt(accused, opened);
        Receipt calldata receipt = opened.receipt;
        _requireComposition(receipt, component);
        (bytes32 id, Channels.VoucherWords memory words,) = _openChannel(accused, channel);
        if (receipt.channel != id) revert FraudProofs_WrongChannel(receipt.channel, id);
        (bool due,,) = _charge(receipt, component, words);
        if (due) revert FraudProofs_NoFault();
        _condemn(accused, Fault.WrongPrice);
    }

    /// @inheritdoc IFraudProofs
    function proveUnfaithfulAllocation(
        Accused calldata accused,
        OpenedReceipt calldata opened,
        Allocation[] calldata allocations,
        address account,
        Boundary calldata boundary
    ) external {
        _requireReceipt(accused, opened);
        _requireAllocations(opened.receipt, allocations);
        // The leaf after the sentinel is at position 0.
        uint256 key = uint256(uint160(account)) << 96 | (opened.leaf.index - 1);
        (uint256 amount, uint256 weight) =
            TreeProofs.sumsAt(accused.header.body.allocations, SumTree.ALLOCATIONS, boundary, key);
        for (uint256 i = 0; i < allocations.length; ++i) {
            Allocation calldata stated = allocations[i];
            if (stated.account != account) continue;
            if (amount == stated.amount && weight == stated.weight) revert FraudProofs_NoFault();
            _condemn(accused, Fault.UnfaithfulAllocation);
            return;
        }
        if (amount == 0 && weight == 0) revert FraudProofs_NoFault();
        _condemn(accused, Fault.UnfaithfulAllocation);
    }

    /// @inheritdoc IFraudProofs
    function proveUnbalancedAllocation(
        Accused calldata accused,
        OpenedReceipt calldata opened,
        Allocation[] calldata allocations
    ) external {
        _requireReceipt(accused, opened);
        _requireAllocations(opened.receipt, allocations);
        uint256 fee = opened.receipt.fee;
        uint256 net = fee - fee * feePolicy.fee(accused.header.body.feeVersion).protocolFeeBps / BPS;
        if (_sumInOrder(allocations) == net) revert FraudProofs_NoFault();
        _condemn(accused, Fault.UnbalancedAllocation);
    }

    /// @inheritdoc IFraudProofs
    function proveEquivocation(
        address operator,
        Receipt calldata first,
        bytes calldata firstSignature,
        Receipt calldata second,
        bytes calldata secondSignature
    ) external {
        (bytes32 channel, uint32 sequence) = (first.channel, first.sequence);
        bytes32 firstHash = _requireSigned(operator, first, firstSignature);
        bytes32 secondHash = _requireSigned(operator, second, secondSignature);
        if (firstHash == secondHash) revert FraudProofs_SameReceipt(firstHash);
        if (second.channel != channel) revert FraudProofs_WrongChannel(second.channel, channel);
        if (second.sequence != sequence) revert FraudProofs_NoFault();
        mapping(uint32 => bool) storage slashed = _storage().slashed[operator][channel];
        if (slashed[sequence]) revert FraudProofs_AlreadySlashed(operator, channel, sequence);
        slashed[sequence] = true;
        emit EquivocationProven(operator, channel, sequence, firstHash, secondHash, msg.sender);
        settlement.slashEquivocation(operator, msg.sender);
    }

    /// @dev Of all signers that the operator ever had, since a signer serves one operator for ever.
    function _requireSigned(
        address operator,
        Receipt calldata receipt,
        bytes calldata signature
    ) private view returns (bytes32 receiptHash) {
        bytes32 digest;
        (receiptHash, digest) = settlement.hashReceipt(receipt);
        // slither-disable-next-line unused-return (a bad signature recovers nobody, refused below)
        (address recovered,,) = ECDSA.tryRecover(digest, signature);
        if (recovered == address(0) || registry.operatorOf(recovered) != operator) {
            revert FraudProofs_NotSigned(recovered, operator);
        }
    }

    /// @return sum of the amounts; more than any fee when the accounts do not strictly rise
    function _sumInOrder(
        Allocation[] calldata allocations
    ) private pure returns (uint256 sum) {
        // slither-disable-next-line uninitialized-local (the first account is above 0)
        address last;
        for (uint256 i = 0; i < allocations.length; ++i) {
            Allocation calldata a = allocations[i];
            if (a.account <= last) return type(uint256).max;
            last = a.account;
            sum += a.amount;
        }
    }

    function _storage() private pure returns (ReceiptFaultsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := RECEIPT_FAULTS_STORAGE
        }
    }
}
