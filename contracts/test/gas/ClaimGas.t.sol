// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {Tree} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @notice Gas of claims as whole transactions: accounts that have claimed before, from a tree as deep as named.
/// forge-config: default.isolate = true
contract ClaimGasTest is TransactionGas, BatchBuilder {
    address private account = makeAddr("claimant");
    uint96 private constant AMOUNT = 12_345_678_901_230_000;
    uint96 private constant WEIGHT = 123_456_789_012;

    /// @dev A live tree of 2^depth leaves of which only the path to one is built; the others' sums are of like size.
    function _live(
        uint256 depth,
        uint96 amount,
        uint96 weight,
        address claimant,
        uint32 index
    ) private returns (IRewardPool.Claim memory c) {
        c.operator = operator;
        c.account = claimant;
        c.amount = amount;
        c.weight = weight;
        c.index = index;
        bytes32 hash =
            SumTree.hashLeaf(SumTree.REWARDS, SumTree.Leaf(uint256(uint160(claimant)) << 96, 0, amount, weight));
        for (uint256 d = 0; d < depth; ++d) {
            bytes memory own = abi.encodePacked(hash, amount, weight);
            uint96 a = AMOUNT * uint96(1 << d) + uint96(d);
            uint96 w = WEIGHT * uint96(1 << d) + uint96(d);
            bytes memory sibling = abi.encodePacked(keccak256(abi.encode("sibling", d)), a, w);
            hash = keccak256(
                index >> d & 1 == 0 ? bytes.concat(hex"0103", own, sibling) : bytes.concat(hex"0103", sibling, own)
            );
            c.proof = bytes.concat(c.proof, sibling);
            amount += a;
            weight += w;
        }
        c.rewards = Tree(hash, uint32(1 << depth), amount, weight);
        token.mint(address(pool), 100e18);
        vm.prank(address(settlement));
        pool.activate(operator, 1, c.rewards, 100e18);
    }

    function _claim(
        uint256 depth,
        string memory name
    ) private returns (uint256) {
        uint32 index = uint32(uint256(0x5a5a5) & ((1 << depth) - 1));
        pool.claim(_live(depth, AMOUNT, WEIGHT, account, index)); // first use of every slot
        IRewardPool.Claim memory c = _live(depth, 2 * AMOUNT, 2 * WEIGHT, account, index);
        vm.prank(account);
        pool.claim(c);
        return _measure(name, abi.encodeCall(IRewardPool.claim, (c)));
    }

    function test_claim_depth5() public {
        _claim(5, "claim_depth_5");
    }

    function test_claim_depth10() public {
        _claim(10, "claim_depth_10");
    }

    function test_claim_depth20() public {
        _claim(20, "claim_depth_20");
    }

    /// @dev The claimant's OPEN is delegated, so each payment writes a new checkpoint of votes.
    function test_claim_depth20_delegated() public {
        vm.prank(account);
        token.delegate(account);
        vm.warp(block.timestamp + 10);
        pool.claim(_live(20, AMOUNT, WEIGHT, account, 7));
        vm.warp(block.timestamp + 10);
        IRewardPool.Claim memory c = _live(20, 2 * AMOUNT, 2 * WEIGHT, account, 7);
        vm.prank(account);
        pool.claim(c);
        _measure("claim_depth_20_delegated", abi.encodeCall(IRewardPool.claim, (c)));
    }

    function test_claimVotes_depth20() public {
        pool.claimVotes(_live(20, AMOUNT, WEIGHT, account, 7));
        vm.warp(block.timestamp + 1 days);
        IRewardPool.Claim memory c = _live(20, 2 * AMOUNT, 2 * WEIGHT, account, 7);
        vm.prank(account);
        pool.claimVotes(c);
        _measure("claim_votes_depth_20", abi.encodeCall(IRewardPool.claimVotes, (c)));
    }

    /// @dev What each of many claims costs in one transaction.
    function test_claimMany_depth20() public {
        address other = operator2;
        token.mint(other, 1);
        _first(operator2);
        IRewardPool.Claim[] memory two = new IRewardPool.Claim[](2);
        pool.claim(_live(20, AMOUNT, WEIGHT, account, 7));
        two[0] = _live(20, 2 * AMOUNT, 2 * WEIGHT, account, 7);
        two[1] = _second(operator2);
        IRewardPool.Claim[] memory one = new IRewardPool.Claim[](1);
        one[0] = two[0];
        uint256 snapshot = vm.snapshotState();
        pool.claimMany(one);
        uint256 single = _measure("claim_many_1_depth_20", abi.encodeCall(IRewardPool.claimMany, (one)));
        vm.revertToState(snapshot);
        pool.claimMany(two);
        uint256 both = _measure("claim_many_2_depth_20", abi.encodeCall(IRewardPool.claimMany, (two)));
        vm.snapshotValue(GROUP, "per_further_claim_depth_20", both - single);
    }

    function _first(
        address operator_
    ) private {
        address was = operator;
        operator = operator_;
        pool.claim(_live(20, AMOUNT, WEIGHT, account, 9));
        operator = was;
    }

    function _second(
        address operator_
    ) private returns (IRewardPool.Claim memory c) {
        address was = operator;
        operator = operator_;
        c = _live(20, 2 * AMOUNT, 2 * WEIGHT, account, 9);
        operator = was;
    }
}
