// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../libraries/SumTree.sol";

/// @notice Root of a datanet version, tree 5 of docs/wire.md: key contribution id, data its records root, amount its
///         records, weight 0.
/// @dev Computed whole, since a contribution committed early may be accepted late and move every later leaf.
library VersionTree {
    struct Node {
        bytes32 hash;
        uint96 records;
    }

    function leaf(
        uint32 contributionId,
        bytes32 recordsRoot,
        uint32 records
    ) internal pure returns (Node memory) {
        SumTree.Leaf memory l = SumTree.Leaf({key: contributionId, data: recordsRoot, amount: records, weight: 0});
        return Node({hash: SumTree.hashLeaf(SumTree.DATANET_VERSION, l), records: records});
    }

    /// @notice Root over the leaves in order; overwrites them.
    function root(
        Node[] memory level
    ) internal pure returns (bytes32) {
        uint256 width = level.length;
        while (width > 1) {
            uint256 parents = width / 2;
            for (uint256 i; i < parents; ++i) {
                level[i] = _parent(level[2 * i], level[2 * i + 1]);
            }
            if (width % 2 == 1) level[parents++] = level[width - 1];
            width = parents;
        }
        return level[0].hash;
    }

    function _parent(
        Node memory left,
        Node memory right
    ) private pure returns (Node memory) {
        return Node({
            hash: keccak256(
                abi.encodePacked(
                    uint8(1),
                    SumTree.DATANET_VERSION,
                    left.hash,
                    left.records,
                    uint96(0),
                    right.hash,
                    right.records,
                    uint96(0)
                )
            ),
            records: left.records + right.records
        });
    }
}
