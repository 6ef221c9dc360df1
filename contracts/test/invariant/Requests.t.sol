// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StdInvariant} from "forge-std/StdInvariant.sol";
import {Test} from "forge-std/Test.sol";
import {InferenceRequests} from "../../src/oracles/InferenceRequests.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";
import {RequestStatus} from "../../src/types/Requests.sol";
import {RequestsHandler} from "./RequestsHandler.sol";

/// @notice Of what requesters pay in, every wei is held for them, paid back, or on its way through their own channel.
contract RequestsInvariants is StdInvariant, Test {
    RequestsHandler private handler;
    InferenceRequests private requests;
    OpenToken private token;

    function setUp() public {
        handler = new RequestsHandler();
        handler.setUp();
        (address requests_, address token_) = handler.contracts();
        (requests, token) = (InferenceRequests(requests_), OpenToken(token_));
        bytes4[] memory actions = new bytes4[](10);
        actions[0] = handler.open.selector;
        actions[1] = handler.accept.selector;
        actions[2] = handler.answer.selector;
        actions[3] = handler.deliver.selector;
        actions[4] = handler.refund.selector;
        actions[5] = handler.settle.selector;
        actions[6] = handler.settleFalsely.selector;
        actions[7] = handler.finalize.selector;
        actions[8] = handler.reclaim.selector;
        actions[9] = handler.pass.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), actions));
    }

    /// @dev One campaign checks all, after each call.
    function invariant_noFeeIsLostOrPaidTwice() public view {
        uint256 held;
        uint256 fees;
        for (uint256 id = 1; id <= requests.requestCount(); ++id) {
            RequestStatus status = requests.requestOf(id).status;
            if (status == RequestStatus.Open || status == RequestStatus.Accepted) {
                held += requests.requestOf(id).maxFee;
            }
            if (status != RequestStatus.Answered) continue;
            // Each fee is in one place: not collected yet, collected, or paid back.
            uint256 fee = handler.feeOf(id);
            assertEq(handler.balanceOf(id) + handler.collectedOf(id) + handler.reclaimedOf(id), fee);
            assertEq(token.balanceOf(address(handler.accountOf(id))), 0);
            fees += fee;
        }
        assertEq(requests.escrowed(), held);
        assertEq(token.balanceOf(address(requests)), held);
        assertEq(handler.paidIn(), held + fees + handler.refunded() + handler.returned());
    }
}
