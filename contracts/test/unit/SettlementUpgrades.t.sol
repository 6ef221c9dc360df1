// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {RewardPool} from "../../src/settlement/RewardPool.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {EvidenceProofs} from "../../src/oracles/EvidenceProofs.sol";
import {FraudProofs} from "../../src/oracles/FraudProofs.sol";
import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";
import {UpgradeChecks} from "./UpgradeChecks.sol";

/// @notice The contracts that hold batches in every state: final and claimed, void and half refunded.
contract SettlementUpgradesTest is FraudBase, UpgradeChecks {
    IRewardPool.Claim private claim;
    bytes private badChannels;
    SignedReceipt private first;
    SignedReceipt private second;

    function setUp() public override {
        super.setUp();
        vm.record();
        Story memory s = _settleHonest(_two());
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        IRewardPool.Claim memory c = _claimOf(operator, _contributor(0));
        pool.claim(c);
        pool.claimVotes(c);
        vm.prank(_contributor(1));
        pool.setPayoutThreshold(5e18);
        claim = _claimOf(operator, _contributor(1));
        Story memory b = _settleBad(_two());
        badChannels = b.batch.channels;
        _void(s, b);
        settlement.refund(headers[operator][2], b.batch.channels, 0, 1);
        first = _receiptOf(operator, "channel", 1, FEE, 0);
        second = first;
        second.outputHash = "another answer";
        (SignedReceipt memory one, SignedReceipt memory two) = (first, second);
        fraudProofs.proveEquivocation(operator, one, _sign(one), two, _sign(two));
    }

    function _check(
        address proxy,
        address next
    ) private {
        address[] memory others = new address[](6);
        (others[0], others[1], others[2]) = (guardian, governance, operator);
        (others[3], others[4], others[5]) = (payer, treasury, mallory);
        upgradeKeepsState(proxy, next, address(this), others);
    }

    function test_upgradeSettlement_keepsItsState() public {
        vm.prank(guardian);
        settlement.pause();
        watch(abi.encodeCall(settlement.batches, (operator)));
        watch(abi.encodeCall(settlement.headerHash, (operator, 1)));
        watch(abi.encodeCall(settlement.headerHash, (operator, 2)));
        watch(abi.encodeCall(settlement.dayIndex, ()));
        Settlement next = new Settlement(
            escrow,
            registry,
            feePolicy,
            pool,
            treasury,
            address(fraudProofs),
            address(evidenceProofs),
            dataRequests,
            WINDOW,
            LONGEST_PAUSE,
            _today()
        );
        _check(address(settlement), address(next));
        // The entry that was refunded before is not counted again; with the other one the void is over.
        settlement.refund(headers[operator][2], badChannels, 1, 2);
        assertEq(settlement.batches(operator).voidedFrom, 0);
    }

    function test_upgradePaymentEscrow_keepsItsState() public {
        watch(abi.encodeCall(escrow.account, (payer, operator)));
        watch(abi.encodeCall(escrow.account, (payer2, operator)));
        watch(abi.encodeCall(escrow.channel, (escrow.channelId(payer, operator, payer))));
        watch(abi.encodeCall(escrow.channel, (escrow.channelId(payer2, operator, payer2))));
        watch(abi.encodeCall(escrow.pending, ()));
        _check(
            address(escrow),
            address(new PaymentEscrow(token, address(settlement), escrow.prepayments(), THAW, LONGEST_PAUSE))
        );
    }

    function test_upgradeRewardPool_keepsItsState() public {
        watch(abi.encodeCall(pool.claimed, (operator, _contributor(0))));
        watch(abi.encodeCall(pool.liveRewards, (operator)));
        watch(abi.encodeCall(pool.funding, (operator)));
        watch(abi.encodeCall(pool.payoutThreshold, (_contributor(1))));
        _check(address(pool), address(new RewardPool(token, votes, address(settlement))));
        assertEq(pool.claim(claim), claim.amount); // the root stays live
    }

    function test_upgradeFraudProofs_keepsItsState() public {
        watch(abi.encodeCall(fraudProofs.authority, ()));
        _check(address(fraudProofs), address(new FraudProofs(settlement, registry, models, feePolicy)));
        (SignedReceipt memory one, SignedReceipt memory two) = (first, second);
        _refused(
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator, one, _sign(one), two, _sign(two))),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_AlreadySlashed.selector, operator, one.channel, 1)
        );
    }

    function test_upgradeEvidenceProofs_keepsItsState() public {
        watch(abi.encodeCall(evidenceProofs.authority, ()));
        _check(address(evidenceProofs), address(new EvidenceProofs(settlement, models, feePolicy, datanets)));
    }
}
