// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Finds items of a list in memory by a key, without looking through the list: open addressing in a table that is
///         at least half empty.
library MemoryIndex {
    struct Index {
        bytes32[] keys;
        uint256[] places; // of the item, counted from 1; 0 where the slot is free
    }

    /// @param most items that will ever be in it
    function make(
        uint256 most
    ) internal pure returns (Index memory index) {
        uint256 size = 2;
        while (size < 2 * most) {
            size *= 2;
        }
        index.keys = new bytes32[](size);
        index.places = new uint256[](size);
    }

    /// @return known whether the key is in it
    /// @return at its item's place in the list; `next` when it was not, and then it is
    function findOrAdd(
        Index memory index,
        bytes32 key,
        uint256 next
    ) internal pure returns (bool known, uint256 at) {
        uint256 slot;
        (known, slot) = _slot(index, key);
        if (known) return (true, index.places[slot] - 1);
        (index.keys[slot], index.places[slot]) = (key, next + 1);
        return (false, next);
    }

    /// @return known whether the key is in it
    /// @return at its item's place in the list
    function find(
        Index memory index,
        bytes32 key
    ) internal pure returns (bool known, uint256 at) {
        (known, at) = _slot(index, key);
        if (known) at = index.places[at] - 1;
    }

    /// @dev Where the key is, or the free slot where it would be.
    function _slot(
        Index memory index,
        bytes32 key
    ) private pure returns (bool known, uint256 slot) {
        uint256 mask = index.places.length - 1;
        slot = uint256(key) & mask;
        while (index.places[slot] != 0) {
            if (index.keys[slot] == key) return (true, slot);
            slot = (slot + 1) & mask;
        }
    }
}
