// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PrepaymentsBase} from "../settlement/PrepaymentsBase.sol";
import {IPrepayments} from "../../src/settlement/IPrepayments.sol";

/// @notice Payers pay, cancel and pay elsewhere; strangers send their transfers first and credit what they find.
contract PrepaymentsHandler is PrepaymentsBase {
    uint256 public arrived; // wei, sent to the two operators' vaults
    uint256 public credited;

    constructor() {
        setUp();
    }

    function pay(
        uint256 who,
        uint256 whom,
        uint96 value,
        uint8 nonce
    ) external {
        _try(who, whom, value, nonce, 0);
    }

    function sendOutside(
        uint256 who,
        uint256 whom,
        uint96 value,
        uint8 nonce
    ) external {
        _try(who, whom, value, nonce, 1);
    }

    function payElsewhere(
        uint256 who,
        uint96 value,
        uint8 nonce
    ) external {
        _try(who, 2, value, nonce, 1);
    }

    function cancel(
        uint256 who,
        uint8 nonce
    ) external {
        (address from, uint256 key) = _who(who);
        if (!token.authorizationState(from, bytes32(uint256(nonce % 8)))) {
            _cancel(from, key, bytes32(uint256(nonce % 8)));
        }
    }

    function credit(
        uint256 who,
        uint256 whom,
        uint8 nonce
    ) external {
        (address from,) = _who(who);
        uint256 before = _escrowed();
        try prepayments.credit(_whom(whom), from, bytes32(uint256(nonce % 8))) {
            credited += _escrowed() - before;
        } catch {}
    }

    function _try(
        uint256 who,
        uint256 whom,
        uint96 value,
        uint8 nonce,
        uint256 how
    ) private {
        (address from, uint256 key) = _who(who);
        IPrepayments.Payment memory p = _payment(from, uint96(bound(value, 1, 10e18)), bytes32(uint256(nonce % 8)));
        if (token.authorizationState(from, p.nonce) || token.balanceOf(from) < p.value) return;
        uint256 before = _escrowed();
        if (how == 0) {
            _pay(_whom(whom), p, key);
            credited += _escrowed() - before;
            arrived += p.value;
        } else if (whom == 2) {
            _sendOutside(anyone, p, key);
        } else {
            _sendOutside(prepayments.vaultOf(_whom(whom)), p, key);
            arrived += p.value;
        }
    }

    function _who(
        uint256 who
    ) private view returns (address, uint256) {
        return who % 2 == 0 ? (payer, payerKey) : (payer2, payer2Key);
    }

    function _whom(
        uint256 whom
    ) private view returns (address) {
        return whom % 2 == 0 ? operator : operator2;
    }

    function _escrowed() private view returns (uint256) {
        return token.balanceOf(address(escrow));
    }

    function waiting() external view returns (uint256) {
        return token.balanceOf(prepayments.vaultOf(operator)) + token.balanceOf(prepayments.vaultOf(operator2));
    }

    /// @return balances of both payers with both operators, and of the sessions' caps
    function sums() external view returns (uint256 balances, uint256 caps) {
        for (uint256 i; i < 4; ++i) {
            (address from,) = _who(i);
            address to = _whom(i / 2);
            balances += escrow.account(from, to).balance;
            caps += escrow.channel(escrow.channelId(from, to, registry.signerOf(to))).cap;
        }
    }

    function escrowed() external view returns (uint256) {
        return _escrowed();
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(prepayments));
    }
}
