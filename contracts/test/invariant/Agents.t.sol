// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {AgentsHandler} from "./AgentsHandler.sol";

contract AgentsInvariant is Test {
    AgentsHandler private handler;

    function setUp() public {
        handler = new AgentsHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.add.selector;
        selectors[1] = handler.activate.selector;
        selectors[2] = handler.unstake.selector;
        selectors[3] = handler.withdraw.selector;
        selectors[4] = handler.sell.selector;
        selectors[5] = handler.retire.selector;
        selectors[6] = handler.decide.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev Custody: the registry holds the agents' stake and what unbonds of it, to the wei.
    function invariant_theRegistryHoldsExactlyWhatAgentsHave() public view {
        assertEq(handler.held(), handler.accounted());
        assertEq(handler.held(), handler.staked() - handler.burned() - handler.paid());
    }

    function invariant_nobodyButTheOwnerGetsStakeOut() public view {
        assertEq(handler.paidToOthers(), 0);
    }

    function invariant_anActiveAgentHasItsStake() public view {
        assertFalse(handler.someActiveBelowMinimum());
    }
}
