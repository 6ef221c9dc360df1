// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {RoundsHandler} from "./RoundsHandler.sol";

contract RoundsInvariant is Test {
    RoundsHandler private handler;

    function setUp() public {
        handler = new RoundsHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.open.selector;
        selectors[1] = handler.judge.selector;
        selectors[2] = handler.show.selector;
        selectors[3] = handler.score.selector;
        selectors[4] = handler.end.selector;
        selectors[5] = handler.move.selector;
        selectors[6] = handler.wait_.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev Every bond that came in is here, with its opener, or with the treasury.
    function invariant_bondsAreConserved() public view {
        assertEq(handler.held(), handler.stated());
        assertEq(handler.bondsIn(), handler.held() + handler.returned() + handler.forfeited());
    }

    function invariant_powerIsThatOfTheSnapshot() public view {
        assertTrue(handler.powerIsOfTheSnapshot());
    }

    /// @dev What one model gained another lost, in the rounds that still stand.
    function invariant_standingsSumToNothing() public view {
        (int256 sum, bool exact) = handler.standings();
        assertEq(sum, 0);
        assertTrue(exact);
    }

    /// @dev The campaign scores: by itself the invariants above would hold if no round ever ended.
    function test_theHandlerScores() public {
        handler.open(0, false);
        handler.judge(0, 0, 0);
        handler.wait_(121);
        handler.show(0, 0, 0);
        handler.wait_(61);
        handler.score(0);
        assertEq(handler.scored(), 1);
        handler.wait_(151);
        handler.end(0, 3);
        assertEq(handler.returned(), handler.bondsIn());
    }
}
