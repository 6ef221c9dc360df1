// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {Boundary, Opening} from "../../src/types/Proofs.sol";
import {Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @notice Gas of each proof about trees and receipts as a whole transaction, the void included: 64 receipts on two
///         channels, 192 allocations.
/// forge-config: default.isolate = true
contract ProofGasTest is TransactionGas, FraudBase {
    uint8 private constant R = SumTree.RECEIPTS;
    uint8 private constant A = SumTree.ALLOCATIONS;

    Story private none;

    function _story() private view returns (Story memory) {
        Calls[] memory calls = new Calls[](2);
        calls[0] = Calls(payer, payerKey, 32, FEE);
        calls[1] = Calls(payer2, payer2Key, 32, FEE);
        return _tell(calls);
    }

    function _proven(
        string memory name,
        bytes memory call
    ) private {
        (bool done, bytes memory reason) = address(fraudProofs).call(call);
        assertTrue(done, string(reason));
        _measure(name, call);
        assertEq(_state().voidedFrom, 1);
    }

    function test_disorder() public {
        Story memory s = _story();
        (s.receipts[1], s.receipts[2]) = (s.receipts[2], s.receipts[1]);
        _commit(s);
        _proven(
            "proof_disorder",
            abi.encodeCall(IFraudProofs.proveDisorder, (_accuse(s), R, _open(s, R, 1), _open(s, R, 2)))
        );
    }

    function test_malformedLeaf() public {
        Story memory s = _story();
        s.receipts[0].key = 1;
        _commit(s);
        _proven(
            "proof_malformed_leaf", abi.encodeCall(IFraudProofs.proveMalformedLeaf, (_accuse(s), R, _open(s, R, 0)))
        );
    }

    function test_missingReceipt() public {
        Story memory s = _story();
        s.receipts[32].key += 7; // the last of the first channel
        _commit(s);
        _proven(
            "proof_missing_receipt",
            abi.encodeCall(
                IFraudProofs.proveMissingReceipt, (_accuse(s), _channel(s, 0), 32, _open(s, R, 31), _open(s, R, 32))
            )
        );
    }

    function test_strayReceipt() public {
        Story memory s = _story();
        s.receipts[32].key += 7;
        _commit(s);
        _proven(
            "proof_stray_receipt",
            abi.encodeCall(IFraudProofs.proveStrayReceipt, (_accuse(s), s.batch.channels, _open(s, R, 32)))
        );
    }

    function test_wrongCollection() public {
        Story memory s = _story();
        s.receipts[1].amount -= FEE / 2;
        s.receipts[64].amount += FEE / 2;
        _commit(s);
        _proven(
            "proof_wrong_collection",
            abi.encodeCall(
                IFraudProofs.proveWrongCollection, (_accuse(s), _channel(s, 0), _open(s, R, 1), _open(s, R, 32))
            )
        );
    }

    function test_misaccounting() public {
        Story memory s = _story();
        s.rewards[2].amount -= 1;
        s.rewards[3].amount += 1;
        _commit(s);
        address account = address(uint160(s.rewards[2].key >> 96));
        _proven(
            "proof_misaccounting",
            abi.encodeCall(IFraudProofs.proveMisaccounting, (_accuse(s), _sums(none, s, account)))
        );
    }

    function test_strayAllocation() public {
        Story memory s = _story();
        uint256 position = uint96(s.allocations[3].key);
        s.allocations[3].data = bytes32(s.receipts[position == 0 ? 2 : 1].key);
        _commit(s);
        Opening memory receipt = _open(s, R, position + 1);
        _proven(
            "proof_stray_allocation",
            abi.encodeCall(IFraudProofs.proveStrayAllocation, (_accuse(s), _open(s, A, 3), receipt))
        );
    }

    function test_contradictedReceipt() public {
        Story memory s = _story();
        _commit(s);
        SignedReceipt memory second = s.opened[3];
        second.completionTokens += 1;
        _proven(
            "proof_contradicted_receipt",
            abi.encodeCall(IFraudProofs.proveContradictedReceipt, (_accuse(s), second, _sign(second), _open(s, R, 4)))
        );
    }

    function test_mislabelledReceipt() public {
        Story memory s = _story();
        s.opened[2].fee += 10_000;
        s.receipts[3].data = _hash(s.opened[2]);
        _commit(s);
        _proven(
            "proof_mislabelled_receipt",
            abi.encodeCall(IFraudProofs.proveMislabelledReceipt, (_accuse(s), _openReceipt(s, 2, s.opened[2])))
        );
    }

    function test_wrongPrice() public {
        Story memory s = _story();
        s.opened[0].promptTokens -= 1;
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _proven(
            "proof_wrong_price",
            abi.encodeCall(
                IFraudProofs.proveWrongPrice,
                (_accuse(s), _openReceipt(s, 0, s.opened[0]), _component(), _channel(s, 0))
            )
        );
    }

    function test_unfaithfulAllocation() public {
        Story memory s = _story();
        uint256 key = uint256(uint160(_developer())) << 96 | 1;
        uint256 at = 1;
        while (s.allocations[at].key != key) ++at;
        s.allocations[at].weight -= 1;
        s.allocations[at == 1 ? 2 : 1].weight += 1;
        _commit(s);
        Allocation[] memory stated = _stated(operator, s.opened[1].fee, 1);
        Boundary memory boundary = _boundary(A, s.allocations, key);
        _proven(
            "proof_unfaithful_allocation",
            abi.encodeCall(
                IFraudProofs.proveUnfaithfulAllocation,
                (_accuse(s), _openReceipt(s, 1, s.opened[1]), stated, _developer(), boundary)
            )
        );
    }

    function test_unbalancedAllocation() public {
        Story memory s = _story();
        Allocation[] memory stated = _stated(operator, s.opened[0].fee, 0);
        stated[1].amount += 1;
        s.opened[0].allocationHash = keccak256(abi.encode(stated));
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _proven(
            "proof_unbalanced_allocation",
            abi.encodeCall(
                IFraudProofs.proveUnbalancedAllocation, (_accuse(s), _openReceipt(s, 0, s.opened[0]), stated)
            )
        );
    }

    function test_equivocation() public {
        SignedReceipt memory first = _receiptOf(operator, "channel", 1, FEE, 0);
        SignedReceipt memory second = _receiptOf(operator, "channel", 1, FEE, 0);
        second.outputHash = "another answer";
        bytes memory call =
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator, first, _sign(first), second, _sign(second)));
        (bool done,) = address(fraudProofs).call(call);
        assertTrue(done);
        _measure("proof_equivocation", call);
        assertEq(registry.operator(operator).stake, STAKE - MINIMUM_STAKE);
    }
}
