// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {BatchParameters} from "../../src/libraries/BatchParameters.sol";
import {ImpliedAllocation} from "../../src/libraries/ImpliedAllocation.sol";
import {Inflation} from "../../src/libraries/Inflation.sol";
import {StatedAllocation} from "../../src/libraries/StatedAllocation.sol";
import {Allocation, Evidence, Passage, RecordScore, Span, SpanSource} from "../../src/types/Evidence.sol";

/// @dev Libraries that read calldata, behind a call.
contract AllocationHarness {
    struct Given {
        ImpliedAllocation.Answer answer;
        BatchParameters.Pool[] pools;
        address[] reputed;
        uint256[] reputations;
        uint256 burned;
        uint256 day;
    }

    function compare(
        Given calldata given,
        Evidence calldata evidence,
        Allocation[] calldata stated
    ) external pure returns (bool amounts, bool votes, address developer) {
        ImpliedAllocation.Result memory result = _compute(given, evidence);
        (amounts, developer) = StatedAllocation.compareAmounts(result, stated);
        votes = StatedAllocation.compareVotes(result, developer, stated, given.burned, given.day, given.day);
    }

    /// @return stated what each account gets; an account may stand there twice
    function allocate(
        Given calldata given,
        Evidence calldata evidence,
        address developer
    ) external pure returns (Allocation[] memory stated) {
        ImpliedAllocation.Result memory r = _compute(given, evidence);
        uint256 weight = Inflation.weight(given.burned, uint32(given.day));
        stated = new Allocation[](r.count + 1);
        for (uint256 i = 0; i < r.count; ++i) {
            ImpliedAllocation.Entry memory e = r.entries[i];
            stated[i] = Allocation(e.account, uint96(e.amount), uint96(ImpliedAllocation.votes(r, e, weight)));
        }
        uint256 votes = ImpliedAllocation.developerVotes(r, weight);
        stated[r.count] = Allocation(developer, uint96(r.developer), uint96(votes));
    }

    function _compute(
        Given calldata given,
        Evidence calldata evidence
    ) private pure returns (ImpliedAllocation.Result memory) {
        ImpliedAllocation.Cluster[] memory clusters = ImpliedAllocation.clustersOf(evidence);
        uint256[] memory reputations = new uint256[](clusters.length);
        for (uint256 i = 0; i < clusters.length; ++i) {
            reputations[i] = 10_000;
            for (uint256 j = 0; j < given.reputed.length; ++j) {
                if (given.reputed[j] == clusters[i].contributor) reputations[i] = given.reputations[j];
            }
        }
        return ImpliedAllocation.compute(given.answer, given.pools, clusters, reputations, evidence);
    }

    function readParameters(
        bytes calldata json,
        bytes32 release,
        address[] calldata accounts,
        uint256 mostPools
    ) external pure returns (bool, BatchParameters.Frozen memory) {
        return BatchParameters.read(json, release, accounts, mostPools);
    }
}

