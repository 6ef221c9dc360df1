// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @notice Weights in slots with their sums over time: a draw by the weights of an earlier second, in O(log slots).
/// @dev A binary tree that grows upwards. A slot is never given to another account, so that an earlier state keeps its
///      meaning; many accounts only make it a level higher.
library StakeTree {
    using Checkpoints for Checkpoints.Trace208;

    struct Tree {
        uint32 count; // slots given
        Checkpoints.Trace208 height;
        mapping(uint256 level => mapping(uint256 index => Checkpoints.Trace208)) nodes; // level 0: the slots
    }

    /// @notice A new slot; its weight must be set in the same call.
    function add(
        Tree storage self
    ) internal returns (uint32 slot) {
        slot = self.count++;
        uint208 height = self.height.latest();
        // slither-disable-next-line unused-return (push returns the values before and after, known here)
        if (slot >> height != 0) self.height.push(uint48(block.timestamp), height + 1);
    }

    function set(
        Tree storage self,
        uint32 slot,
        uint208 weight
    ) internal {
        uint48 now_ = uint48(block.timestamp);
        // slither-disable-next-line unused-return (push returns the values before and after, known here)
        self.nodes[0][slot].push(now_, weight);
        uint256 height = self.height.latest();
        for (uint256 level = 1; level <= height; ++level) {
            uint256 index = slot >> level;
            mapping(uint256 => Checkpoints.Trace208) storage below = self.nodes[level - 1];
            // slither-disable-next-line unused-return (push returns the values before and after, known here)
            self.nodes[level][index].push(now_, below[2 * index].latest() + below[2 * index + 1].latest());
        }
    }

    /// @notice Sum of all weights at the end of that second.
    function total(
        Tree storage self,
        uint48 when
    ) internal view returns (uint256) {
        return self.nodes[self.height.upperLookup(when)][0].upperLookup(when);
    }

    /// @notice The slot that covers `position` of [0, total) when the weights of that second are laid side by side.
    /// @return slot the slot
    /// @return start where its weight starts
    /// @return weight its weight
    function find(
        Tree storage self,
        uint256 position,
        uint48 when
    ) internal view returns (uint32 slot, uint256 start, uint256 weight) {
        // slither-disable-next-line uninitialized-local (the walk starts at 0)
        uint256 index;
        for (uint256 level = self.height.upperLookup(when); level != 0;) {
            --level;
            index <<= 1;
            uint256 left = self.nodes[level][index].upperLookup(when);
            if (position >= start + left) {
                start += left;
                ++index;
            }
        }
        slot = uint32(index);
        weight = self.nodes[0][index].upperLookup(when);
    }
}
