// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LargestRemainder} from "../../src/libraries/LargestRemainder.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {AllocationHarness, AllocationVectorReader} from "./AllocationVectorReader.sol";

/// @notice Answers of several releases: the price divided by weight, each part allocated as for a single release, and all
///         added up are what TypeScript computes (contracts/test/vectors/composition.json,
///         sdk/src/vectors/compositionVectors.ts).
contract CompositionVectorsTest is AllocationVectorReader {
    string private constant FILE = "contracts/test/vectors/composition.json";
    uint256 private constant UNIT = 10_000; // wei

    AllocationHarness private harness;
    /// @dev What the parts of one answer sum to.
    mapping(uint256 answer => mapping(address account => uint256)) private amounts;
    mapping(uint256 answer => mapping(address account => uint256)) private weights;

    function setUp() public {
        harness = new AllocationHarness();
    }

    function _end(
        int256[][] memory composed,
        uint256 column,
        uint256 answer,
        uint256 rows
    ) private pure returns (uint256) {
        return answer + 1 < composed[0].length ? uint256(composed[column][answer + 1]) : rows;
    }

    function test_thePriceIsDividedByWeight() public view {
        Vectors memory v = _load(FILE);
        int256[][] memory composed = this.columnsOf(FILE, "composed", "base,markup,firstCall");
        int256[][] memory bps = this.columnsOf(FILE, "weights", "weightBps");
        assertGe(composed[0].length, 100);
        for (uint256 answer = 0; answer < composed[0].length; ++answer) {
            uint256 first = uint256(composed[2][answer]);
            uint256 count = _end(composed, 2, answer, v.calls[0].length) - first;
            assertGe(count, 2);
            uint256[] memory claims = new uint256[](count);
            for (uint256 i = 0; i < count; ++i) {
                claims[i] = uint256(bps[0][first + i]);
            }
            uint256[] memory ranks = new uint256[](count); // all alike: the earlier comes first
            uint256[] memory bases = LargestRemainder.divide(uint256(composed[0][answer]) / UNIT, claims, ranks);
            uint256[] memory markups = LargestRemainder.divide(uint256(composed[1][answer]) / UNIT, claims, ranks);
            for (uint256 i = 0; i < count; ++i) {
                assertEq(bases[i] * UNIT, _of(v, Call.base, first + i));
                assertEq(markups[i] * UNIT, _of(v, Call.markup, first + i));
            }
        }
    }

    function test_thePartsAddUp() public {
        Vectors memory v = _load(FILE);
        int256[][] memory composed = this.columnsOf(FILE, "composed", "base,markup,firstCall,firstAllocation");
        int256[][] memory sums = this.columnsOf(FILE, "sums", "account,amount,weight");
        for (uint256 answer = 0; answer < composed[0].length; ++answer) {
            uint256 paid =
                _addParts(v, answer, uint256(composed[2][answer]), _end(composed, 2, answer, v.calls[0].length));
            uint256 to = _end(composed, 3, answer, sums[0].length);
            address last;
            for (uint256 i = uint256(composed[3][answer]); i < to; ++i) {
                address account = v.accounts[uint256(sums[0][i])];
                assertGt(uint160(account), uint160(last), "accounts rise");
                assertEq(amounts[answer][account], uint256(sums[1][i]), vm.toString(answer));
                assertEq(weights[answer][account], uint256(sums[2][i]), vm.toString(answer));
                paid -= uint256(sums[1][i]);
                last = account;
            }
            assertEq(paid, 0, "nobody else is paid");
        }
    }

    /// @return paid wei to all accounts
    function _addParts(
        Vectors memory v,
        uint256 answer,
        uint256 from,
        uint256 to
    ) private returns (uint256 paid) {
        for (uint256 n = from; n < to; ++n) {
            Allocation[] memory stated = harness.allocate(_given(v, n), _evidence(v, n), _account(v, Call.developer, n));
            for (uint256 i = 0; i < stated.length; ++i) {
                amounts[answer][stated[i].account] += stated[i].amount;
                weights[answer][stated[i].account] += stated[i].weight;
                paid += stated[i].amount;
            }
        }
    }
}
