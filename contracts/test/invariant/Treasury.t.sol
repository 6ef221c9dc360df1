// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {TreasuryHandler} from "./TreasuryHandler.sol";

contract TreasuryInvariant is Test {
    TreasuryHandler private handler;

    function setUp() public {
        handler = new TreasuryHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.spend.selector;
        selectors[1] = handler.openStream.selector;
        selectors[2] = handler.endStream.selector;
        selectors[3] = handler.setBudget.selector;
        selectors[4] = handler.withdraw.selector;
        selectors[5] = handler.give_.selector;
        selectors[6] = handler.wait_.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev What streams are owed is always there, counted right, and what left is what was paid.
    function invariant_whatIsPromisedIsThere() public view {
        (uint256 held, uint256 owed, uint256 promised) = handler.books();
        assertEq(owed, promised);
        assertGe(held, owed);
        assertEq(held, handler.expected());
    }

    /// @dev The campaign pays streams: by itself the invariant above would hold if nobody ever could.
    function test_theHandlerPaysStreams() public {
        handler.openStream(0, 5e18, 1, 1_000);
        handler.wait_(60_000);
        handler.withdraw(0);
        assertEq(handler.withdrawals(), 1);
    }
}
