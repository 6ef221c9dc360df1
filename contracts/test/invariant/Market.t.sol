// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {MarketHandler} from "./MarketHandler.sol";

contract MarketInvariant is Test {
    MarketHandler private handler;

    function setUp() public {
        handler = new MarketHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.list.selector;
        selectors[1] = handler.unlist.selector;
        selectors[2] = handler.approve.selector;
        selectors[3] = handler.giveModel.selector;
        selectors[4] = handler.setTerms.selector;
        selectors[5] = handler.wait_.selector;
        selectors[6] = handler.buy.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev Nothing ever lies in the market, and each sale moves its price from the buyer to the owner.
    function invariant_theMarketHoldsNothing() public view {
        (uint256 money, uint256 models) = handler.held();
        assertEq(money, 0);
        assertEq(models, 0);
        assertTrue(handler.isExact());
    }

    /// @dev The campaign sells: by itself the invariant above would hold if nobody ever could.
    function test_theHandlerSells() public {
        handler.approve(0, true);
        handler.list(0, 0, 5e18, 100);
        handler.buy(1, 0, 0, true);
        assertEq(handler.sales(), 1);
        assertTrue(handler.isExact());
    }
}
