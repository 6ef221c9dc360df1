// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StdInvariant} from "forge-std/StdInvariant.sol";
import {Test} from "forge-std/Test.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {OperatorRegistry} from "../../src/oracles/OperatorRegistry.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {RewardPool} from "../../src/settlement/RewardPool.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";
import {SettlementHandler} from "./SettlementHandler.sol";

/// @notice No wei appears or vanishes, whatever payers, operators and claimants do.
contract SettlementInvariants is StdInvariant, Test {
    SettlementHandler private handler;
    OpenToken private token;
    PaymentEscrow private escrow;
    RewardPool private pool;
    OperatorRegistry private registry;
    Settlement private settlement;
    address private treasury;

    function setUp() public {
        handler = new SettlementHandler();
        handler.setUp();
        (token, escrow, pool, registry, settlement, treasury) = handler.contracts();
        bytes4[] memory actions = new bytes4[](16);
        actions[0] = handler.deposit.selector;
        actions[1] = handler.authorize.selector;
        actions[2] = handler.revoke.selector;
        actions[3] = handler.thaw.selector;
        actions[4] = handler.withdraw.selector;
        actions[5] = handler.settle.selector;
        actions[6] = handler.finalize.selector;
        actions[7] = handler.stake.selector;
        actions[8] = handler.unbond.selector;
        actions[9] = handler.unstake.selector;
        actions[10] = handler.claim.selector;
        actions[11] = handler.claimVotes.selector;
        actions[12] = handler.pass.selector;
        actions[13] = handler.pause.selector;
        actions[14] = handler.voidBatch.selector;
        actions[15] = handler.refund.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), actions));
    }

    /// @dev One campaign checks all, after each call.
    function invariant_noWeiAppearsOrVanishes() public view {
        _escrowHoldsBalancesAndWhatIsPending();
        _channelsAddUpToWhatWasCollected();
        _pendingIsTheValueOfPendingBatches();
        _poolHoldsWhatWasPaidInAndNotClaimed();
        _registryHoldsTheStakes();
        _locksAreTwiceThePendingValueAndCovered();
        _atMostEightBatchesWait();
        _supplyShrinksByTheBurnedFeesOnly();
        _votesAreMintedAsClaimed();
    }

    function _escrowHoldsBalancesAndWhatIsPending() private view {
        assertEq(token.balanceOf(address(escrow)), handler.balances() + escrow.pending());
        assertEq(handler.balances(), handler.deposited() - handler.withdrawn() - handler.collected());
        assertEq(escrow.pending(), handler.collected() - handler.net() - handler.burned() - handler.toTreasury());
    }

    function _channelsAddUpToWhatWasCollected() private view {
        assertEq(handler.channelsCollected(), handler.collected());
    }

    function _pendingIsTheValueOfPendingBatches() private view {
        uint256 pendingValue;
        for (uint256 i = 0; i < 2; ++i) {
            pendingValue += settlement.batches(handler.operators(i)).pendingValue;
        }
        assertEq(escrow.pending(), pendingValue + handler.voided());
    }

    function _poolHoldsWhatWasPaidInAndNotClaimed() private view {
        assertEq(token.balanceOf(address(pool)), handler.net() - handler.claimed());
        for (uint256 i = 0; i < 2; ++i) {
            address operator = handler.operators(i);
            (uint96 paidIn, uint96 paidOut) = pool.funding(operator);
            assertEq(paidIn, handler.netOf(operator));
            assertEq(paidOut, handler.claimedOf(operator));
            assertLe(paidOut, paidIn);
        }
    }

    function _registryHoldsTheStakes() private view {
        uint256 stakes;
        for (uint256 i = 0; i < 2; ++i) {
            IOperatorRegistry.Operator memory o = registry.operator(handler.operators(i));
            stakes += uint256(o.stake) + o.unbonding;
        }
        assertEq(token.balanceOf(address(registry)), stakes);
        assertEq(stakes, handler.staked() - handler.unstaked() - handler.slashed());
    }

    function _locksAreTwiceThePendingValueAndCovered() private view {
        for (uint256 i = 0; i < 2; ++i) {
            address operator = handler.operators(i);
            IOperatorRegistry.Operator memory o = registry.operator(operator);
            assertEq(o.locked, 2 * uint256(settlement.batches(operator).pendingValue));
            assertLe(o.locked, uint256(o.stake) + o.unbonding);
        }
    }

    function _atMostEightBatchesWait() private view {
        for (uint256 i = 0; i < 2; ++i) {
            ISettlement.OperatorBatches memory b = settlement.batches(handler.operators(i));
            assertLe(b.finalized, b.settled);
            assertLe(b.settled - b.finalized, 8);
        }
    }

    function _supplyShrinksByTheBurnedFeesOnly() private view {
        assertEq(token.totalSupply(), handler.supplyMinted() - handler.burned() - handler.stakeBurned());
        assertEq(token.balanceOf(treasury), handler.toTreasury());
    }

    function _votesAreMintedAsClaimed() private view {
        assertEq(handler.votesMinted(), handler.votesClaimed());
    }

    /// @dev The handlers do something: a run in which nothing is ever settled would prove nothing.
    function test_handlersReachEveryAction() public {
        handler.deposit(0, 0, 1_000e18);
        handler.deposit(1, 0, 1_000e18);
        handler.authorize(0, 0, 0, 500e18, 3_600);
        handler.settle(0, 1, 1e14, 2);
        handler.finalize(0);
        handler.settle(0, 1, 1e14, 2);
        handler.voidBatch(0, 0);
        handler.refund(0, 0, true);
        handler.claim(0, 1);
        handler.claimVotes(0, 1);
        handler.revoke(0, 0, 0);
        handler.thaw(0, 0, 10e18);
        handler.withdraw(0, 0);
        handler.stake(0, 5);
        handler.unbond(0, 5);
        handler.unstake(0);
        handler.pause(true, 0);
        string[15] memory actions = [
            "deposit",
            "authorize",
            "settle",
            "finalize",
            "claim",
            "claimVotes",
            "revoke",
            "thaw",
            "withdraw",
            "stake",
            "unbond",
            "unstake",
            "pause",
            "voidBatch",
            "refund"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            assertGt(handler.done(actions[i]), 0, actions[i]);
        }
    }
}
