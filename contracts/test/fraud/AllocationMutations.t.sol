// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Allocation, Evidence, ParentShare, Passage, RecordScore, Span, SpanSource} from "../../src/types/Evidence.sol";
import {Derivation} from "../../src/types/Proofs.sol";
import {EvidenceBase} from "./EvidenceBase.sol";

/// @notice Allocations that do not follow from the evidence, and evidence that nothing follows from.
contract AllocationMutationsTest is EvidenceBase {
    function test_everyMutationOfAnAllocationLoses() public {
        _loses("a wei of a contributor's for the operator", "unfounded allocation", weiMoved);
        _loses("votes that the evidence does not give", "unfounded allocation", votesMoved);
        _loses("the developer's part for somebody else", "unfounded allocation", developerChanged);
        _loses("a contributor that the evidence does not have", "unfounded allocation", strangerPaid);
        _loses("a wei of a passage's for the operator", "unfounded allocation", passageShort);
        assertEq(mutations, 5);
    }

    function test_everyEvidenceThatNothingFollowsFromLoses() public {
        _loses("evidence without its best record, but its allocation", "unfounded allocation", recordDropped);
        _loses("more than 32 records", "unfounded allocation", manyRecords);
        _loses("records out of order", "unfounded allocation", outOfOrder);
        _loses("a record listed twice", "unfounded allocation", twice);
        _loses("a record of nobody", "unfounded allocation", nobodys);
        assertEq(mutations, 5);
    }

    function test_everySpanThatNothingFollowsFromLoses() public {
        _loses("evidence without its span, but its allocation", "unfounded allocation", spanDropped);
        _loses("a longer span than the allocation has", "unfounded allocation", spanLonger);
        _loses("a span shared with another cluster that is not paid", "unfounded allocation", sourceAdded);
        _loses("spans over each other", "unfounded allocation", spansOverlap);
        _loses("an empty span", "unfounded allocation", spanEmpty);
        _loses("a span that ends beyond the answer", "unfounded allocation", spanBeyond);
        _loses("a span without sources", "unfounded allocation", sourcesNone);
        _loses("a span of more than 8 sources", "unfounded allocation", sourcesMany);
        _loses("a source of nobody", "unfounded allocation", sourceOfNobody);
        assertEq(mutations, 9);
    }

    function test_everyPassageThatNothingFollowsFromLoses() public {
        _loses("evidence without its best passage, but its allocation", "unfounded allocation", passageDropped);
        _loses("a passage of more support than is paid", "unfounded allocation", supportRaised);
        _loses("a support below nothing", "unfounded allocation", supportNegative);
        _loses("passages that explain more than the answer", "unfounded allocation", supportBeyond);
        _loses("a passage of nobody", "unfounded allocation", passageOfNobody);
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

    function test_everyMutationOfChannelsLoses() public {
        _loses("a verbatim weight that is not the fee version's", "unfounded allocation", otherVerbatim);
        _loses("a retrieval weight that is not the fee version's", "unfounded allocation", otherRetrieval);
        _loses("weights that sum to more than the whole", "unfounded allocation", otherInfluence);
        _loses("a floor that is not the fee version's", "unfounded allocation", otherFloor);
        _loses("another fidelity than is paid by", "unfounded allocation", otherFidelity);
        _loses("a fidelity beyond the whole", "unfounded allocation", impossibleFidelity);
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

    function passageShort(
        Story memory,
        Story memory s
    ) internal {
        Allocation[] memory stated = _honestly(s);
        stated[_find(stated, operator)].amount += 1;
        stated[_find(stated, _evidence().passages[1].contributor)].amount -= 1;
        _states(s, stated);
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

    // ── Spans ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function spanDropped(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans = new Span[](0);
        _has(s, e);
    }

    function spanLonger(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].length += 1;
        _has(s, e);
    }

    /// @dev The same span twice over: of the source, and of others.
    function _sources(
        uint256 count
    ) private view returns (Evidence memory e) {
        e = _evidence();
        SpanSource memory source = e.spans[0].sources[0];
        e.spans[0].sources = new SpanSource[](count);
        for (uint256 i = 0; i < count; ++i) {
            e.spans[0].sources[i] = abi.decode(abi.encode(source), (SpanSource));
        }
    }

    function sourceAdded(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _sources(2);
        e.spans[0].sources[1].cluster = "another";
        _has(s, e);
    }

    function spansOverlap(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        Span memory span = e.spans[0];
        e.spans = new Span[](2);
        // As many tokens as before, so that the same would follow.
        e.spans[0] = Span(span.start, span.length - 10, span.sources);
        e.spans[1] = Span(span.start + 5, 10, span.sources);
        _has(s, e);
    }

    function spanEmpty(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        Span memory span = e.spans[0];
        e.spans = new Span[](2);
        e.spans[0] = Span(span.start - 1, 0, span.sources);
        e.spans[1] = span;
        _has(s, e);
    }

    function spanBeyond(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.spans[0].start = OUTPUT_TOKENS - SPAN_LENGTH + 1;
        _has(s, e);
    }

    function sourcesNone(
        Story memory,
        Story memory s
    ) internal {
        _has(s, _sources(0));
    }

    /// @dev All of one cluster, so that the same would follow.
    function sourcesMany(
        Story memory,
        Story memory s
    ) internal {
        _has(s, _sources(9));
    }

    function sourceOfNobody(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _sources(2);
        e.spans[0].sources[1].contributor = address(0);
        _has(s, e);
    }

    // ── Passages ────────────────────────────────────────────────────────────────────────────────────────────────────

    function passageDropped(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        Passage memory first = e.passages[0];
        e.passages = new Passage[](1);
        e.passages[0] = first;
        _has(s, e);
    }

    function supportRaised(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.passages[1].support += 100;
        _has(s, e);
    }

    function supportNegative(
        Story memory,
        Story memory s
    ) internal {
        _has(s, _withPassage(Passage(datanetId, 1, "third", "third cluster", mallory, -1)));
    }

    function supportBeyond(
        Story memory,
        Story memory s
    ) internal {
        Evidence memory e = _evidence();
        e.passages[1].support = 7_501; // 10,001 together
        _has(s, e);
    }

    /// @dev Of no support, so that the same would follow.
    function passageOfNobody(
        Story memory,
        Story memory s
    ) internal {
        _has(s, _withPassage(Passage(datanetId, 1, "third", "third cluster", address(0), 0)));
    }

    function _withPassage(
        Passage memory more
    ) private view returns (Evidence memory e) {
        e = _evidence();
        Passage[] memory honest_ = e.passages;
        e.passages = new Passage[](3);
        (e.passages[0], e.passages[1], e.passages[2]) = (honest_[0], honest_[1], more);
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
            '{"burnBps":5000,"channelWeights":{"influence":5000,"retrieval":3000,"verbatim":2000},"contributorCapBps":5000,"fidelity":{},"fidelityFloorBps":5000,"poolSizes":[],"reputation":{}}'
        );
    }

    function _underChannels(
        Story memory s,
        string memory weights,
        uint16 fidelity,
        uint16 floor
    ) private {
        _under(s, _parametersOf(CONTRIBUTOR_CAP_BPS, BURN_BPS, datanetPool, weights, fidelity, floor));
    }

    function otherVerbatim(
        Story memory,
        Story memory s
    ) internal {
        string memory weights = '{"influence":5001,"retrieval":3000,"verbatim":1999}';
        _underChannels(s, weights, FIDELITY, FIDELITY_FLOOR_BPS);
    }

    function otherRetrieval(
        Story memory,
        Story memory s
    ) internal {
        string memory weights = '{"influence":4999,"retrieval":3001,"verbatim":2000}';
        _underChannels(s, weights, FIDELITY, FIDELITY_FLOOR_BPS);
    }

    function otherInfluence(
        Story memory,
        Story memory s
    ) internal {
        string memory weights = '{"influence":10000,"retrieval":3000,"verbatim":2000}';
        _underChannels(s, weights, FIDELITY, FIDELITY_FLOOR_BPS);
    }

    function otherFloor(
        Story memory,
        Story memory s
    ) internal {
        _underChannels(s, WEIGHTS, FIDELITY, FIDELITY_FLOOR_BPS + 1);
    }

    function otherFidelity(
        Story memory,
        Story memory s
    ) internal {
        _underChannels(s, WEIGHTS, FIDELITY + 1, FIDELITY_FLOOR_BPS);
    }

    function impossibleFidelity(
        Story memory,
        Story memory s
    ) internal {
        _underChannels(s, WEIGHTS, 10_001, FIDELITY_FLOOR_BPS);
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
