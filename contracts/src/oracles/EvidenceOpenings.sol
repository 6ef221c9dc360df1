// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IndexRows} from "../libraries/IndexRows.sol";
import {Accused, OpenedEvidence, OpenedRow} from "../types/Proofs.sol";
import {Release} from "../types/Release.sol";
import {IEvidenceProofs} from "./IEvidenceProofs.sol";
import {ReceiptProofs} from "./ReceiptProofs.sol";

/// @notice A receipt's evidence and its release's index, opened.
abstract contract EvidenceOpenings is IEvidenceProofs, ReceiptProofs {
    /// @dev The receipt is in the batch, of the one release, and that is its evidence.
    function _requireEvidence(
        Accused calldata accused,
        OpenedEvidence calldata opened
    ) internal view {
        _requireReceipt(accused, opened.receipt);
        _requireComposition(opened.receipt.receipt, opened.component);
        bytes32 given = keccak256(abi.encode(opened.release));
        if (given != opened.component.releaseHash) {
            revert EvidenceProofs_WrongRelease(given, opened.component.releaseHash);
        }
        given = keccak256(abi.encode(opened.evidence));
        bytes32 expected = opened.receipt.receipt.evidenceHash;
        if (given != expected) revert EvidenceProofs_WrongEvidence(given, expected);
    }

    /// @dev The row is the index's at the position that is asked for.
    function _requireRowAt(
        Release calldata release,
        OpenedRow calldata row,
        uint32 position
    ) internal pure {
        if (row.leaf.position != position) revert EvidenceProofs_WrongPosition(row.leaf.position, position);
        IndexRows.open(release, row);
    }

    function _requireItem(
        uint256 index,
        uint256 count
    ) internal pure {
        if (index >= count) revert EvidenceProofs_NoSuchItem(index, count);
    }
}
