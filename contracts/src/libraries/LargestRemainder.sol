// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Divides an amount in proportion to claims so that the parts sum to it exactly: floors first, then each missing
///         wei to the largest remainders (sdk/src/allocation/largestRemainder.ts).
library LargestRemainder {
    /// @param claims must sum to more than nothing
    /// @param ranks of two claims with equal remainders the lower rank comes first, then the earlier
    function divide(
        uint256 amount,
        uint256[] memory claims,
        uint256[] memory ranks
    ) internal pure returns (uint256[] memory parts) {
        uint256 count = claims.length;
        // slither-disable-next-line uninitialized-local (sums start at 0)
        uint256 total;
        for (uint256 i = 0; i < count; ++i) {
            total += claims[i];
        }
        parts = new uint256[](count);
        uint256[] memory remainders = new uint256[](count);
        uint256 missing = amount;
        for (uint256 i = 0; i < count; ++i) {
            uint256 product = amount * claims[i];
            parts[i] = product / total;
            remainders[i] = product % total + 1; // 0 once it has its wei
            missing -= parts[i];
        }
        for (; missing > 0; --missing) {
            uint256 first = 0;
            for (uint256 i = 1; i < count; ++i) {
                if (remainders[i] < remainders[first]) continue;
                if (remainders[i] > remainders[first] || ranks[i] < ranks[first]) first = i;
            }
            ++parts[first];
            remainders[first] = 0;
        }
    }
}
