// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {DataHandler} from "./DataHandler.sol";

contract DataInvariant is Test {
    DataHandler private handler;

    function setUp() public {
        handler = new DataHandler();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = handler.settle.selector;
        selectors[1] = handler.ask.selector;
        selectors[2] = handler.answer.selector;
        selectors[3] = handler.proveWithheld.selector;
        selectors[4] = handler.drop.selector;
        selectors[5] = handler.finalizeNext.selector;
        selectors[6] = handler.refund.selector;
        selectors[7] = handler.pass.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev Each bond is there as long as its request is open, and nothing else is.
    function invariant_bondsAreThoseOfOpenRequests() public view {
        assertEq(handler.held(), handler.bonds());
    }

    /// @dev No batch is final for whose data somebody still waits.
    function invariant_nothingIsFinalThatWasAskedFor() public view {
        assertFalse(handler.finalTooEarly());
        assertFalse(handler.anyOpenOfFinal());
    }

    /// @dev Each end of a request can be reached by these calls.
    function test_theHandlerReachesEveryEnd() public {
        for (uint8 i = 0; i < 3; ++i) {
            handler.settle(i);
        }
        handler.ask(1, 0);
        handler.answer(0);
        handler.ask(2, 1);
        handler.ask(3, 0);
        handler.pass(23);
        handler.proveWithheld(1);
        handler.drop(2);
        assertEq(handler.answered(), 1);
        assertEq(handler.withheld(), 1);
        assertEq(handler.dropped(), 1);
        handler.refund();
        handler.refund();
        handler.pass(23);
        handler.finalizeNext();
        invariant_bondsAreThoseOfOpenRequests();
        invariant_nothingIsFinalThatWasAskedFor();
    }
}
