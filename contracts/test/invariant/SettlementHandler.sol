// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {OperatorRegistry} from "../../src/oracles/OperatorRegistry.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {RewardPool} from "../../src/settlement/RewardPool.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";

/// @notice Bounded actions of payers, operators, accounts that are owed, and the guardian. Each does something that is
///         allowed in the present state, or nothing: whatever reverts is a fault. Keeps its own books beside.
contract SettlementHandler is BatchBuilder {
    address[2] public operators;
    address[3] public payers;
    uint256[3] private payerKeys;
    address[3] public sessions;
    uint256[3] private sessionKeys;

    // The books.
    uint256 public deposited;
    uint256 public withdrawn;
    uint256 public staked;
    uint256 public unstaked;
    uint256 public collected;
    uint256 public net;
    uint256 public burned;
    uint256 public toTreasury;
    uint256 public claimed;
    uint256 public supplyMinted;
    uint256 public slashed;
    uint256 public stakeBurned;
    uint256 public voided; // collected by void batches and not given back yet
    mapping(address operator => mapping(uint32 batchIndex => bytes)) private channelLists;
    mapping(address operator => uint256) public netOf;
    mapping(address operator => uint256) public claimedOf;
    mapping(string action => uint256) public done;
    mapping(bool ofEscrow => uint256) private mayPauseAt;

    function setUp() public override {
        super.setUp();
        operators = [operator, operator2];
        staked = 2 * uint256(STAKE);
        for (uint256 i = 0; i < 3; ++i) {
            (payers[i], payerKeys[i]) = makeAddrAndKey(string.concat("invariant payer", vm.toString(i)));
            (sessions[i], sessionKeys[i]) = makeAddrAndKey(string.concat("invariant session", vm.toString(i)));
        }
        supplyMinted = token.totalSupply();
    }

    function _mintTo(
        address to,
        address spender,
        uint96 amount
    ) private {
        _give(to, spender, amount);
        supplyMinted += amount;
    }

    // ── Payers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function deposit(
        uint256 p,
        uint256 o,
        uint96 amount
    ) external {
        if (escrow.paused()) return;
        amount = uint96(bound(amount, 1, 10_000e18));
        address from = payers[p % 3];
        _mintTo(from, address(escrow), amount);
        vm.prank(from);
        escrow.deposit(from, operators[o % 2], amount);
        deposited += amount;
        ++done["deposit"];
    }

    function authorize(
        uint256 p,
        uint256 o,
        uint256 s,
        uint96 cap,
        uint32 lifetime
    ) external {
        address from = payers[p % 3];
        address to = operators[o % 2];
        address signer = sessions[s % 3];
        IPaymentEscrow.Channel memory c = escrow.channel(escrow.channelId(from, to, signer));
        cap = uint96(bound(cap, 1, 10_000e18)) + c.cap;
        uint32 expiry = uint32(block.timestamp + bound(lifetime, 1, 2 hours));
        if (expiry < c.expiry) expiry = c.expiry;
        vm.prank(from);
        escrow.authorizeSession(to, signer, cap, expiry);
        ++done["authorize"];
    }

    function revoke(
        uint256 p,
        uint256 o,
        uint256 s
    ) external {
        address from = payers[p % 3];
        address to = operators[o % 2];
        if (escrow.channel(escrow.channelId(from, to, sessions[s % 3])).expiry == 0) return;
        vm.prank(from);
        escrow.revokeSession(to, sessions[s % 3]);
        ++done["revoke"];
    }

    function thaw(
        uint256 p,
        uint256 o,
        uint96 amount
    ) external {
        IPaymentEscrow.Account memory a = escrow.account(payers[p % 3], operators[o % 2]);
        if (a.balance == 0) return;
        vm.prank(payers[p % 3]);
        escrow.thaw(operators[o % 2], uint96(bound(amount, 1, a.balance)));
        ++done["thaw"];
    }

    function withdraw(
        uint256 p,
        uint256 o
    ) external {
        address from = payers[p % 3];
        IPaymentEscrow.Account memory a = escrow.account(from, operators[o % 2]);
        if (a.thawing == 0 || a.balance == 0) return;
        if (block.timestamp < a.thawedAt) vm.warp(a.thawedAt);
        uint256 before = token.balanceOf(from);
        vm.prank(from);
        escrow.withdraw(operators[o % 2]);
        withdrawn += token.balanceOf(from) - before;
        ++done["withdraw"];
    }

    // ── Operators ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A batch over whichever channels of the operator can pay, at most one of each payer.
    function settle(
        uint256 o,
        uint256 seed,
        uint96 fee,
        uint32 count
    ) external {
        address to = operators[o % 2];
        ISettlement.OperatorBatches memory state = settlement.batches(to);
        if (settlement.paused() || state.voidedFrom != 0 || state.settled - state.finalized >= 8) return;
        IOperatorRegistry.Operator memory op = registry.operator(to);
        if (!op.active) return;
        count = uint32(bound(count, 1, 4));
        fee = uint96(bound(fee, 0, 50e14)) * 10_000;
        Calls[] memory all = new Calls[](3);
        uint256 n;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 key = seed >> (8 * i) & 1 == 0 ? payerKeys[i] : sessionKeys[(seed >> (8 * i + 1)) % 3];
            if (_mayCollect(payers[i], to, key, count * fee)) all[n++] = Calls(payers[i], key, count, fee);
        }
        if (n == 0) return;
        Calls[] memory calls = new Calls[](n);
        for (uint256 i = 0; i < n; ++i) {
            calls[i] = all[i];
        }
        uint256 value = n * count * fee;
        if (2 * (state.pendingValue + value) > op.stake + op.unbonding) return;
        Batch memory b = _build(to, calls);
        _settle(b, calls);
        channelLists[to][b.body.batchIndex] = b.channels;
        collected += value;
        ++done["settle"];
    }

    function _mayCollect(
        address from,
        address to,
        uint256 key,
        uint96 amount
    ) private view returns (bool) {
        if (escrow.account(from, to).balance < amount) return false;
        address signer = vm.addr(key);
        IPaymentEscrow.Channel memory c = escrow.channel(escrow.channelId(from, to, signer));
        if (uint256(c.collected) + amount > 1_000_000e18) return false; // the builder's ceiling
        if (signer == from) return true;
        return c.expiry != 0 && block.timestamp <= c.expiry + THAW && c.collected + amount <= c.cap;
    }

    function finalize(
        uint256 o
    ) external {
        address to = operators[o % 2];
        ISettlement.OperatorBatches memory state = settlement.batches(to);
        if (state.finalized == state.settled || state.finalized + 1 == state.voidedFrom) return;
        uint64 finalAt = headers[to][state.finalized + 1].settledAt + WINDOW;
        if (block.timestamp < finalAt) vm.warp(finalAt);
        uint256 supply = token.totalSupply();
        uint256 treasuryHad = token.balanceOf(treasury);
        uint256 poolHad = token.balanceOf(address(pool));
        _finalize(to);
        burned += supply - token.totalSupply();
        toTreasury += token.balanceOf(treasury) - treasuryHad;
        uint256 added = token.balanceOf(address(pool)) - poolHad;
        net += added;
        netOf[to] += added;
        ++done["finalize"];
    }

    /// @dev As FraudProofs does once a proof holds; the proofs themselves are tested elsewhere.
    function voidBatch(
        uint256 o,
        uint256 which
    ) external {
        address to = operators[o % 2];
        ISettlement.OperatorBatches memory state = settlement.batches(to);
        uint32 last = state.voidedFrom == 0 ? state.settled : state.voidedFrom - 1;
        if (which % 4 != 0 || last == state.finalized) return; // seldom, so that batches become final too
        uint32 batchIndex = uint32(bound(which, state.finalized + 1, last));
        BatchHeader[] memory earlier = new BatchHeader[](batchIndex - 1 - state.finalized);
        for (uint32 i = 0; i < earlier.length; ++i) {
            earlier[i] = headers[to][state.finalized + 1 + i];
        }
        uint256 held = token.balanceOf(address(registry));
        uint256 supply = token.totalSupply();
        vm.prank(address(fraudProofs));
        settlement.voidBatch(headers[to][batchIndex], earlier, anyone);
        uint256 lost = state.pendingValue - settlement.batches(to).pendingValue;
        assertEq(held - token.balanceOf(address(registry)), 2 * lost);
        slashed += 2 * lost;
        stakeBurned += supply - token.totalSupply();
        voided += lost;
        ++done["voidBatch"];
    }

    /// @dev One entry, or all, of the last void batch that still has any to undo.
    function refund(
        uint256 o,
        uint256 entry,
        bool all
    ) external {
        address to = operators[o % 2];
        ISettlement.OperatorBatches memory state = settlement.batches(to);
        if (state.voidedFrom == 0) return;
        uint32 batchIndex = state.settled - state.refunded; // the later are done
        bytes memory channels = channelLists[to][batchIndex];
        uint256 count = channels.length / 167;
        entry = entry % count;
        uint256 before = escrow.pending();
        settlement.refund(headers[to][batchIndex], channels, all ? 0 : entry, all ? count : entry + 1);
        uint256 amount = before - escrow.pending();
        collected -= amount;
        voided -= amount;
        ++done["refund"];
    }

    function stake(
        uint256 o,
        uint96 amount
    ) external {
        amount = uint96(bound(amount, 1, 1_000e18));
        _mintTo(anyone, address(registry), amount);
        vm.prank(anyone);
        registry.addStake(operators[o % 2], amount);
        staked += amount;
        ++done["stake"];
    }

    function unbond(
        uint256 o,
        uint96 amount
    ) external {
        IOperatorRegistry.Operator memory op = registry.operator(operators[o % 2]);
        uint96 total = op.stake + op.unbonding;
        // Mostly a little, so that operators stay active.
        amount = uint96(bound(amount, 1, amount % 8 == 0 ? total : total / 100));
        vm.prank(operators[o % 2]);
        registry.unbond(amount);
        ++done["unbond"];
    }

    function unstake(
        uint256 o
    ) external {
        address to = operators[o % 2];
        IOperatorRegistry.Operator memory op = registry.operator(to);
        if (op.unbonding == 0 || op.locked > op.stake) return;
        if (block.timestamp < op.unbondedAt) vm.warp(op.unbondedAt);
        vm.prank(to);
        registry.withdraw();
        unstaked += op.unbonding;
        ++done["unstake"];
    }

    // ── Who is owed ─────────────────────────────────────────────────────────────────────────────────────────────────

    function claim(
        uint256 o,
        uint256 who
    ) external {
        address to = operators[o % 2];
        Reward[] storage rewards = rewardsAfter[to][settlement.batches(to).finalized];
        if (rewards.length == 0) return;
        address account = rewards[who % rewards.length].account;
        IRewardPool.Claim memory c = _claimOf(to, account);
        (uint96 had,) = pool.claimed(to, account);
        if (c.amount <= had) return;
        uint256 before = token.balanceOf(account);
        pool.claim(c);
        assertEq(token.balanceOf(account) - before, c.amount - had);
        claimed += c.amount - had;
        claimedOf[to] += c.amount - had;
        ++done["claim"];
    }

    function claimVotes(
        uint256 o,
        uint256 who
    ) external {
        address to = operators[o % 2];
        Reward[] storage rewards = rewardsAfter[to][settlement.batches(to).finalized];
        if (rewards.length == 0) return;
        address account = rewards[who % rewards.length].account;
        IRewardPool.Claim memory c = _claimOf(to, account);
        (, uint96 had) = pool.claimed(to, account);
        if (c.weight <= had) return;
        pool.claimVotes(c);
        ++done["claimVotes"];
    }

    // ── Time and the guardian ───────────────────────────────────────────────────────────────────────────────────────

    function pass(
        uint256 time
    ) external {
        vm.warp(block.timestamp + bound(time, 1, 10 minutes));
    }

    function pause(
        bool ofEscrow,
        uint256 seed
    ) external {
        if (seed % 4 != 0 || block.timestamp < mayPauseAt[ofEscrow]) return;
        mayPauseAt[ofEscrow] = block.timestamp + 2 * LONGEST_PAUSE;
        BoundedPause target = ofEscrow ? BoundedPause(address(escrow)) : BoundedPause(address(settlement));
        vm.prank(guardian);
        target.pause();
        ++done["pause"];
    }

    // ── What the invariants read ────────────────────────────────────────────────────────────────────────────────────

    /// @return sum of all payers' balances with all operators
    function balances() external view returns (uint256 sum) {
        for (uint256 p = 0; p < 3; ++p) {
            for (uint256 o = 0; o < 2; ++o) {
                sum += escrow.account(payers[p], operators[o]).balance;
            }
        }
    }

    /// @return sum of what all channels have ever collected
    function channelsCollected() external view returns (uint256 sum) {
        for (uint256 p = 0; p < 3; ++p) {
            for (uint256 o = 0; o < 2; ++o) {
                sum += escrow.channel(escrow.channelId(payers[p], operators[o], payers[p])).collected;
                for (uint256 s = 0; s < 3; ++s) {
                    sum += escrow.channel(escrow.channelId(payers[p], operators[o], sessions[s])).collected;
                }
            }
        }
    }

    /// @return sum of votes that have been claimed under both operators
    function votesClaimed() external view returns (uint256 sum) {
        for (uint256 o = 0; o < 2; ++o) {
            for (uint256 i = 0; i < 5; ++i) {
                (, uint96 weight) = pool.claimed(operators[o], _contributor(i));
                sum += weight;
            }
            (, uint96 developer) = pool.claimed(operators[o], _developer());
            sum += developer;
        }
    }

    function votesMinted() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 5; ++i) {
            sum += votes.votingUnits(_contributor(i));
        }
        sum += votes.votingUnits(_developer());
    }

    function contracts()
        external
        view
        returns (OpenToken, PaymentEscrow, RewardPool, OperatorRegistry, Settlement, address)
    {
        return (token, escrow, pool, registry, settlement, treasury);
    }
}
