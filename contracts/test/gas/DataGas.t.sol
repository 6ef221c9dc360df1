// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataBase} from "../data/DataBase.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @notice Gas of requests for a batch's data, and of the longest answers: a receipt with 32 records, sixteen leaves, a row
///         with a whole chunk of 4,096 components. A bond must be worth twice that.
/// forge-config: default.isolate = true
contract DataGasTest is TransactionGas, DataBase {
    function _k() internal pure override returns (uint32) {
        return 4_096 + 32;
    }

    /// @dev All 36 clusters score above it.
    function _nullThreshold() internal pure override returns (int32) {
        return -100_000_000;
    }

    function _sent(
        string memory name,
        address from,
        bytes memory call
    ) private {
        _done(from, call);
        _measure(name, call);
    }

    function test_receipt() public {
        Story memory s = _settleHonest(_two());
        assertEq(_evidence().records.length, 32);
        BatchHeader memory header = _header(s);
        _sent("data_request", asker, abi.encodeCall(IDataRequests.requestData, (header, R, 1, 1)));
        _sent("data_answer_receipt_32_records", operator, _answer(s, R, 1, 1));
    }

    function test_leaves() public {
        Story memory s = _settleHonest(_two());
        _ask(s, A, 0, 16);
        _sent("data_answer_16_leaves", operator, _answer(s, A, 0, 16));
    }

    function test_row() public {
        Story memory s = _settleHonest(_two());
        BatchHeader memory header = _header(s);
        bytes memory call = abi.encodeCall(IDataRequests.requestRow, (header, _openEvidence(s, 0, _evidence()), 3, 0));
        _sent("data_request_row_32_records", asker, call);
        _sent("data_answer_row_4096", operator, _answerRow(s, _evidence(), 3, 0, _partials(3)));
    }

    function test_withheld() public {
        Story memory s = _settleHonest(_two());
        bytes32 id = _ask(s, R, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        _sent("proof_withheld_data", anyone, _withheld(s, id));
    }
}
