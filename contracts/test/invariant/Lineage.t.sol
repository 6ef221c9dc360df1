// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {LineageHandler} from "./LineageHandler.sol";

contract LineageInvariant is Test {
    LineageHandler private handler;

    function setUp() public {
        handler = new LineageHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.make.selector;
        selectors[1] = bytes4(keccak256("declare(uint256,uint256,uint256,uint16[2],bool)"));
        selectors[2] = handler.addRelease.selector;
        selectors[3] = handler.stateConditions.selector;
        selectors[4] = handler.sell.selector;
        selectors[5] = handler.earn.selector;
        selectors[6] = bytes4(keccak256("pay(uint256)"));
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev What came in is with the owners or on its way to them, to the wei.
    function invariant_royaltiesAreConserved() public view {
        (uint256 owners, uint256 accounts) = handler.held();
        assertEq(owners + accounts, handler.earned());
    }

    function invariant_linesAreSound() public view {
        for (uint256 i; i < handler.count(); ++i) {
            assertTrue(handler.isSound(handler.ids(i)));
        }
    }

    /// @dev The campaign builds: by itself the invariants above would hold if nobody ever declared anything.
    function test_theHandlerBuilds() public {
        uint16[2] memory shares = [uint16(500), 700];
        for (uint256 i; i < 3; ++i) {
            handler.make(i);
            handler.declare(3 + i, 2 + i, 0, shares, false);
            handler.addRelease(3 + i);
            handler.stateConditions(3 + i, 0, true, false);
        }
        assertEq(handler.declared(), 3);
        assertEq(handler.deepest(), 3);
        handler.earn(5, 1e18);
        handler.pay(5);
        (uint256 owners, uint256 accounts) = handler.held();
        assertGt(owners, 0);
        assertGt(accounts, 0);
        assertEq(owners + accounts, 1e18);
    }
}
