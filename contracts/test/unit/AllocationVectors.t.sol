// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {BatchParameters} from "../../src/libraries/BatchParameters.sol";
import {ImpliedAllocation} from "../../src/libraries/ImpliedAllocation.sol";
import {StatedAllocation} from "../../src/libraries/StatedAllocation.sol";
import {Allocation, Evidence, RecordScore} from "../../src/types/Evidence.sol";

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
        int256 threshold = evidence.nullThreshold;
        return ImpliedAllocation.compute(given.answer, given.pools, clusters, reputations, threshold);
    }

    function readParameters(
        bytes calldata json,
        address[] calldata accounts,
        uint256 mostPools
    ) external pure returns (bool, BatchParameters.Frozen memory) {
        return BatchParameters.read(json, accounts, mostPools);
    }
}

/// @notice Solidity allocates what TypeScript allocates, to the wei and the vote (contracts/test/vectors/allocation.json,
///         sdk/src/vectors/allocationVectors.ts), and reads the parameters that it writes.
contract AllocationVectorsTest is Test {
    AllocationHarness private harness;

    /// @dev The file's tables, a column each. A column of a case's rows is found by where the next case's begin.
    struct Vectors {
        address[] accounts;
        bytes32[] ids;
        int256[][] calls;
        int256[][] records;
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
        nullThreshold,
        dayIndex,
        burned,
        firstRecord,
        firstReputation,
        firstPool,
        firstAllocation
    }

    string private constant CALLS =
        "base,markup,operatorBps,developerBps,parentsBps,backersBps,contributorsBps,parents,backers,operator,developer,payer,app,protocolFeeBps,contributorCapBps,nullThreshold,dayIndex,burned,firstRecord,firstReputation,firstPool,firstAllocation";

    function setUp() public {
        harness = new AllocationHarness();
    }

    /// @dev External, so that the memory of reading is given back.
    function columnsOf(
        string calldata name,
        string calldata fields
    ) external view returns (int256[][] memory columns) {
        string memory json = vm.readFile("contracts/test/vectors/allocation.json");
        string[] memory names = vm.split(fields, ",");
        columns = new int256[][](names.length);
        for (uint256 i = 0; i < names.length; ++i) {
            columns[i] = vm.parseJsonIntArray(json, string.concat(".", name, ".", names[i]));
        }
    }

    function _load() private view returns (Vectors memory v) {
        string memory json = vm.readFile("contracts/test/vectors/allocation.json");
        v.accounts = vm.parseJsonAddressArray(json, ".accounts");
        v.ids = vm.parseJsonBytes32Array(json, ".ids");
        v.calls = this.columnsOf("calls", CALLS);
        v.records = this.columnsOf("records", "recordId,cluster,contributor,reviewer,score");
        v.reputations = this.columnsOf("reputations", "account,bps");
        v.pools = this.columnsOf("pools", "datanetId,account,size");
        v.allocations = this.columnsOf("allocations", "account,amount,weight");
    }

    function _of(
        Vectors memory v,
        Call column,
        uint256 n
    ) private pure returns (uint256) {
        return uint256(v.calls[uint256(column)][n]);
    }

    function _account(
        Vectors memory v,
        Call column,
        uint256 n
    ) private pure returns (address) {
        return v.accounts[_of(v, column, n)];
    }

    /// @dev Rows of a flattened table that belong to a case.
    function _rows(
        Vectors memory v,
        Call first,
        int256[][] memory rows,
        uint256 n
    ) private pure returns (uint256 from, uint256 to) {
        from = _of(v, first, n);
        to = n + 1 < v.calls[0].length ? _of(v, first, n + 1) : rows[0].length;
    }

    function _answer(
        Vectors memory v,
        uint256 n
    ) private pure returns (ImpliedAllocation.Answer memory a) {
        a.base = _of(v, Call.base, n);
        a.markup = _of(v, Call.markup, n);
        a.operator = _account(v, Call.operator, n);
        a.payer = _account(v, Call.payer, n);
        a.app = _account(v, Call.app, n);
        a.protocolFeeBps = _of(v, Call.protocolFeeBps, n);
        a.contributorCapBps = _of(v, Call.contributorCapBps, n);
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
    ) private pure returns (AllocationHarness.Given memory g) {
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
    ) private pure returns (Evidence memory e) {
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
    }

    function _stated(
        Vectors memory v,
        uint256 n
    ) private pure returns (Allocation[] memory stated) {
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

    function test_everyVectorIsWhatSolidityComputes() public view {
        Vectors memory v = _load();
        uint256 count = v.calls[0].length;
        assertGe(count, 500);
        for (uint256 n = 0; n < count; ++n) {
            (bool amounts, bool votes, address developer) =
                harness.compare(_given(v, n), _evidence(v, n), _stated(v, n));
            assertTrue(amounts, string.concat("amounts of case ", vm.toString(n)));
            assertTrue(votes, string.concat("votes of case ", vm.toString(n)));
            if (developer != address(0)) assertEq(developer, _account(v, Call.developer, n));
        }
    }

    /// @dev A vote elsewhere, a wei on top or another order is seen in every case.
    function test_noOtherAllocationPasses() public view {
        Vectors memory v = _load();
        for (uint256 n = 0; n < 60; ++n) {
            Allocation[] memory stated = _stated(v, n);
            AllocationHarness.Given memory given = _given(v, n);
            Evidence memory evidence = _evidence(v, n);
            if (stated.length == 0) continue; // a fee that is the protocol's alone
            uint256 at = n % stated.length;
            stated[at].weight += 1;
            (, bool votes,) = harness.compare(given, evidence, stated);
            assertFalse(votes, string.concat("a vote more in case ", vm.toString(n)));
            stated[at].weight -= 1;
            if (stated.length < 2) continue;
            (stated[0], stated[1]) = (stated[1], stated[0]);
            (bool amounts,,) = harness.compare(given, evidence, stated);
            assertFalse(amounts, string.concat("out of order in case ", vm.toString(n)));
            (stated[0], stated[1]) = (stated[1], stated[0]);
            stated[at].amount += 1;
            (amounts,,) = harness.compare(given, evidence, stated);
            assertFalse(amounts, string.concat("a wei more in case ", vm.toString(n)));
        }
    }

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    bytes private constant HEAD =
        '{"burnBps":5000,"channelWeights":{"influence":10000,"retrieval":0,"verbatim":0},"contributorCapBps":5000,';

    function _read(
        bytes memory text,
        uint256 mostPools
    ) private view returns (bool sound, BatchParameters.Frozen memory frozen) {
        address[] memory asked = new address[](2);
        (asked[0], asked[1]) = (address(0xab), address(0xcd));
        return harness.readParameters(text, asked, mostPools);
    }

    function test_parameters_areThoseOfTheSdk() public view {
        string memory vectors = vm.readFile("contracts/test/vectors/hashes.json");
        bytes memory text = bytes(vm.parseJsonString(vectors, ".parameters.canonical"));
        assertEq(keccak256(text), vm.parseJsonBytes32(vectors, ".parameters.hash"));
        address[] memory asked = vm.parseJsonAddressArray(vectors, ".parameters.accounts");
        uint256[] memory bps = vm.parseJsonUintArray(vectors, ".parameters.reputations");
        uint256[] memory sizes = vm.parseJsonUintArray(vectors, ".parameters.sizes");
        address[] memory pools = vm.parseJsonAddressArray(vectors, ".parameters.pools");
        (bool sound, BatchParameters.Frozen memory frozen) = harness.readParameters(text, asked, pools.length);
        assertTrue(sound);
        assertEq(frozen.reputations, bps);
        assertEq(frozen.burnBps, vm.parseJsonUint(vectors, ".parameters.burnBps"));
        assertEq(frozen.contributorCapBps, vm.parseJsonUint(vectors, ".parameters.contributorCapBps"));
        assertEq(frozen.pools.length, pools.length);
        for (uint256 i = 0; i < pools.length; ++i) {
            assertEq(frozen.pools[i].account, pools[i]);
            assertEq(frozen.pools[i].size, sizes[i]);
        }
    }

    function test_parameters_ofNothing() public view {
        (bool sound, BatchParameters.Frozen memory frozen) =
            _read(bytes.concat(HEAD, '"poolSizes":[],"reputation":{}}'), 3);
        assertTrue(sound);
        assertEq(frozen.pools.length, 0);
        assertEq(frozen.reputations[1], 10_000);
    }

    function test_parameters_ofTooManyPoolsAreNotSound() public view {
        bytes memory pool = '{"datanetId":1,"pool":"0x00000000000000000000000000000000000000aB","size":7}';
        bytes memory text = bytes.concat(HEAD, '"poolSizes":[', pool, ",", pool, '],"reputation":{}}');
        (bool sound,) = _read(text, 2);
        assertTrue(sound);
        (sound,) = _read(text, 1);
        assertFalse(sound);
    }

    function test_parameters_writtenOtherwiseAreNotSound() public view {
        string[14] memory tails = [
            '"poolSizes":[],"reputation":{}} ',
            '"poolSizes":[],"reputation":{}',
            '"poolSizes": [],"reputation":{}}',
            '"poolSizes":[{}],"reputation":{}}',
            '"poolSizes":[{"datanetId":01,"pool":"0x00000000000000000000000000000000000000ab","size":7}],"reputation":{}}',
            '"poolSizes":[{"datanetId":4294967296,"pool":"0x00000000000000000000000000000000000000ab","size":7}],"reputation":{}}',
            '"poolSizes":[{"datanetId":1,"pool":"0x00000000000000000000000000000000000000a","size":7}],"reputation":{}}',
            '"poolSizes":[{"datanetId":1,"pool":"0x00000000000000000000000000000000000000ag","size":7}],"reputation":{}}',
            '"poolSizes":[{"datanetId":1,"pool":"0x00000000000000000000000000000000000000a:","size":7}],"reputation":{}}',
            '"poolSizes":[{"datanetId":1,"pool":"0x00000000000000000000000000000000000000ab","size":}],"reputation":{}}',
            '"poolSizes":[],"reputation":{"0x00000000000000000000000000000000000000ab":4999}}',
            '"poolSizes":[],"reputation":{"0x00000000000000000000000000000000000000ab":10001}}',
            '"poolSizes":[],"reputation":{"0x00000000000000000000000000000000000000ab":9000,}}',
            '"poolSizes":[],"reputation":{},"more":1}'
        ];
        for (uint256 i = 0; i < tails.length; ++i) {
            (bool sound,) = _read(bytes.concat(HEAD, bytes(tails[i])), 3);
            assertFalse(sound, tails[i]);
        }
        (bool read,) = _read("", 3);
        assertFalse(read);
    }

    function testFuzz_parameters_neverRevert(
        bytes calldata text,
        uint256 cut
    ) public view {
        _read(text, 3);
        bytes memory whole = bytes.concat(
            HEAD,
            '"poolSizes":[{"datanetId":1,"pool":"0x00000000000000000000000000000000000000ab","size":7}],"reputation":{"0x00000000000000000000000000000000000000ab":9000}}'
        );
        (bool sound,) = _read(whole, 3);
        assertTrue(sound);
        uint256 length = cut % whole.length;
        assembly ("memory-safe") {
            mstore(whole, length)
        }
        (sound,) = _read(whole, 3);
        assertFalse(sound);
    }
}
