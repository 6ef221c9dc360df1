// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {Tree} from "../../src/types/Settlement.sol";
import {TestTree} from "../settlement/TestTree.sol";

contract SumTreeHarness {
    function prefix(
        Tree calldata tree,
        uint8 id,
        SumTree.Leaf calldata leaf,
        uint32 index,
        bytes calldata proof
    ) external pure returns (bool valid, uint256 amountBefore, uint256 weightBefore) {
        bool verified = SumTree.verify(tree, id, leaf, index, proof);
        (valid, amountBefore, weightBefore) = SumTree.prefix(tree, id, leaf, index, proof);
        require(verified == valid, "verify and prefix disagree");
    }
}

contract SumTreeTest is Test {
    using TestTree for TestTree.Built;

    SumTreeHarness private harness = new SumTreeHarness();

    function _tree(
        uint256 seed,
        uint256 count
    ) private pure returns (TestTree.Built memory) {
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 random = keccak256(abi.encode(seed, i));
            leaves[i] =
                SumTree.Leaf(i * 3 + 1, random, uint96(uint256(random) >> 180), uint96(uint256(random) & 0xffffffff));
        }
        return TestTree.build(3, leaves);
    }

    function _valid(
        TestTree.Built memory t,
        SumTree.Leaf memory leaf,
        uint32 index,
        bytes memory proof
    ) private view returns (bool valid) {
        (valid,,) = harness.prefix(t.commitment, t.id, leaf, index, proof);
    }

    function testFuzz_everyLeafProvesTheSumsBeforeIt(
        uint256 seed,
        uint256 count
    ) public view {
        count = bound(count, 1, 70);
        TestTree.Built memory t = _tree(seed, count);
        uint256 amount;
        uint256 weight;
        for (uint32 i = 0; i < count; ++i) {
            (bool valid, uint256 a, uint256 w) = harness.prefix(t.commitment, t.id, t.leaves[i], i, t.proof(i));
            assertTrue(valid);
            assertEq(a, amount);
            assertEq(w, weight);
            amount += t.leaves[i].amount;
            weight += t.leaves[i].weight;
        }
    }

    function testFuzz_changedProofFails(
        uint256 seed,
        uint256 count,
        uint256 at,
        uint8 flip
    ) public view {
        count = bound(count, 2, 70);
        TestTree.Built memory t = _tree(seed, count);
        uint32 index = uint32(seed % count);
        bytes memory proof = t.proof(index);
        if (proof.length == 0) return;
        at = bound(at, 0, proof.length - 1);
        proof[at] = bytes1(uint8(proof[at]) ^ (flip == 0 ? 1 : flip));
        assertFalse(_valid(t, t.leaves[index], index, proof));
    }

    function testFuzz_changedLeafFails(
        uint256 seed,
        uint256 count,
        uint8 field
    ) public view {
        count = bound(count, 1, 40);
        TestTree.Built memory t = _tree(seed, count);
        uint32 index = uint32(seed % count);
        bytes memory proof = t.proof(index);
        SumTree.Leaf memory leaf = t.leaves[index];
        assertTrue(_valid(t, leaf, index, proof));
        field = field % 4;
        if (field == 0) leaf.key += 1;
        if (field == 1) leaf.data = ~leaf.data;
        if (field == 2) leaf.amount += 1;
        if (field == 3) leaf.weight += 1;
        assertFalse(_valid(t, leaf, index, proof));
    }

    function testFuzz_changedCommitmentFails(
        uint256 seed,
        uint256 count,
        uint8 field
    ) public view {
        count = bound(count, 1, 40);
        TestTree.Built memory t = _tree(seed, count);
        uint32 index = uint32(seed % count);
        bytes memory proof = t.proof(index);
        field = field % 4;
        if (field == 0) t.commitment.root = ~t.commitment.root;
        if (field == 1) t.commitment.amount += 1;
        if (field == 2) t.commitment.weight += 1;
        if (field == 3) t.id += 1;
        assertFalse(_valid(t, t.leaves[index], index, proof));
    }

    function test_wrongLengthFails() public view {
        TestTree.Built memory t = _tree(1, 7);
        bytes memory proof = t.proof(4);
        assertTrue(_valid(t, t.leaves[4], 4, proof));
        assertFalse(_valid(t, t.leaves[4], 4, bytes.concat(proof, hex"00")));
        assertFalse(_valid(t, t.leaves[4], 4, bytes.concat(proof, new bytes(56))));
        assertFalse(_valid(t, t.leaves[4], 4, new bytes(0)));
        bytes memory shorter = new bytes(proof.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = proof[i];
        }
        assertFalse(_valid(t, t.leaves[4], 4, shorter));
    }

    function test_indexBeyondTheTreeFails() public view {
        TestTree.Built memory t = _tree(1, 5);
        assertFalse(_valid(t, t.leaves[4], 5, t.proof(4)));
        assertFalse(_valid(t, t.leaves[4], 3, t.proof(4)));
    }

    function test_emptyTreeProvesNothing() public view {
        TestTree.Built memory t = _tree(1, 0);
        SumTree.Leaf memory leaf;
        assertFalse(_valid(t, leaf, 0, ""));
    }

    /// @dev Sums of 96 bits that carry into 97 must not wrap, nor spill from the weight into the amount.
    function test_sumsBeyond96BitsFail() public view {
        SumTree.Leaf memory leaf = SumTree.Leaf(1, 0, type(uint96).max, type(uint96).max);
        bytes32 own = SumTree.hashLeaf(3, leaf);
        bytes32 sibling = keccak256("sibling");
        for (uint256 i = 0; i < 2; ++i) {
            uint96 amount = i == 0 ? 1 : 0;
            uint96 weight = i == 0 ? 0 : 1;
            bytes memory left = abi.encodePacked(own, leaf.amount, leaf.weight);
            bytes memory right = abi.encodePacked(sibling, amount, weight);
            bytes32 root = keccak256(bytes.concat(hex"0103", left, right));
            unchecked {
                Tree memory wrapped = Tree(root, 2, leaf.amount + amount, leaf.weight + weight);
                (bool valid,,) = harness.prefix(wrapped, 3, leaf, 0, right);
                assertFalse(valid);
            }
        }
        // The same tree with sums that fit is valid.
        bytes memory none = abi.encodePacked(sibling, uint96(0), uint96(0));
        bytes32 fits =
            keccak256(bytes.concat(hex"0103", own, bytes12(type(uint96).max), bytes12(type(uint96).max), none));
        (bool ok,,) = harness.prefix(Tree(fits, 2, leaf.amount, leaf.weight), 3, leaf, 0, none);
        assertTrue(ok);
    }
}
