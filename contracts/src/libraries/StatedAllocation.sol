// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Allocation} from "../types/Evidence.sol";
import {ImpliedAllocation} from "./ImpliedAllocation.sol";
import {Inflation} from "./Inflation.sol";
import {MemoryIndex} from "./MemoryIndex.sol";

/// @notice Compares the allocation that a receipt states with the one that was computed.
library StatedAllocation {
    using MemoryIndex for MemoryIndex.Index;

    /// @notice Whether every account is paid what was computed, one of them the developer's part on top.
    /// @return same whether they are
    /// @return developer who gets that part; 0 when there is none
    function compareAmounts(
        ImpliedAllocation.Result memory r,
        Allocation[] calldata stated
    ) internal pure returns (bool same, address developer) {
        // All of them in order, none beyond those computed but the developer, and none twice.
        if (stated.length > r.count + 1) return (false, address(0));
        bool[] memory named = new bool[](r.count);
        // slither-disable-next-line uninitialized-local (the first account is above 0)
        address last;
        for (uint256 i = 0; i < stated.length; ++i) {
            Allocation calldata s = stated[i];
            if (s.account <= last || (s.amount == 0 && s.weight == 0)) return (false, address(0));
            last = s.account;
            uint256 at = _find(r, s.account);
            // slither-disable-next-line uninitialized-local (sums start at 0)
            uint256 amount;
            if (at < r.count) (amount, named[at]) = (r.entries[at].amount, true);
            if (s.amount == amount) continue;
            if (developer != address(0) || s.amount != amount + r.developer) return (false, address(0));
            developer = s.account;
        }
        if (r.developer != 0 && developer == address(0)) return (false, address(0));
        for (uint256 i = 0; i < r.count; ++i) {
            if (!named[i] && r.entries[i].amount != 0) return (false, developer);
        }
        return (true, developer);
    }

    /// @notice Whether the votes are those computed for a day of that span.
    /// @dev No account's votes fall from one day to the next, so the first day whose sum is not below the stated one is as
    ///      good as any that fits.
    /// @param burned wei of the fee
    function compareVotes(
        ImpliedAllocation.Result memory r,
        address developer,
        Allocation[] calldata stated,
        uint256 burned,
        uint256 from,
        uint256 to
    ) internal pure returns (bool) {
        // slither-disable-next-line uninitialized-local (sums start at 0)
        uint256 sum;
        for (uint256 i = 0; i < stated.length; ++i) {
            sum += stated[i].weight;
        }
        while (from < to) {
            uint256 middle = (from + to) / 2;
            if (_votes(r, Inflation.weight(burned, uint32(middle))) < sum) from = middle + 1;
            else to = middle;
        }
        uint256 weight = Inflation.weight(burned, uint32(from));
        if (_votes(r, weight) != sum) return false;
        for (uint256 i = 0; i < stated.length; ++i) {
            uint256 at = _find(r, stated[i].account);
            uint256 votes = at < r.count ? ImpliedAllocation.votes(r, r.entries[at], weight) : 0;
            if (stated[i].account == developer) votes += ImpliedAllocation.developerVotes(r, weight);
            if (votes != stated[i].weight) return false;
        }
        return true; // the sums are the same, so whoever is not stated has none
    }

    /// @dev Votes of all.
    function _votes(
        ImpliedAllocation.Result memory r,
        uint256 weight
    ) private pure returns (uint256 sum) {
        sum = ImpliedAllocation.developerVotes(r, weight);
        for (uint256 i = 0; i < r.count; ++i) {
            sum += ImpliedAllocation.votes(r, r.entries[i], weight);
        }
    }

    /// @return at the account's entry; their count when it has none
    function _find(
        ImpliedAllocation.Result memory r,
        address account
    ) private pure returns (uint256 at) {
        bool known;
        (known, at) = r.accounts.find(bytes32(uint256(uint160(account))));
        if (!known) at = r.count;
    }
}
