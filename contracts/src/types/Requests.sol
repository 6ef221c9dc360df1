// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Receipt} from "./Settlement.sol";

/// @dev What contracts ask models through InferenceRequests, and what comes back.

enum RequestStatus {
    None,
    Open, // any operator, or the named one, may accept it
    Accepted, // that operator answers it, or nobody
    Answered,
    Refunded
}

/// @notice What a requester asks. A prompt is the RFC 8785 JSON of chat messages (docs/wire.md), given as bytes, or as
///         the keccak256 of its bytes with a CID under which they lie.
struct Ask {
    bytes32 releaseHash;
    uint32 termsVersion; // of the release's model: fixes the price of a token
    uint96 maxFee; // wei, taken at once; what the answer does not cost comes back with it
    uint32 deadline; // after it nobody can answer, and anyone can refund
    uint32 callbackGas; // for the call with the answer; 0: no call, the requester reads it
    address operator; // who alone may accept it; 0: any active operator
    bytes prompt;
    bytes32 promptDigest; // 0 where `prompt` is given
    string promptCid; // empty where `prompt` is given
}

/// @notice A request as it is stored.
struct InferenceRequest {
    address requester;
    uint32 deadline;
    uint32 callbackGas;
    RequestStatus status;
    bool delivered; // the requester was called with the answer, and took it
    address operator; // the named one, then the one that accepted
    uint96 maxFee;
    address signer; // the operator's when it accepted: signs the receipt, and the voucher that collects the fee
    uint32 acceptedAt; // which is the receipt's timestamp
    uint32 termsVersion;
    bytes32 releaseHash;
    bytes32 promptDigest;
    bytes32 receiptHash;
    bytes32 answerDigest; // keccak256(abi.encode(output, outputCid))
}

/// @notice An answer, and all that opens its receipt's hashes of prompt and output.
struct Answer {
    Receipt receipt;
    bytes signature; // the operator's, of the receipt
    bytes prompt;
    bytes32 salt; // of both hashes
    bytes output; // text, UTF-8; empty where it lies under a CID
    string outputCid;
    bytes32 textHash; // keccak256(salt ‖ text) where the text lies under a CID, else 0
    bytes32 outputRoot; // of the tree of the output's token chunks
}
