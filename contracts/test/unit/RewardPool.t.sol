// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {RewardPool} from "../../src/settlement/RewardPool.sol";
import {Tree} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";
import {TestTree} from "../settlement/TestTree.sol";

contract RewardPoolTest is BatchBuilder {
    using TestTree for TestTree.Built;

    uint96 private constant FEE = 1e18;
    address private contributor;

    function setUp() public override {
        super.setUp();
        contributor = _contributor(0);
        _deposit(payer, operator, 1_000e18);
        _deposit(payer, operator2, 1_000e18);
        _settleFinal(operator, _one(payer, payerKey, 7, FEE));
    }

    /// @dev Makes a tree of the test's own live, funded with `net` real OPEN.
    function _activate(
        address operator_,
        Reward[] memory rewards,
        uint96 net
    ) private returns (TestTree.Built memory t) {
        t = _rewardsTree(rewards);
        token.mint(address(pool), net);
        vm.prank(address(settlement));
        pool.activate(operator_, 1, t.commitment, net);
    }

    function test_claim_paysTheAccount() public {
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        vm.expectEmit(address(pool));
        emit IRewardPool.RewardClaimed(operator, contributor, c.amount, c.amount, anyone);
        vm.prank(anyone); // on behalf of the contributor
        assertEq(pool.claim(c), c.amount);
        assertGt(c.amount, 0);
        assertEq(token.balanceOf(contributor), c.amount);
        assertEq(token.balanceOf(anyone), 0);
        (uint96 amount, uint96 weight) = pool.claimed(operator, contributor);
        assertEq(amount, c.amount);
        assertEq(weight, 0);
        (uint96 paidIn, uint96 paidOut) = pool.funding(operator);
        assertEq(paidIn, headers[operator][1].body.allocations.amount);
        assertEq(paidOut, c.amount);
    }

    function test_claim_paysOnlyTheGrowth() public {
        uint96 first = pool.claim(_claimOf(operator, contributor));
        _settleFinal(operator, _one(payer, payerKey, 5, FEE));
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        assertEq(pool.claim(c), c.amount - first);
        assertEq(token.balanceOf(contributor), c.amount);
    }

    function test_claim_failsTwice() public {
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        pool.claim(c);
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_NothingToClaim.selector, operator, contributor));
        pool.claim(c);
    }

    function testFuzz_setPayoutThreshold_isAWishThatBindsNobody(
        uint96 threshold
    ) public {
        vm.expectEmit(address(pool));
        emit IRewardPool.PayoutThresholdSet(contributor, threshold);
        vm.prank(contributor);
        pool.setPayoutThreshold(threshold);
        assertEq(pool.payoutThreshold(contributor), threshold);
        assertEq(pool.payoutThreshold(anyone), 0);
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        assertEq(pool.claim(c), c.amount); // whatever was asked for
        assertEq(token.balanceOf(contributor), c.amount);
    }

    function test_claim_everyAccountTogetherEmptiesTheStream() public {
        address[7] memory accounts = [
            _contributor(0), _contributor(1), _contributor(2), _contributor(3), _contributor(4), _developer(), operator
        ];
        for (uint256 i = 0; i < accounts.length; ++i) {
            pool.claim(_claimOf(operator, accounts[i]));
        }
        (uint96 paidIn, uint96 paidOut) = pool.funding(operator);
        assertEq(paidIn, paidOut);
        assertEq(token.balanceOf(address(pool)), 0);
    }

    function test_claim_failsForAStaleTree() public {
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        _settleFinal(operator, _one(payer, payerKey, 5, FEE));
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardPool.RewardPool_StaleRewards.selector,
                operator,
                keccak256(abi.encode(c.rewards)),
                keccak256(abi.encode(headers[operator][2].rewards))
            )
        );
        pool.claim(c);
    }

    function testFuzz_claim_failsForAnythingButTheLeaf(
        uint8 field,
        uint96 by
    ) public {
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        by = uint96(bound(by, 1, 1e18));
        field = field % 4;
        if (field == 0) c.amount += by;
        if (field == 1) c.weight += by;
        if (field == 2) c.account = anyone;
        if (field == 3) c.index = c.index == 1 ? 2 : 1;
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_BadProof.selector, operator, c.account));
        pool.claim(c);
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_BadProof.selector, operator, c.account));
        pool.claimVotes(c);
    }

    function test_claim_failsBeforeFinality() public {
        _settleCalls(operator2, _one(payer, payerKey, 5, FEE));
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        c.operator = operator2;
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardPool.RewardPool_StaleRewards.selector, operator2, keccak256(abi.encode(c.rewards)), bytes32(0)
            )
        );
        pool.claim(c);
    }

    /// @dev A lying tree, which pays one account twice, takes no more than its own operator's callers paid.
    function test_claim_failsBeyondTheOperatorsFunding() public {
        uint256 others = token.balanceOf(address(pool));
        Reward[] memory rewards = new Reward[](2);
        rewards[0] = Reward(address(1), 60, 0);
        rewards[1] = Reward(address(2), 60, 0);
        TestTree.Built memory t = _activate(operator2, rewards, 100);
        IRewardPool.Claim memory c = IRewardPool.Claim(operator2, t.commitment, address(1), 60, 0, 1, t.proof(1));
        pool.claim(c);
        c = IRewardPool.Claim(operator2, t.commitment, address(2), 60, 0, 2, t.proof(2));
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_BeyondFunding.selector, operator2, 60, 40));
        pool.claim(c);
        assertEq(token.balanceOf(address(pool)), others + 40);
    }

    function test_claim_paysNothingBackWhenRewardsShrink() public {
        Reward[] memory rewards = new Reward[](1);
        rewards[0] = Reward(address(1), 60, 0);
        TestTree.Built memory t = _activate(operator2, rewards, 100);
        pool.claim(IRewardPool.Claim(operator2, t.commitment, address(1), 60, 0, 1, t.proof(1)));
        rewards[0].amount = 50;
        t = _activate(operator2, rewards, 0);
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_NothingToClaim.selector, operator2, address(1)));
        pool.claim(IRewardPool.Claim(operator2, t.commitment, address(1), 50, 0, 1, t.proof(1)));
    }

    function test_claimMany_skipsWhatHasBeenPaid() public {
        _settleFinal(operator2, _one(payer, payerKey, 3, FEE));
        IRewardPool.Claim[] memory claims = new IRewardPool.Claim[](3);
        claims[0] = _claimOf(operator, contributor);
        claims[1] = _claimOf(operator, _developer());
        claims[2] = _claimOf(operator2, contributor);
        pool.claim(claims[1]);
        assertEq(pool.claimMany(claims), uint256(claims[0].amount) + claims[2].amount);
        assertEq(token.balanceOf(contributor), uint256(claims[0].amount) + claims[2].amount);
        assertEq(pool.claimMany(claims), 0);
    }

    function test_claimVotes_mints() public {
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        vm.expectEmit(address(pool));
        emit IRewardPool.VotesClaimed(operator, contributor, c.weight, c.weight, anyone);
        vm.prank(anyone);
        assertEq(pool.claimVotes(c), c.weight);
        assertEq(votes.getVotes(contributor), c.weight); // delegated to itself
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_NothingToClaim.selector, operator, contributor));
        pool.claimVotes(c);
        assertEq(pool.claim(c), c.amount); // the money is another matter

        _settleFinal(operator, _one(payer, payerKey, 5, FEE));
        c = _claimOf(operator, contributor);
        pool.claimVotes(c);
        assertEq(votes.getVotes(contributor), c.weight);
        (, uint96 weight) = pool.claimed(operator, contributor);
        assertEq(weight, c.weight);
    }

    function test_claimVotes_failureDoesNotBlockTheMoney() public {
        IRewardPool.Claim memory c = _claimOf(operator, contributor);
        vm.mockCallRevert(address(votes), abi.encodeWithSelector(votes.mint.selector), "overflow");
        vm.expectRevert("overflow");
        pool.claimVotes(c);
        assertEq(pool.claim(c), c.amount);
        vm.clearMockedCalls();
        assertEq(pool.claimVotes(c), c.weight); // and nothing is lost
    }

    function test_activate_isForTheSettlementAlone() public {
        Tree memory t;
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRewardPool.RewardPool_NotSettlement.selector, operator));
        pool.activate(operator, 1, t, 0);
    }

    function test_activate_emits() public {
        Tree memory t = Tree("root", 2, 30, 40);
        vm.expectEmit(address(pool));
        emit IRewardPool.RewardsActivated(operator2, 5, "root", 30, 40, 30);
        vm.prank(address(settlement));
        pool.activate(operator2, 5, t, 30);
    }

    function test_upgrade_isForTheAdminAlone() public {
        address next = address(new RewardPool(pool.token(), pool.votes(), address(settlement)));
        vm.prank(anyone);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, anyone));
        pool.upgradeToAndCall(next, "");
        pool.upgradeToAndCall(next, "");
        (uint96 paidIn,) = pool.funding(operator);
        assertGt(paidIn, 0);
    }
}
