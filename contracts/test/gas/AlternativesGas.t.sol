// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Artifacts} from "../../../script/Artifacts.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";
import {TransactionGas} from "./TransactionGas.sol";
import {PlainToken} from "./alternatives/PlainToken.sol";
import {Rows} from "./alternatives/Rows.sol";

/// @notice What a call costs otherwise, measured like the settling of batches: a transaction for each call, by a signed
///         transfer (EIP-3009) without any word of who is owed; and a row in storage for each call.
/// forge-config: default.isolate = true
contract AlternativesGasTest is TransactionGas, BatchBuilder {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    function test_oneTransferPerCall() public {
        PlainToken plain = PlainToken(Artifacts.create("PlainToken", abi.encode(payer)));
        _transfer(plain, "first");
        bytes memory data = _transfer(plain, "second"); // both balances are in use
        _measure("alternative_transfer_per_call", data);
    }

    function test_rowPerCall() public {
        Rows rows = Rows(Artifacts.create("Rows", ""));
        uint256[2] memory counts = [uint256(64), 1_024];
        rows.settle(_rows(1));
        for (uint256 i = 0; i < 2; ++i) {
            Rows.Row[] memory added = _rows(counts[i]);
            rows.settle(added);
            _measure(string.concat("alternative_rows_", vm.toString(counts[i])), abi.encodeCall(Rows.settle, (added)));
        }
    }

    function _rows(
        uint256 count
    ) private pure returns (Rows.Row[] memory rows) {
        rows = new Rows.Row[](count);
        for (uint256 i = 0; i < count; ++i) {
            rows[i] = Rows.Row(_contributor(i % 5), 12_345_678_901_230_000, keccak256(abi.encode(i)));
        }
    }

    function _transfer(
        PlainToken plain,
        bytes32 nonce
    ) private returns (bytes memory data) {
        uint256 until = block.timestamp + 60;
        bytes32 struct_ = keccak256(abi.encode(TRANSFER, payer, operator, 1e18, 0, until, nonce));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", plain.DOMAIN_SEPARATOR(), struct_));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(payerKey, digest);
        data = abi.encodeWithSignature(
            "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
            payer,
            operator,
            1e18,
            0,
            until,
            nonce,
            v,
            r,
            s
        );
        (bool done,) = address(plain).call(data);
        assertTrue(done);
    }
}
