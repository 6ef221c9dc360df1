// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Two bits for each question of a round, the first in the lowest: 1 the left answer, 2 the right one, 3 a tie.
/// @dev 0 is no judgement, so that a ballot which leaves a question out is never taken for one that judged it.
library Ballots {
    /// @notice Fewer than would fit: people answer them one after the other.
    uint256 internal constant MAX_QUESTIONS = 100;

    /// @return whether every question is judged and nothing follows the last
    function isComplete(
        uint256 ballot,
        uint256 questions
    ) internal pure returns (bool) {
        if (ballot >> (2 * questions) != 0) return false;
        uint256 everyFirstBit = (1 << (2 * questions)) / 3; // 01 for each question
        return (ballot | (ballot >> 1)) & everyFirstBit == everyFirstBit;
    }

    /// @return 1 for the left answer, -1 for the right one, 0 for a tie
    function lead(
        uint256 ballot,
        uint256 question
    ) internal pure returns (int64) {
        uint256 choice = (ballot >> (2 * question)) & 3;
        return choice == 3 ? int64(0) : choice == 1 ? int64(1) : int64(-1);
    }

    /// @notice Where a question's answers stand. The salt decides by hash, so that nobody needs to publish a list.
    /// @return whether release A's answer is the left one
    function isLeftA(
        bytes32 salt,
        uint256 question
    ) internal pure returns (bool) {
        return uint256(keccak256(abi.encode(salt, question))) & 1 == 0;
    }
}
