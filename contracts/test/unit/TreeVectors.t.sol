// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {Inflation} from "../../src/libraries/Inflation.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {Tree} from "../../src/types/Settlement.sol";
import {TestTree} from "../settlement/TestTree.sol";
import {SumTreeHarness} from "./SumTree.t.sol";

/// @notice Solidity agrees with sdk/src/tree and sdk/src/allocation/inflation.ts.
contract TreeVectorsTest is Test {
    using TestTree for TestTree.Built;

    SumTreeHarness private harness = new SumTreeHarness();

    function _leaves(
        string memory json,
        uint256 from,
        uint256 count
    ) private pure returns (SumTree.Leaf[] memory leaves) {
        uint256[] memory keys = vm.parseJsonUintArray(json, ".leaves.key");
        bytes32[] memory data = vm.parseJsonBytes32Array(json, ".leaves.data");
        uint256[] memory amounts = vm.parseJsonUintArray(json, ".leaves.amount");
        uint256[] memory weights = vm.parseJsonUintArray(json, ".leaves.weight");
        leaves = new SumTree.Leaf[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] =
                SumTree.Leaf(keys[from + i], data[from + i], uint96(amounts[from + i]), uint96(weights[from + i]));
        }
    }

    function _tree(
        string memory json,
        uint256 i
    ) private pure returns (TestTree.Built memory built, Tree memory committed) {
        uint256[] memory counts = vm.parseJsonUintArray(json, ".trees.count");
        committed = Tree(
            vm.parseJsonBytes32Array(json, ".trees.root")[i],
            uint32(counts[i]),
            uint96(vm.parseJsonUintArray(json, ".trees.amount")[i]),
            uint96(vm.parseJsonUintArray(json, ".trees.weight")[i])
        );
        uint256 from = vm.parseJsonUintArray(json, ".trees.firstLeaf")[i];
        uint8 id = uint8(vm.parseJsonUintArray(json, ".trees.treeId")[i]);
        built = TestTree.build(id, _leaves(json, from, counts[i]));
    }

    function test_treesHaveTheSameRootsAndSums() public view {
        string memory json = vm.readFile("contracts/test/vectors/trees.json");
        uint256 count = vm.parseJsonUintArray(json, ".trees.count").length;
        assertGt(count, 10);
        for (uint256 i = 0; i < count; ++i) {
            (TestTree.Built memory built, Tree memory committed) = _tree(json, i);
            assertEq(keccak256(abi.encode(built.commitment)), keccak256(abi.encode(committed)));
        }
    }

    struct Proofs {
        uint256[] trees;
        uint256[] indices;
        bytes[] proofs;
        uint256[] amounts;
        uint256[] weights;
    }

    function test_proofsHoldAndProvePrefixes() public view {
        string memory json = vm.readFile("contracts/test/vectors/trees.json");
        Proofs memory p = Proofs(
            vm.parseJsonUintArray(json, ".proofs.tree"),
            vm.parseJsonUintArray(json, ".proofs.index"),
            vm.parseJsonBytesArray(json, ".proofs.proof"),
            vm.parseJsonUintArray(json, ".proofs.amountBefore"),
            vm.parseJsonUintArray(json, ".proofs.weightBefore")
        );
        assertGt(p.trees.length, 100);
        TestTree.Built memory built;
        Tree memory committed;
        for (uint256 i = 0; i < p.trees.length; ++i) {
            if (i == 0 || p.trees[i] != p.trees[i - 1]) (built, committed) = _tree(json, p.trees[i]);
            _requireProof(p, i, built, committed);
        }
    }

    function _requireProof(
        Proofs memory p,
        uint256 i,
        TestTree.Built memory built,
        Tree memory committed
    ) private view {
        uint32 index = uint32(p.indices[i]);
        assertEq(built.proof(index), p.proofs[i]);
        SumTree.Leaf memory leaf = built.leaves[index];
        (bool valid, uint256 amount, uint256 weight) = harness.prefix(committed, built.id, leaf, index, p.proofs[i]);
        assertTrue(valid);
        assertEq(amount, p.amounts[i]);
        assertEq(weight, p.weights[i]);
    }

    function test_exp2() public view {
        string memory json = vm.readFile("contracts/test/vectors/inflation.json");
        uint256[] memory day = vm.parseJsonUintArray(json, ".day");
        uint256[] memory exp2 = vm.parseJsonUintArray(json, ".exp2");
        assertGt(day.length, 365);
        for (uint256 i = 0; i < day.length; ++i) {
            assertEq(Inflation.exp2(uint32(day[i])), exp2[i]);
        }
    }

    function testFuzz_exp2DoublesEachYear(
        uint16 day
    ) public pure {
        day = uint16(bound(day, 0, 20_000));
        assertEq(Inflation.exp2(day + 365), 2 * Inflation.exp2(day));
        assertGe(Inflation.exp2(day + 1), Inflation.exp2(day));
    }

    function test_weightIsOneUnitPer10000WeiBurnedOnDayZero() public pure {
        assertEq(Inflation.weight(10_000, 0), 1);
        assertEq(Inflation.weight(9_999, 0), 0);
        assertEq(Inflation.weight(1e18, 0), 1e14);
        assertEq(Inflation.weight(1e18, 365), 2e14);
    }
}
