// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Vectors of int8 in calldata, a byte each (two's complement).
library Int8 {
    /// @notice Inner product of two vectors of one length.
    function dot(
        bytes calldata a,
        bytes calldata b
    ) internal pure returns (int256 sum) {
        uint256 length = a.length;
        // Assembly for the bounds checks of 8,192 bytes, which would cost more than the sum. `sar` by 248 bits leaves the
        // first byte of the word with its sign; a product is at most 2¹⁴, so nothing overflows.
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, length) { i := add(i, 1) } {
                let x := sar(248, calldataload(add(a.offset, i)))
                let y := sar(248, calldataload(add(b.offset, i)))
                sum := add(sum, mul(x, y))
            }
        }
    }
}
