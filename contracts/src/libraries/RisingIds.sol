// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A list of ids in storage that always rise. Both calls cost gas with the ids behind the place they touch.
library RisingIds {
    /// @notice Puts an id at its place: almost always at the end, since ids are given out rising.
    function insert(
        uint32[] storage ids,
        uint32 id
    ) internal {
        ids.push(id);
        for (uint256 i = ids.length - 1; i > 0 && ids[i - 1] > id; --i) {
            ids[i] = ids[i - 1];
            ids[i - 1] = id;
        }
    }

    /// @notice Takes out an id that is there; those behind it move up.
    function remove(
        uint32[] storage ids,
        uint32 id
    ) internal {
        uint256 last = ids.length - 1;
        uint256 i;
        while (ids[i] != id) ++i;
        for (; i < last; ++i) {
            ids[i] = ids[i + 1];
        }
        ids.pop();
    }
}
