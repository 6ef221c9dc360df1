// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The least that a ledger with a row for each call does: it keeps who is owed what for which answer.
contract Rows {
    struct Row {
        address account;
        uint96 amount;
        bytes32 receiptHash;
    }

    Row[] public rows;

    function settle(
        Row[] calldata added
    ) external {
        for (uint256 i = 0; i < added.length; ++i) {
            rows.push(added[i]);
        }
    }
}
