// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Reads the packed channel entries of a batch (docs/wire.md) into the words that a voucher's hash is taken over.
library Channels {
    /// @notice Bytes of an entry: payer 20, signer 20, collected 12, lastSequence 4, cumulativeCeiling 12, maxSequence 4,
    ///         app 20, appMarkupBps 2, expiry 4, zero 1, previousSequence 4, r 32, yParityAndS 32.
    uint256 internal constant ENTRY_BYTES = 167;
    uint256 internal constant MAX_ENTRIES = 512;

    bytes32 internal constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(address payer,address operator,address signer,uint96 cumulativeCeiling,uint32 maxSequence,address app,uint16 appMarkupBps,uint32 expiry)"
    );

    /// @dev In memory nine words in the order of the EIP-712 encoding; words 1–3 are also the preimage of the channel id.
    struct VoucherWords {
        bytes32 typeHash;
        address payer;
        address operator;
        address signer;
        uint96 cumulativeCeiling;
        uint32 maxSequence;
        address app;
        uint16 appMarkupBps;
        uint32 expiry;
    }

    /// @dev The rest of an entry.
    struct Collection {
        uint96 collected;
        uint32 lastSequence;
        uint40 previousSequence; // four bytes behind one that is zero, so that one comparison covers all five
        bytes32 r;
        bytes32 vs;
    }

    /// @notice Channel of a payer, an operator and a signer.
    function id(
        address payer,
        address operator,
        address signer
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(payer, operator, signer));
    }

    /// @notice Reads entry `index`, which must lie within `channels`, into the two structs.
    /// @dev Overwrites everything but `typeHash` and `operator`, which are the same for a whole batch.
    function read(
        bytes calldata channels,
        uint256 index,
        VoucherWords memory words,
        Collection memory entry
    ) internal pure {
        // Assembly because entries are not word-aligned: each field is one load and one shift. Writes only the fields of
        // the two structs, each masked to its type.
        assembly ("memory-safe") {
            let at := add(channels.offset, mul(index, 167))
            mstore(add(words, 0x20), shr(96, calldataload(at)))
            mstore(add(words, 0x60), shr(96, calldataload(add(at, 20))))
            let word := calldataload(add(at, 40)) // collected 12 ‖ lastSequence 4 ‖ ceiling 12 ‖ maxSequence 4
            mstore(entry, shr(160, word))
            mstore(add(entry, 0x20), and(shr(128, word), 0xffffffff))
            mstore(add(words, 0x80), and(shr(32, word), 0xffffffffffffffffffffffff))
            mstore(add(words, 0xa0), and(word, 0xffffffff))
            word := calldataload(add(at, 72)) // app 20 ‖ appMarkupBps 2 ‖ expiry 4 ‖ zero 1 ‖ previousSequence 4 ‖ first byte of r
            mstore(add(words, 0xc0), shr(96, word))
            mstore(add(words, 0xe0), and(shr(80, word), 0xffff))
            mstore(add(words, 0x100), and(shr(48, word), 0xffffffff))
            mstore(add(entry, 0x40), and(shr(8, word), 0xffffffffff))
            mstore(add(entry, 0x60), calldataload(add(at, 103)))
            mstore(add(entry, 0x80), calldataload(add(at, 135)))
        }
    }

    /// @notice Channel id of the words, equal to `id(payer, operator, signer)`.
    function channelOf(
        VoucherWords memory words
    ) internal pure returns (bytes32 channel) {
        assembly ("memory-safe") {
            channel := keccak256(add(words, 0x20), 0x60)
        }
    }

    /// @notice Who signed the voucher in the words: ECDSA with the lower s only, EIP-2098; 0 if the signature is bad.
    /// @param domain EIP-712 domain separator
    function recover(
        VoucherWords memory words,
        bytes32 domain,
        bytes32 r,
        bytes32 vs
    ) internal view returns (address signer) {
        // Assembly because OpenZeppelin's ECDSA, which does the same, allocates memory and costs 400 gas more a channel.
        assembly ("memory-safe") {
            let at := mload(0x40)
            let s := and(vs, 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff)
            // Half of the order of secp256k1: above it lies the mirror of every signature (EIP-2).
            if iszero(gt(s, 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0)) {
                mstore(at, 0x1901000000000000000000000000000000000000000000000000000000000000)
                mstore(add(at, 2), domain)
                mstore(add(at, 34), keccak256(words, 0x120)) // EIP-712 struct hash
                mstore(at, keccak256(at, 66))
                mstore(add(at, 0x20), add(27, shr(255, vs)))
                mstore(add(at, 0x40), r)
                mstore(add(at, 0x60), s)
                // A bad signature returns nothing, and leaves the 0 in the first word.
                mstore(0, 0)
                pop(staticcall(gas(), 1, at, 0x80, 0, 0x20))
                signer := mload(0)
            }
        }
    }
}
