// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchParameters} from "../../src/libraries/BatchParameters.sol";
import {Allocation, Evidence} from "../../src/types/Evidence.sol";
import {AllocationHarness, AllocationVectorReader} from "./AllocationVectorReader.sol";

/// @notice Solidity allocates what TypeScript allocates, to the wei and the vote (contracts/test/vectors/allocation.json,
///         sdk/src/vectors/allocationVectors.ts), and reads the parameters that it writes.
contract AllocationVectorsTest is AllocationVectorReader {
    AllocationHarness private harness;

    function setUp() public {
        harness = new AllocationHarness();
    }

    function test_everyVectorIsWhatSolidityComputes() public view {
        Vectors memory v = _load("contracts/test/vectors/allocation.json");
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
        Vectors memory v = _load("contracts/test/vectors/allocation.json");
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
        '{"burnBps":5000,"channelWeights":{"influence":5000,"retrieval":3000,"verbatim":2000},"contributorCapBps":5000,"fidelity":{"0x00000000000000000000000000000000000000000000000000000000000000Ef":4321},"fidelityFloorBps":5000,';

    function _read(
        bytes memory text,
        uint256 mostPools
    ) private view returns (bool sound, BatchParameters.Frozen memory frozen) {
        address[] memory asked = new address[](2);
        (asked[0], asked[1]) = (address(0xab), address(0xcd));
        return harness.readParameters(text, bytes32(uint256(0xef)), asked, mostPools);
    }

    function test_parameters_areThoseOfTheSdk() public view {
        string memory vectors = vm.readFile("contracts/test/vectors/hashes.json");
        bytes memory text = bytes(vm.parseJsonString(vectors, ".parameters.canonical"));
        assertEq(keccak256(text), vm.parseJsonBytes32(vectors, ".parameters.hash"));
        address[] memory asked = vm.parseJsonAddressArray(vectors, ".parameters.accounts");
        uint256[] memory bps = vm.parseJsonUintArray(vectors, ".parameters.reputations");
        uint256[] memory sizes = vm.parseJsonUintArray(vectors, ".parameters.sizes");
        address[] memory pools = vm.parseJsonAddressArray(vectors, ".parameters.pools");
        bytes32[] memory releases = vm.parseJsonBytes32Array(vectors, ".parameters.releases");
        uint256[] memory fidelities = vm.parseJsonUintArray(vectors, ".parameters.fidelities");
        for (uint256 i = 0; i < releases.length; ++i) {
            (, BatchParameters.Frozen memory read) = harness.readParameters(text, releases[i], asked, pools.length);
            assertEq(read.fidelityBps, fidelities[i]);
        }
        (bool sound, BatchParameters.Frozen memory frozen) =
            harness.readParameters(text, releases[0], asked, pools.length);
        assertTrue(sound);
        assertEq(frozen.reputations, bps);
        assertEq(frozen.burnBps, vm.parseJsonUint(vectors, ".parameters.burnBps"));
        assertEq(frozen.contributorCapBps, vm.parseJsonUint(vectors, ".parameters.contributorCapBps"));
        assertEq(frozen.influenceBps, vm.parseJsonUint(vectors, ".parameters.influence"));
        assertEq(frozen.verbatimBps, vm.parseJsonUint(vectors, ".parameters.verbatim"));
        assertEq(frozen.retrievalBps, vm.parseJsonUint(vectors, ".parameters.retrieval"));
        assertEq(frozen.fidelityFloorBps, vm.parseJsonUint(vectors, ".parameters.fidelityFloorBps"));
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
        assertEq(frozen.fidelityBps, 4_321);
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