/// @notice Reads allocations from a file of vectors in the format of sdk/src/vectors/generate.ts.
abstract contract AllocationVectorReader is Test {
    /// @dev The file's tables, a column each. A column of a case's rows is found by where the next case's begin.
    struct Vectors {
        address[] accounts;
        bytes32[] ids;
        int256[][] calls;
        int256[][] records;
        int256[][] spans;
        int256[][] sources;
        int256[][] passages;
        int256[][] reputations;
        int256[][] pools;
        int256[][] allocations;
    }

    /// @dev Columns of `calls` by name, in the order of CALLS.
    enum Call {
        base,
        markup,
        operatorBps,
        developerBps,
        parentsBps,
        backersBps,
        contributorsBps,
        parents,
        backers,
        operator,
        developer,
        payer,
        app,
        protocolFeeBps,
        contributorCapBps,
        verbatimBps,
        retrievalBps,
        fidelityFloorBps,
        fidelityBps,
        completionTokens,
        nullThreshold,
        dayIndex,
        burned,
        firstRecord,
        firstSpan,
        firstPassage,
        firstReputation,
        firstPool,
        firstAllocation
    }

    string private constant CALLS =
        "base,markup,operatorBps,developerBps,parentsBps,backersBps,contributorsBps,parents,backers,operator,developer,payer,app,protocolFeeBps,contributorCapBps,verbatimBps,retrievalBps,fidelityFloorBps,fidelityBps,completionTokens,nullThreshold,dayIndex,burned,firstRecord,firstSpan,firstPassage,firstReputation,firstPool,firstAllocation";

    /// @dev External, so that the memory of reading is given back.
    function columnsOf(
        string calldata file,
        string calldata name,
        string calldata fields
    ) external view returns (int256[][] memory columns) {
        string memory json = vm.readFile(file);
        string[] memory names = vm.split(fields, ",");
        columns = new int256[][](names.length);
        for (uint256 i = 0; i < names.length; ++i) {
            columns[i] = vm.parseJsonIntArray(json, string.concat(".", name, ".", names[i]));
        }
    }

    function _load(
        string memory file
    ) internal view returns (Vectors memory v) {
        string memory json = vm.readFile(file);
        v.accounts = vm.parseJsonAddressArray(json, ".accounts");
        v.ids = vm.parseJsonBytes32Array(json, ".ids");
        v.calls = this.columnsOf(file, "calls", CALLS);
        v.records = this.columnsOf(file, "records", "recordId,cluster,contributor,reviewer,score");
        v.spans = this.columnsOf(file, "spans", "start,length,firstSource");
        v.sources = this.columnsOf(file, "sources", "recordId,cluster,contributor");
        v.passages = this.columnsOf(file, "passages", "recordId,cluster,contributor,support");
        v.reputations = this.columnsOf(file, "reputations", "account,bps");
        v.pools = this.columnsOf(file, "pools", "datanetId,account,size");
        v.allocations = this.columnsOf(file, "allocations", "account,amount,weight");
    }

    function _of(
        Vectors memory v,
        Call column,
        uint256 n
    ) internal pure returns (uint256) {
        return uint256(v.calls[uint256(column)][n]);
    }

    function _account(
        Vectors memory v,
        Call column,
        uint256 n
    ) internal pure returns (address) {
        return v.accounts[_of(v, column, n)];
    }

    /// @dev Rows of a flattened table that belong to a case.
    function _rows(
        Vectors memory v,
        Call first,
        int256[][] memory rows,
        uint256 n
    ) internal pure returns (uint256 from, uint256 to) {
        from = _of(v, first, n);
        to = n + 1 < v.calls[0].length ? _of(v, first, n + 1) : rows[0].length;
    }

    function _answer(
        Vectors memory v,
        uint256 n
    ) internal pure returns (ImpliedAllocation.Answer memory a) {
        a.base = _of(v, Call.base, n);
        a.markup = _of(v, Call.markup, n);
        a.operator = _account(v, Call.operator, n);
        a.payer = _account(v, Call.payer, n);
        a.app = _account(v, Call.app, n);
        a.protocolFeeBps = _of(v, Call.protocolFeeBps, n);
        a.contributorCapBps = _of(v, Call.contributorCapBps, n);
        a.verbatimBps = _of(v, Call.verbatimBps, n);
        a.retrievalBps = _of(v, Call.retrievalBps, n);
        a.fidelityFloorBps = _of(v, Call.fidelityFloorBps, n);
        a.fidelityBps = _of(v, Call.fidelityBps, n);
        a.completionTokens = _of(v, Call.completionTokens, n);
        a.terms.operatorBps = uint16(_of(v, Call.operatorBps, n));
        a.terms.developerBps = uint16(_of(v, Call.developerBps, n));
        a.terms.parentsBps = uint16(_of(v, Call.parentsBps, n));
        a.terms.backersBps = uint16(_of(v, Call.backersBps, n));
        a.terms.contributorsBps = uint16(_of(v, Call.contributorsBps, n));
        a.terms.parents = _account(v, Call.parents, n);
        a.terms.backers = _account(v, Call.backers, n);
    }

    function _given(
        Vectors memory v,
        uint256 n
    ) internal pure returns (AllocationHarness.Given memory g) {
        g.answer = _answer(v, n);
        g.burned = _of(v, Call.burned, n);
        g.day = _of(v, Call.dayIndex, n);
        (uint256 from, uint256 to) = _rows(v, Call.firstPool, v.pools, n);
        g.pools = new BatchParameters.Pool[](to - from);
        for (uint256 i = from; i < to; ++i) {
            g.pools[i - from] = BatchParameters.Pool(
                uint32(uint256(v.pools[0][i])), v.accounts[uint256(v.pools[1][i])], uint32(uint256(v.pools[2][i]))
            );
        }
        (from, to) = _rows(v, Call.firstReputation, v.reputations, n);
        g.reputed = new address[](to - from);
        g.reputations = new uint256[](to - from);
        for (uint256 i = from; i < to; ++i) {
            g.reputed[i - from] = v.accounts[uint256(v.reputations[0][i])];
            g.reputations[i - from] = uint256(v.reputations[1][i]);
        }
    }

    function _evidence(
        Vectors memory v,
        uint256 n
    ) internal pure returns (Evidence memory e) {
        e.nullThreshold = int32(v.calls[uint256(Call.nullThreshold)][n]);
        (uint256 from, uint256 to) = _rows(v, Call.firstRecord, v.records, n);
        e.records = new RecordScore[](to - from);
        for (uint256 i = from; i < to; ++i) {
            RecordScore memory r = e.records[i - from];
            r.recordId = v.ids[uint256(v.records[0][i])];
            r.cluster = v.ids[uint256(v.records[1][i])];
            r.contributor = v.accounts[uint256(v.records[2][i])];
            r.reviewer = v.accounts[uint256(v.records[3][i])];
            r.partials = new int32[](2); // the score is their sum
            (r.partials[0], r.partials[1]) = (int32(v.records[4][i]) - 7, 7);
        }
        _readSpans(v, n, e);
        (from, to) = _rows(v, Call.firstPassage, v.passages, n);
        e.passages = new Passage[](to - from);
        for (uint256 i = from; i < to; ++i) {
            Passage memory p = e.passages[i - from];
            p.recordId = v.ids[uint256(v.passages[0][i])];
            p.cluster = v.ids[uint256(v.passages[1][i])];
            p.contributor = v.accounts[uint256(v.passages[2][i])];
            p.support = int32(v.passages[3][i]);
        }
    }

    function _readSpans(
        Vectors memory v,
        uint256 n,
        Evidence memory e
    ) private pure {
        (uint256 from, uint256 to) = _rows(v, Call.firstSpan, v.spans, n);
        e.spans = new Span[](to - from);
        for (uint256 i = from; i < to; ++i) {
            Span memory s = e.spans[i - from];
            (s.start, s.length) = (uint32(uint256(v.spans[0][i])), uint32(uint256(v.spans[1][i])));
            uint256 first = uint256(v.spans[2][i]);
            uint256 end = i + 1 < v.spans[0].length ? uint256(v.spans[2][i + 1]) : v.sources[0].length;
            s.sources = new SpanSource[](end - first);
            for (uint256 j = first; j < end; ++j) {
                SpanSource memory source = s.sources[j - first];
                source.recordId = v.ids[uint256(v.sources[0][j])];
                source.cluster = v.ids[uint256(v.sources[1][j])];
                source.contributor = v.accounts[uint256(v.sources[2][j])];
            }
        }
    }

    function _stated(
        Vectors memory v,
        uint256 n
    ) internal pure returns (Allocation[] memory stated) {
        (uint256 from, uint256 to) = _rows(v, Call.firstAllocation, v.allocations, n);
        stated = new Allocation[](to - from);
        for (uint256 i = from; i < to; ++i) {
            stated[i - from] = Allocation(
                v.accounts[uint256(v.allocations[0][i])],
                uint96(uint256(v.allocations[1][i])),
                uint96(uint256(v.allocations[2][i]))
            );
        }
    }
}
