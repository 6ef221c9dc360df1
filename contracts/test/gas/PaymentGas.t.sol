// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IInferenceRequests} from "../../src/oracles/IInferenceRequests.sol";
import {IPrepayments} from "../../src/settlement/IPrepayments.sol";
import {Answer, Ask} from "../../src/types/Requests.sol";
import {PrepaymentsBase} from "../settlement/PrepaymentsBase.sol";
import {RequestsBase} from "../settlement/RequestsBase.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @notice Gas of a payment by authorised transfer: an operator's first, which makes its vault, a payer's first, and those
///         that follow.
/// forge-config: default.isolate = true
contract PrepaymentGasTest is TransactionGas, PrepaymentsBase {
    function _paid(
        string memory name,
        address from,
        uint256 key,
        bytes32 nonce
    ) private {
        IPrepayments.Payment memory p = _payment(from, 10e18, nonce);
        Signature memory sig = _signTransfer(p, prepayments.vaultOf(operator), key);
        _pay(operator, p, key);
        _measure(name, abi.encodeCall(IPrepayments.pay, (operator, p, sig.v, sig.r, sig.s)));
    }

    function test_pay() public {
        _paid("prepay_first_of_operator", payer, payerKey, "one");
        _paid("prepay_first_of_payer", payer2, payer2Key, "two");
        _paid("prepay_again", payer, payerKey, "three");
    }
}

/// @notice Gas of a request from a contract or account: asked, accepted, answered with a sentence, without a callback.
/// forge-config: default.isolate = true
contract RequestGasTest is TransactionGas, RequestsBase {
    function test_request() public {
        _open(_ask()); // first use of every slot that requests share
        Ask memory ask = _ask();
        uint256 id = _open(ask);
        _measure("inference_request", abi.encodeCall(IInferenceRequests.request, (ask)));
        _accept(id);
        _measure("inference_accept", abi.encodeCall(IInferenceRequests.accept, (id)));
        Answer memory a = _answerTo(id, FEE);
        _give(id, a);
        _measure("inference_answer", abi.encodeCall(IInferenceRequests.answer, (id, a)));
    }
}
