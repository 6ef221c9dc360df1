// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Evidence, RecordScore} from "../types/Evidence.sol";
import {Terms} from "../types/Release.sol";
import {BatchParameters} from "./BatchParameters.sol";
import {LargestRemainder} from "./LargestRemainder.sol";

/// @notice Who is paid what for an answer: the integers of docs/allocation.md, whose steps are numbered here too, the same
///         as sdk/src/allocation/allocate.ts to the wei. The developer stands apart in the result, since only the stated
///         allocation says which owner of the model it was.
library ImpliedAllocation {
    uint256 private constant WHOLE = 10_000;

    struct Answer {
        uint256 base; // wei, the model's price
        uint256 markup; // wei, the application's
        address operator;
        address payer;
        address app; // 0: none
        uint256 protocolFeeBps;
        uint256 contributorCapBps;
        Terms terms;
    }

    /// @dev The best record of a cluster above the threshold; the others get nothing.
    struct Cluster {
        bytes32 cluster;
        bytes32 recordId;
        address contributor;
        address reviewer;
        uint256 excess; // score above the null threshold
        uint256 paid; // wei, after reputation, before the cap
    }

    /// @dev What one account gets, and what its votes are counted from.
    struct Entry {
        address account;
        uint256 amount;
        uint256 created; // wei earned as contributor or developer
        uint256 reviewed; // wei of the clusters it reviewed
        bool pays;
    }

    struct Result {
        Entry[] entries;
        uint256 count; // of entries in use
        uint256 developer; // wei
        uint256 earned; // wei that creators' votes are divided by
        uint256 reviewed; // wei that reviewers' votes are divided by
    }

    function score(
        RecordScore calldata record
    ) internal pure returns (int256 sum) {
        for (uint256 i = 0; i < record.partials.length; ++i) {
            sum += record.partials[i];
        }
    }

    /// @notice Per cluster its best record, of records by falling score.
    function clustersOf(
        Evidence calldata evidence
    ) internal pure returns (Cluster[] memory clusters) {
        uint256 records = evidence.records.length;
        clusters = new Cluster[](records);
        uint256 count;
        for (uint256 i = 0; i < records; ++i) {
            RecordScore calldata record = evidence.records[i];
            int256 excess = score(record) - evidence.nullThreshold;
            if (excess <= 0 || _has(clusters, count, record.cluster)) continue;
            Cluster memory best = clusters[count++];
            best.cluster = record.cluster;
            best.recordId = record.recordId;
            best.contributor = record.contributor;
            best.reviewer = record.reviewer;
            best.excess = uint256(excess);
        }
        assembly ("memory-safe") {
            mstore(clusters, count) // never more than it was made for
        }
    }

    function contributorsOf(
        Cluster[] memory clusters
    ) internal pure returns (address[] memory contributors) {
        contributors = new address[](clusters.length);
        for (uint256 i = 0; i < clusters.length; ++i) {
            contributors[i] = clusters[i].contributor;
        }
    }

    /// @param pools of the datanets
    /// @param clusters get what they are paid written into them
    /// @param reputations of the clusters' contributors, in bps
    /// @param nullThreshold of the evidence; the pools' claim when positive
    function compute(
        Answer memory a,
        BatchParameters.Pool[] memory pools,
        Cluster[] memory clusters,
        uint256[] memory reputations,
        int256 nullThreshold
    ) internal pure returns (Result memory r) {
        // Operator, parents, backers, app and payer; contributor and reviewer of each cluster; pools.
        r.entries = new Entry[](5 + 2 * clusters.length + pools.length);
        uint256 contributorsPart = _shareOut(a, r);
        uint256 poolsPart =
            _payClusters(contributorsPart, clusters, reputations, nullThreshold > 0 ? uint256(nullThreshold) : 0);
        poolsPart += _creditCreators(r, clusters, contributorsPart * a.contributorCapBps / WHOLE);
        if (!_creditPools(r, pools, poolsPart)) r.developer += poolsPart;
        _entry(r, a.payer).pays = true;
    }

    /// @notice Votes of an entry.
    /// @param weight of the whole receipt
    function votes(
        Result memory r,
        Entry memory e,
        uint256 weight
    ) internal pure returns (uint256 sum) {
        // slither-disable-next-line divide-before-multiply (floors in this order, as docs/allocation.md says)
        if (r.earned != 0) sum = weight * 8_000 / WHOLE * e.created / r.earned;
        // slither-disable-next-line divide-before-multiply (floors in this order, as docs/allocation.md says)
        if (r.reviewed != 0) sum += weight * 1_000 / WHOLE * e.reviewed / r.reviewed;
        if (e.pays) sum += weight * 1_000 / WHOLE;
    }

    /// @notice Votes of the developer, on top of what its account may have as another.
    function developerVotes(
        Result memory r,
        uint256 weight
    ) internal pure returns (uint256) {
        // slither-disable-next-line divide-before-multiply (floors in this order, as docs/allocation.md says)
        return r.earned == 0 ? 0 : weight * 8_000 / WHOLE * r.developer / r.earned;
    }

    /// @dev Steps 1 and 2: everybody's share but the contributors', which is returned.
    function _shareOut(
        Answer memory a,
        Result memory r
    ) private pure returns (uint256 contributorsPart) {
        Terms memory t = a.terms;
        uint256 net = a.base - a.base * a.protocolFeeBps / WHOLE;
        uint256 operator = net * t.operatorBps / WHOLE;
        uint256 parents = net * t.parentsBps / WHOLE;
        uint256 backers = net * t.backersBps / WHOLE;
        uint256 developer = net * t.developerBps / WHOLE;
        contributorsPart = net - operator - developer - parents - backers;
        if (t.parents == address(0)) (developer, parents) = (developer + parents, 0);
        if (t.backers == address(0)) (developer, backers) = (developer + backers, 0);
        r.developer = developer;
        r.earned = contributorsPart + developer;
        _credit(r, a.operator, operator);
        _credit(r, t.parents, parents);
        _credit(r, t.backers, backers);
        _credit(r, a.app, a.markup - a.markup * a.protocolFeeBps / WHOLE);
    }

    /// @dev Steps 3 to 5: clusters and pools compete by score, reputation takes its part.
    /// @return poolsPart what the pools get
    function _payClusters(
        uint256 amount,
        Cluster[] memory clusters,
        uint256[] memory reputations,
        uint256 poolExcess
    ) private pure returns (uint256 poolsPart) {
        uint256 count = clusters.length;
        if (count == 0) return amount;
        uint256[] memory claims = new uint256[](count + 1);
        uint256[] memory ranks = new uint256[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            (claims[i], ranks[i]) = (clusters[i].excess, uint256(clusters[i].recordId));
        }
        (claims[count], ranks[count]) = (poolExcess, type(uint256).max);
        uint256[] memory shares = LargestRemainder.divide(amount, claims, ranks);
        poolsPart = shares[count];
        for (uint256 i = 0; i < count; ++i) {
            clusters[i].paid = shares[i] * reputations[i] / WHOLE;
            poolsPart += shares[i] - clusters[i].paid;
        }
    }

    /// @dev Step 6, and what reviewers' votes are counted from.
    /// @return beyond what lies above the cap
    function _creditCreators(
        Result memory r,
        Cluster[] memory clusters,
        uint256 cap
    ) private pure returns (uint256 beyond) {
        for (uint256 i = 0; i < clusters.length; ++i) {
            _entry(r, clusters[i].contributor).created += clusters[i].paid;
            if (clusters[i].reviewer == address(0)) continue;
            _entry(r, clusters[i].reviewer).reviewed += clusters[i].paid;
            r.reviewed += clusters[i].paid;
        }
        for (uint256 i = 0; i < r.count; ++i) {
            Entry memory e = r.entries[i];
            if (e.created > cap) (beyond, e.created) = (beyond + e.created - cap, cap);
            e.amount += e.created;
        }
    }

    /// @dev Step 7.
    /// @return whether there is a pool to take it
    function _creditPools(
        Result memory r,
        BatchParameters.Pool[] memory pools,
        uint256 amount
    ) private pure returns (bool) {
        uint256 count = pools.length;
        uint256[] memory sizes = new uint256[](count);
        uint256[] memory ranks = new uint256[](count);
        // slither-disable-next-line uninitialized-local (sums start at 0)
        uint256 total;
        for (uint256 i = 0; i < count; ++i) {
            (sizes[i], ranks[i]) = (pools[i].size, pools[i].datanetId);
            total += sizes[i];
        }
        if (total == 0) return false;
        uint256[] memory parts = LargestRemainder.divide(amount, sizes, ranks);
        for (uint256 i = 0; i < count; ++i) {
            _credit(r, pools[i].account, parts[i]);
        }
        return true;
    }

    function _credit(
        Result memory r,
        address account,
        uint256 amount
    ) private pure {
        if (account != address(0)) _entry(r, account).amount += amount;
    }

    /// @dev The account's entry, made when there is none.
    function _entry(
        Result memory r,
        address account
    ) private pure returns (Entry memory) {
        for (uint256 i = 0; i < r.count; ++i) {
            if (r.entries[i].account == account) return r.entries[i];
        }
        Entry memory made = r.entries[r.count++];
        made.account = account;
        return made;
    }

    function _has(
        Cluster[] memory clusters,
        uint256 count,
        bytes32 cluster
    ) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (clusters[i].cluster == cluster) return true;
        }
        return false;
    }
}
