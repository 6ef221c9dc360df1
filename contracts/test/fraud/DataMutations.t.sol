// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataBase} from "../data/DataBase.sol";

/// @notice Batches that commit to what nobody has: asked for, it cannot be given, and the batch is void.
contract DataMutationsTest is DataBase {
    function setUp() public override {
        super.setUp();
        _give(watchtower, address(dataRequests), 1_000e18);
        asker = watchtower;
    }

    function test_everyBatchLosesThatCommitsToWhatNobodyHas() public {
        _loses("a leaf that is no receipt's hash", "withheld data", noReceipt);
        _loses("a receipt whose composition nobody has", "withheld data", noComposition);
        _loses("a receipt whose evidence nobody has", "withheld data", noEvidence);
        _loses("a receipt whose allocations nobody has", "withheld data", noAllocations);
        _loses("parameters that nobody has", "withheld data", noParameters);
        _loses("an honest batch that is shown to nobody", "withheld data", silent);
        assertEq(mutations, 6);
    }

    /// @dev What an honest operator would answer is refused, the deadline passes, and the silence is proven.
    function _lost(
        Story memory s,
        uint8 tree,
        uint32 from
    ) private {
        bytes32 id = _ask(s, tree, from, 1);
        (bool done,) = address(dataRequests).call(_answer(s, tree, from, 1));
        assertFalse(done, "the answer was taken");
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        dataRequests.proveWithheld(_accuse(s), id);
    }

    function _settleReceipt(
        Story memory s
    ) private {
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _lost(s, R, 1);
    }

    function noReceipt(
        Story memory,
        Story memory s
    ) internal {
        s.receipts[1].data = "no receipt";
        _commit(s);
        _lost(s, R, 1);
    }

    function noComposition(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].compositionHash = "no composition";
        _settleReceipt(s);
    }

    function noEvidence(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].evidenceHash = "no evidence";
        _settleReceipt(s);
    }

    function noAllocations(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].allocationHash = "no allocations";
        _settleReceipt(s);
    }

    function noParameters(
        Story memory,
        Story memory s
    ) internal {
        s.batch.body.parametersHash = "no parameters";
        _commit(s);
        _lost(s, PARAMETERS, 0);
    }

    function silent(
        Story memory,
        Story memory s
    ) internal {
        _commit(s);
        bytes32 id = _ask(s, W, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        dataRequests.proveWithheld(_accuse(s), id);
    }
}
