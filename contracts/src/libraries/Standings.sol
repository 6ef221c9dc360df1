// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice How a round moves two models: what one gains the other loses.
/// @dev After Elo (The Rating of Chessplayers, 1978), with a straight line in place of the logistic curve: integers, and a
///      result can be checked by head. Whoever only ever beats one other model ends at most `SPAN` above it.
library Standings {
    int256 private constant BPS = 10_000;
    /// @notice Hundredths of a point: a result that was wholly unexpected moves 32 points.
    int256 internal constant STEP = 3_200;
    /// @notice Hundredths of a point: with 400 points more a model is expected to take everything.
    int256 internal constant SPAN = 40_000;

    /// @param ahead how far A's model stands above B's, in hundredths of a point
    /// @return of 10,000: the score that A is expected to have
    function expected(
        int256 ahead
    ) internal pure returns (int256) {
        if (ahead >= SPAN) return BPS;
        if (ahead <= -SPAN) return 0;
        return BPS / 2 + ahead * BPS / (2 * SPAN);
    }

    /// @param scoreA of 10,000
    /// @return hundredths of a point that A's model gains and B's loses
    function gain(
        int256 ahead,
        uint256 scoreA
    ) internal pure returns (int32) {
        // at most STEP
        return int32(STEP * (int256(scoreA) - expected(ahead)) / BPS);
    }
}
