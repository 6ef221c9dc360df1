// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {Proposal, ProposalStatus} from "../../src/types/Proposals.sol";
import {ProposalsHandler} from "./ProposalsHandler.sol";

/// @notice What proposals hold is what they owe, and all of it can be fetched.
contract ProposalsInvariant is Test {
    ProposalsHandler private handler;

    function setUp() public {
        handler = new ProposalsHandler();
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = handler.open.selector;
        selectors[1] = handler.back.selector;
        selectors[2] = handler.withdraw.selector;
        selectors[3] = handler.cancel.selector;
        selectors[4] = handler.start.selector;
        selectors[5] = handler.take.selector;
        selectors[6] = handler.train.selector;
        selectors[7] = handler.pass.selector;
        selectors[8] = handler.end.selector;
        selectors[9] = handler.waitLong.selector;
        selectors[10] = handler.collect.selector;
        selectors[11] = handler.earn.selector;
        selectors[12] = handler.claim.selector;
        selectors[13] = handler.sell.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev Live backings and bonds, to the wei; backings sum up to what was raised.
    function invariant_proposalsHoldWhatTheyOwe() public view {
        assertEq(handler.held(), handler.owed());
        for (uint32 id = 1; id <= handler.count(); ++id) {
            Proposal memory p = handler.proposalOf(id);
            bool isOver = p.status == ProposalStatus.Passed || p.status == ProposalStatus.Ended;
            assertEq(handler.backings(id), isOver ? p.uncollected : p.raised);
            assertLe(p.raised, p.goal);
            if (isOver) assertEq(p.bond, 0);
        }
    }

    function invariant_backersAccountsOweNoMoreThanTheyHold() public view {
        (uint256 held, uint256 claimable) = handler.shares();
        assertEq(held, handler.earned() - handler.paid());
        assertLe(claimable, held);
    }

    /// @dev Whatever happened: time alone is enough for everybody to get everything out.
    function afterInvariant() public {
        handler.settleAll();
        assertEq(handler.held(), 0);
    }
}
