// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Where payments to one operator arrive
/// @notice Has an address of its own, and lets the contract that made it, which must be Prepayments, take what comes in.
/// @dev Its address follows from that contract and the operator (CREATE2), so that it can be paid before it is there.
contract PrepaymentVault {
    constructor(
        IERC20 token
    ) {
        // slither-disable-next-line unused-return (OPEN reverts where it does not return true)
        token.approve(msg.sender, type(uint256).max);
    }
}
