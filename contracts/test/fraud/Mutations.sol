// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {console} from "forge-std/console.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice Changes one thing in an honest batch, settles it and requires one proof to void it. `-vv` prints the table.
abstract contract Mutations is FraudBase {
    uint8 internal constant R = SumTree.RECEIPTS;
    uint8 internal constant A = SumTree.ALLOCATIONS;
    uint8 internal constant W = SumTree.REWARDS;

    uint256 internal mutations;

    /// @param change alters the leaves, settles them, and proves the fault
    function _loses(
        string memory mutation,
        string memory proof,
        function(Story memory, Story memory) internal change
    ) internal {
        uint256 count = mutations + 1;
        uint256 snapshot = vm.snapshotState();
        Story memory before = _settleHonest(_two());
        Story memory s = _tell(_two());
        uint256 had = token.balanceOf(watchtower);
        change(before, s);
        ISettlement.OperatorBatches memory state = _state();
        assertEq(state.settled, 2, mutation);
        assertEq(state.voidedFrom, 2, mutation);
        // A fifth of twice the value of the batch.
        assertEq(token.balanceOf(watchtower) - had, uint256(s.batch.body.receipts.amount) * 2 / 5, mutation);
        console.log(string.concat("| ", vm.toString(count), " | ", mutation, " | ", proof, " |"));
        vm.revertToState(snapshot);
        mutations = count;
    }

    /// @dev Two leaves change places.
    function _swap(
        SumTree.Leaf[] memory leaves,
        uint256 i,
        uint256 j
    ) internal pure {
        (leaves[i], leaves[j]) = (leaves[j], leaves[i]);
    }

    function _move(
        SumTree.Leaf[] memory leaves,
        uint256 from,
        uint256 to,
        uint96 amount
    ) internal pure {
        leaves[from].amount -= amount;
        leaves[to].amount += amount;
    }

    /// @dev Takes a leaf out and adds its sums to the next or, of the last, to the one before.
    function _drop(
        SumTree.Leaf[] memory leaves,
        uint256 index
    ) internal pure returns (SumTree.Leaf[] memory less) {
        less = new SumTree.Leaf[](leaves.length - 1);
        for (uint256 i = 0; i < less.length; ++i) {
            less[i] = leaves[i < index ? i : i + 1];
        }
        uint256 heir = index + 1 < less.length ? index : index - 1;
        less[heir].amount += leaves[index].amount;
        less[heir].weight += leaves[index].weight;
    }

    /// @dev Puts a leaf where its key belongs; its amount is taken from the leaf at `from`.
    function _insert(
        SumTree.Leaf[] memory leaves,
        SumTree.Leaf memory leaf,
        uint256 from
    ) internal pure returns (SumTree.Leaf[] memory more) {
        leaves[from].amount -= leaf.amount;
        more = new SumTree.Leaf[](leaves.length + 1);
        uint256 at = 0;
        while (leaves[at].key < leaf.key) ++at;
        for (uint256 i = 0; i < more.length; ++i) {
            more[i] = i < at ? leaves[i] : i == at ? leaf : leaves[i - 1];
        }
    }

    /// @dev Index of the leaf with that key.
    function _find(
        SumTree.Leaf[] memory leaves,
        uint256 key
    ) internal pure returns (uint256 i) {
        while (leaves[i].key != key) ++i;
    }

    function _copy(
        SumTree.Leaf memory leaf
    ) internal pure returns (SumTree.Leaf memory) {
        return SumTree.Leaf(leaf.key, leaf.data, leaf.amount, leaf.weight);
    }
}
