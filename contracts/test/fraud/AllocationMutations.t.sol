// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Allocation, Evidence, ParentShare, Passage, RecordScore, Span} from "../../src/types/Evidence.sol";
import {Derivation} from "../../src/types/Proofs.sol";
import {EvidenceBase} from "./EvidenceBase.sol";

/// @notice Allocations that do not follow from the evidence, and evidence that nothing follows from.
contract AllocationMutationsTest is EvidenceBase {
    function test_everyMutationOfAnAllocationLoses() public {
        _loses("a wei of a contributor's for the operator", "unfounded allocation", weiMoved);
        _loses("votes that the evidence does not give", "unfounded allocation", votesMoved);
        _loses("the developer's part for somebody else", "unfounded allocation", developerChanged);
        _loses("a contributor that the evidence does not have", "unfounded allocation", strangerPaid);
        assertEq(mutations, 4);
    }

    function test_everyEvidenceThatNothingFollowsFromLoses() public {
        _loses("evidence without its best record, but its allocation", "unfounded allocation", recordDropped);
        _loses("more than 32 records", "unfounded allocation", manyRecords);
        _loses("records out of order", "unfounded allocation", outOfOrder);
        _loses("a record listed twice", "unfounded allocation", twice);
        _loses("a record of nobody", "unfounded allocation", nobodys);
        assertEq(mutations, 5);
    }

    function test_everyEvidenceBeyondItsLimitsLoses() public {
        _loses("more partial scores than a row has chunks", "unfounded allocation", manyPartials);
        _loses("more than 8 spans", "unfounded allocation", manySpans);
        _loses("more than 8 passages", "unfounded allocation", manyPassages);
        _loses("more than 8 parents", "unfounded allocation", manyParents);
        assertEq(mutations, 4);
    }

    function test_everyMutationOfParametersOrPriceLoses() public {
        _loses("a cap that is not the fee version's", "unfounded allocation", otherCap);
        _loses("a burned share that is not the fee version's", "unfounded allocation", otherBurn);
        _loses("a pool of somebody's own", "unfounded allocation", otherPool);
        _loses("parameters without the datanet's pool", "unfounded allocation", noPool);
        _loses("parameters that are no canonical JSON", "unfounded allocation", otherText);
        _loses("a price that the terms do not ask for", "unfounded allocation", otherPrice);
        assertEq(mutations, 6);
    }

    function _prove(
        Story memory s,
        Evidence memory e,
        Derivation memory d
    ) private {
        evidenceProofs.proveUnfoundedAllocation(_accuse(s), _openEvidence(s, 0, e), d);
    }

    function _states(
        Story memory s,
        Allocation[] memory stated
    ) private {
        s.opened[0].allocationHash = keccak256(abi.encode(stated));
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _prove(s, _evidence(), _derivation(s, 0, _parameters(), stated));
    }

    function _honestly(
        Story memory s
    ) private view returns (Allocation[] memory) {
        return _stated(operator, s.opened[0].fee, 0);
    }

    function _find(
        Allocation[] memory stated,
        address account
    ) private pure returns (uint256 i) {
        while (stated[i].account != account) ++i;
    }

    function weiMoved(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _honestly(s);
        stated[_find(stated, operator)].amount += 1;
        stated[_find(stated, _evidence().records[0].contributor)].amount -= 1;
        _states(s, stated);
    }

    function votesMoved(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _honestly(s);
        stated[_find(stated, operator)].weight += 1;
        stated[_find(stated, address(this))].weight -= 1;
        _states(s, stated);
    }

    function developerChanged(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _honestly(s);
        uint256 at = _find(stated, address(this));
        stated[at].account = mallory;
        for (; at > 0 && stated[at - 1].account > mallory; --at) {
            (stated[at - 1], stated[at]) = (stated[at], stated[at - 1]);
        }
        for (; at + 1 < stated.length && stated[at + 1].account < mallory; ++at) {
            (stated[at + 1], stated[at]) = (stated[at], stated[at + 1]);
        }
        _states(s, stated);
    }

    function strangerPaid(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _honestly(s);
        Allocation[] memory more = new Allocation[](stated.length + 1);
        uint256 at = 0;
        while (at < stated.length && stated[at].account < mallory) {
            more[at] = stated[at];
            ++at;
        }
        more[at] = Allocation(mallory, 1, 0);
        for (; at < stated.length; ++at) {
            more[at + 1] = stated[at];
        }
        for (uint256 i = 0; i < more.length; ++i) {
            if (more[i].account == operator) more[i].amount -= 1;
        }
        _states(s, more);
    }

    // ── Evidence ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _has(
        Story memory s,
        Evidence memory e
    ) private {
        _commitWith(s, e);
        _prove(s, e, _derivation(s, 0));
    }

    function recordDropped(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        RecordScore[] memory less = new RecordScore[](e.records.length - 1);
        for (uint256 i = 0; i < less.length; ++i) {
            less[i] = e.records[i + 1];
        }
        e.records = less;
        _has(s, e);
    }

    function manyRecords(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        RecordScore[] memory more = new RecordScore[](33);
        for (uint256 i = 0; i < 33; ++i) {
            // Below all others and the threshold, so that only the number is wrong.
            if (i < e.records.length) more[i] = e.records[i];
            else (more[i].contributor, more[i].recordId) = (mallory, bytes32(i));
        }
        e.records = more;
        _has(s, e);
    }

    function outOfOrder(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        (e.records[0], e.records[1]) = (e.records[1], e.records[0]);
        _has(s, e);
    }

    /// @dev Only the best of a cluster is paid, so the allocation stays the same.
    function twice(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        RecordScore[] memory more = new RecordScore[](e.records.length + 1);
        for (uint256 i = 0; i < more.length; ++i) {
            more[i] = e.records[i == 0 ? 0 : i - 1];
        }
        e.records = more;
        _has(s, e);
    }

    function nobodys(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.records[1].contributor = address(0);
        _has(s, e);
    }

    function manyPartials(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        int32[] memory partials = new int32[](17);
        partials[0] = e.records[0].partials[0];
        e.records[0].partials = partials;
        _has(s, e);
    }

    function manySpans(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        Span memory span = e.spans[0];
        e.spans = new Span[](9);
        for (uint256 i = 0; i < 9; ++i) {
            e.spans[i] = span;
        }
        _has(s, e);
    }

    function manyPassages(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.passages = new Passage[](9);
        _has(s, e);
    }

    function manyParents(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.parents = new ParentShare[](9);
        _has(s, e);
    }

    // ── Parameters and price ────────────────────────────────────────────────────────────────────────────────────────

    function _under(
        Story memory s,
        bytes memory parameters
    ) private {
        s.batch.body.parametersHash = keccak256(parameters);
        _commit(s);
        _prove(s, _evidence(), _derivation(s, 0, parameters, _honestly(s)));
    }

    function otherCap(
        Story memory,
        Story memory s
    ) internal {
        _under(s, _parametersOf(CONTRIBUTOR_CAP_BPS + 1, BURN_BPS, datanetPool));
    }

    function otherBurn(
        Story memory,
        Story memory s
    ) internal {
        _under(s, _parametersOf(CONTRIBUTOR_CAP_BPS, BURN_BPS - 1, datanetPool));
    }

    function otherPool(
        Story memory,
        Story memory s
    ) internal {
        _under(s, _parametersOf(CONTRIBUTOR_CAP_BPS, BURN_BPS, mallory));
    }

    function noPool(
        Story memory,
        Story memory s
    ) internal {
        _under(
            s,
            '{"burnBps":5000,"channelWeights":{"influence":10000,"retrieval":0,"verbatim":0},"contributorCapBps":5000,"poolSizes":[],"reputation":{}}'
        );
    }

    function otherText(
        Story memory,
        Story memory s
    ) internal {
        _under(s, bytes.concat(_parameters(), " "));
    }

    function otherPrice(
        Story memory,
        Story memory s
    ) internal {
        s.opened[0].promptTokens += 1;
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _prove(s, _evidence(), _derivation(s, 0));
    }
}
