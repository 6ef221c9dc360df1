// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {RequestAccount} from "../../src/oracles/RequestAccount.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {Answer, Ask, InferenceRequest, RequestStatus} from "../../src/types/Requests.sol";
import {Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {RequestsBase} from "../settlement/RequestsBase.sol";
import {RudeConsumer} from "../settlement/RudeConsumer.sol";

/// @notice Requesters, an operator that settles its answers rightly or not, and bystanders, bounded so that nothing
///         reverts.
contract RequestsHandler is RequestsBase {
    RudeConsumer public consumer;
    mapping(uint256 id => uint96) public feeOf;
    mapping(uint256 id => uint256) public reclaimedOf;
    uint256 public paidIn;
    uint256 public refunded; // whole fees
    uint256 public returned; // what answers did not cost
    uint256 public reclaimed;
    mapping(bytes32 what => uint256) public calls;

    function setUp() public override {
        super.setUp();
        consumer = new RudeConsumer(token, requests);
        token.mint(address(consumer), 1_000_000e18);
    }

    function open(
        uint96 maxFee,
        uint32 period,
        uint32 callbackGas,
        bool isNamed,
        bool isConsumer
    ) external {
        Ask memory ask = _ask();
        ask.maxFee = uint96(bound(maxFee, FEE, 20 * FEE));
        ask.deadline = uint32(block.timestamp + bound(period, SHORTEST, 4 * SHORTEST));
        ask.callbackGas = uint32(bound(callbackGas, 0, MOST_CALLBACK_GAS));
        if (isNamed) ask.operator = operator;
        if (isConsumer) consumer.ask(ask);
        else _open(ask);
        paidIn += ask.maxFee;
        ++calls["open"];
    }

    function accept(
        uint256 which
    ) external {
        (uint256 id, InferenceRequest memory q) = _find(which, RequestStatus.Open);
        if (id == 0 || block.timestamp > q.deadline) return;
        _accept(id);
        ++calls["accept"];
    }

    function answer(
        uint256 which,
        uint96 fee,
        uint8 manner
    ) external {
        (uint256 id, InferenceRequest memory q) = _find(which, RequestStatus.Accepted);
        if (id == 0 || block.timestamp > q.deadline) return;
        // Polite, or whatever else ends; it cannot ask again, which would not be counted here.
        consumer.behave(RudeConsumer.Manner(bound(manner, 0, 4)));
        fee = uint96(bound(fee, 1, q.maxFee / PRICE)) * PRICE;
        uint256 had = token.balanceOf(q.requester);
        _give(id, _answerTo(id, fee));
        feeOf[id] = fee;
        returned += token.balanceOf(q.requester) - had;
        ++calls["answer"];
    }

    function deliver(
        uint256 which
    ) external {
        (uint256 id, InferenceRequest memory q) = _find(which, RequestStatus.Answered);
        if (id == 0 || q.delivered || q.requester != address(consumer)) return;
        consumer.behave(RudeConsumer.Manner.Polite);
        requests.deliver(id, OUTPUT, "");
        ++calls["deliver"];
    }

    function refund(
        uint256 which,
        bool ofAccepted
    ) external {
        (uint256 id, InferenceRequest memory q) = _find(which, ofAccepted ? RequestStatus.Accepted : RequestStatus.Open);
        if (id == 0 || (ofAccepted && block.timestamp <= q.deadline)) return;
        uint256 had = token.balanceOf(q.requester);
        vm.prank(ofAccepted || block.timestamp > q.deadline ? anyone : q.requester);
        requests.refund(id);
        refunded += token.balanceOf(q.requester) - had;
        ++calls["refund"];
    }

    function settle(
        uint256 which
    ) external {
        (uint256 id, RequestAccount account) = _collectable(which);
        if (id == 0) return;
        _settleHonest(_callOf(account, feeOf[id]));
        ++calls["settle"];
    }

    /// @dev Settles something else than was signed, which is proven and refunded at once.
    function settleFalsely(
        uint256 which
    ) external {
        (uint256 id, RequestAccount account) = _collectable(which);
        if (id == 0) return;
        (, bytes32 channel,) = requests.channelOf(id);
        SignedReceipt memory signed = receipts[channel];
        receipts[channel].traceHash = keccak256("another trace");
        Story memory s = _settleHonest(_callOf(account, feeOf[id]));
        receipts[channel] = signed;
        fraudProofs.proveContradictedReceipt(_accuse(s), signed, _sign(signed), _open(s, SumTree.RECEIPTS, 1));
        _refundAll(s);
        ++calls["settleFalsely"];
    }

    function finalize() external {
        uint32 next = _state().finalized + 1;
        if (next > _state().settled || block.timestamp < headers[operator][next].settledAt + WINDOW) return;
        _finalize(operator);
        ++calls["finalize"];
    }

    function reclaim(
        uint256 which
    ) external {
        (uint256 id, InferenceRequest memory q) = _find(which, RequestStatus.Answered);
        if (id == 0) return;
        RequestAccount account = accountOf(id);
        IPaymentEscrow.Account memory a = escrow.account(address(account), operator);
        if (a.balance == 0 || (a.thawing != 0 && block.timestamp < a.thawedAt)) return;
        uint256 had = token.balanceOf(q.requester);
        account.reclaim();
        uint256 got = token.balanceOf(q.requester) - had;
        reclaimed += got;
        reclaimedOf[id] += got;
        ++calls["reclaim"];
    }

    function pass(
        uint256 seconds_
    ) external {
        vm.warp(block.timestamp + bound(seconds_, 1, SHORTEST / 2));
        ++calls["pass"];
    }

    function accountOf(
        uint256 id
    ) public view returns (RequestAccount) {
        (address account,,) = requests.channelOf(id);
        return RequestAccount(account);
    }

    function collectedOf(
        uint256 id
    ) external view returns (uint256) {
        (, bytes32 channel,) = requests.channelOf(id);
        return escrow.channel(channel).collected;
    }

    function balanceOf(
        uint256 id
    ) external view returns (uint256) {
        return escrow.account(address(accountOf(id)), operator).balance;
    }

    function contracts() external view returns (address, address) {
        return (address(requests), address(token));
    }

    /// @dev A request of that status, if there is one.
    function _find(
        uint256 which,
        RequestStatus status
    ) private view returns (uint256 id, InferenceRequest memory q) {
        uint256 count = requests.requestCount();
        for (uint256 i; i < count; ++i) {
            id = (which % count + i) % count + 1;
            q = requests.requestOf(id);
            if (q.status == status) return (id, q);
        }
        id = 0;
    }

    /// @dev An answered request whose fee the operator can collect now.
    function _collectable(
        uint256 which
    ) private view returns (uint256 id, RequestAccount account) {
        if (_state().settled - _state().finalized >= 8) return (0, account);
        uint256 count = requests.requestCount();
        for (uint256 i; i < count; ++i) {
            id = (which % count + i) % count + 1;
            if (requests.requestOf(id).status != RequestStatus.Answered || feeOf[id] == 0) continue;
            account = accountOf(id);
            if (escrow.account(address(account), operator).balance < feeOf[id]) continue;
            if (account.expiry() + THAW >= block.timestamp) return (id, account);
        }
        return (0, account);
    }
}
