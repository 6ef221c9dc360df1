// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {PrepaymentsHandler} from "./PrepaymentsHandler.sol";

contract PrepaymentsInvariant is Test {
    PrepaymentsHandler private handler;

    function setUp() public {
        handler = new PrepaymentsHandler();
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = handler.pay.selector;
        selectors[1] = handler.sendOutside.selector;
        selectors[2] = handler.payElsewhere.selector;
        selectors[3] = handler.cancel.selector;
        selectors[4] = handler.credit.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev What arrived is credited or waits, to the wei; nothing that was cancelled or went elsewhere is ever credited.
    function invariant_whatArrivesIsCreditedOnce() public view {
        (uint256 balances, uint256 caps) = handler.sums();
        assertEq(handler.arrived(), handler.credited() + handler.waiting());
        assertEq(handler.escrowed(), handler.credited());
        assertEq(balances, handler.credited());
        assertEq(caps, handler.credited());
        assertEq(handler.held(), 0);
    }
}
