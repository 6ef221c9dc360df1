// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchParameters} from "../../src/libraries/BatchParameters.sol";
import {ImpliedAllocation} from "../../src/libraries/ImpliedAllocation.sol";
import {Inflation} from "../../src/libraries/Inflation.sol";
import {Allocation, Evidence} from "../../src/types/Evidence.sol";

/// @notice What an honest operator states. The rules themselves are held against TypeScript by AllocationVectors.t.sol.
contract HonestAllocation {
    function allocate(
        ImpliedAllocation.Answer calldata answer,
        BatchParameters.Pool[] calldata pools,
        Evidence calldata evidence,
        address reputed,
        uint256 reputation,
        address developer,
        uint256 burned,
        uint32 day
    ) external pure returns (Allocation[] memory stated) {
        ImpliedAllocation.Cluster[] memory clusters = ImpliedAllocation.clustersOf(evidence);
        uint256[] memory reputations = new uint256[](clusters.length);
        for (uint256 i = 0; i < clusters.length; ++i) {
            reputations[i] = clusters[i].contributor == reputed ? reputation : 10_000;
        }
        ImpliedAllocation.Result memory r = ImpliedAllocation.compute(answer, pools, clusters, reputations, evidence);
        return _list(r, developer, Inflation.weight(burned, day));
    }

    /// @dev By account, without those who get nothing.
    function _list(
        ImpliedAllocation.Result memory r,
        address developer,
        uint256 weight
    ) private pure returns (Allocation[] memory stated) {
        stated = new Allocation[](r.count + 1);
        uint256 count;
        bool credited;
        for (uint256 i = 0; i <= r.count; ++i) {
            bool last = i == r.count;
            if (last && credited) break;
            address account = last ? developer : r.entries[i].account;
            uint256 amount = last ? 0 : r.entries[i].amount;
            uint256 votes = last ? 0 : ImpliedAllocation.votes(r, r.entries[i], weight);
            if (account == developer) {
                (amount, votes) = (amount + r.developer, votes + ImpliedAllocation.developerVotes(r, weight));
                credited = true;
            }
            if (amount == 0 && votes == 0) continue;
            uint256 at = count++;
            for (; at > 0 && stated[at - 1].account > account; --at) {
                stated[at] = stated[at - 1];
            }
            stated[at] = Allocation(account, uint96(amount), uint96(votes));
        }
        assembly ("memory-safe") {
            mstore(stated, count) // never more than it was made for
        }
    }
}
