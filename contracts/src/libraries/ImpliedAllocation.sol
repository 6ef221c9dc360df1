// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Evidence, Passage, RecordScore, Span, SpanSource} from "../types/Evidence.sol";
import {Terms} from "../types/Release.sol";
import {BatchParameters} from "./BatchParameters.sol";
import {LargestRemainder} from "./LargestRemainder.sol";
import {MemoryIndex} from "./MemoryIndex.sol";

/// @notice Who is paid what for an answer: the integers of docs/allocation.md, whose steps are numbered here too, the same
///         as sdk/src/allocation/allocate.ts to the wei. The developer stands apart in the result, since only the stated
///         allocation says which owner of the model it was.
library ImpliedAllocation {
    using MemoryIndex for MemoryIndex.Index;

    uint256 private constant WHOLE = 10_000;
    uint256 private constant FULL_FIDELITY = 5_000; // bps; from there on influence is paid whole
    uint256 private constant PARTS_OF_TOKEN = 840; // divisible by every number of clusters that a span can have

    struct Answer {
        uint256 base; // wei, the model's price
        uint256 markup; // wei, the application's
        address operator;
        address payer;
        address app; // 0: none
        uint256 protocolFeeBps;
        uint256 contributorCapBps;
        uint256 verbatimBps;
        uint256 retrievalBps;
        uint256 fidelityFloorBps;
        uint256 fidelityBps; // of the release; 0: not measured
        uint256 completionTokens;
        Terms terms;
    }

    enum Channel {
        Influence,
        Verbatim,
        Retrieval
    }

    /// @dev A cluster that claims anything, named by its first mention: records, then spans, then passages.
    struct Cluster {
        bytes32 recordId; // decides ties
        address contributor;
        address reviewer; // 0: no record of the evidence names one
        uint256 excess; // score of its best record above the null threshold
        uint256 quoted; // tokens of the answer, each divided by the clusters that contain it, in parts of PARTS_OF_TOKEN
        uint256 support; // parts per 10,000 of the answer that its passages explain
        uint256 share; // wei, of all channels
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
        MemoryIndex.Index accounts; // places of entries
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

    /// @notice The clusters that claim anything, in the order in which the evidence first mentions them.
    function clustersOf(
        Evidence calldata evidence
    ) internal pure returns (Cluster[] memory clusters) {
        uint256 most = evidence.records.length + evidence.passages.length;
        for (uint256 i = 0; i < evidence.spans.length; ++i) {
            most += evidence.spans[i].sources.length;
        }
        clusters = new Cluster[](most);
        MemoryIndex.Index memory places = MemoryIndex.make(most);
        uint256 count = _claimInfluence(evidence, clusters, places);
        count = _claimVerbatim(evidence.spans, clusters, places, count);
        count = _claimRetrieval(evidence.passages, clusters, places, count);
        assembly ("memory-safe") {
            mstore(clusters, count) // never more than it was made for
        }
    }

    /// @dev Of records by falling score: the first of a cluster is its best.
    function _claimInfluence(
        Evidence calldata evidence,
        Cluster[] memory clusters,
        MemoryIndex.Index memory places
    ) private pure returns (uint256 count) {
        for (uint256 i = 0; i < evidence.records.length; ++i) {
            RecordScore calldata record = evidence.records[i];
            int256 excess = score(record) - evidence.nullThreshold;
            if (excess <= 0) continue;
            (bool known, uint256 at) = places.findOrAdd(record.cluster, count);
            if (known) continue;
            Cluster memory best = clusters[at];
            (best.recordId, best.contributor) = (record.recordId, record.contributor);
            best.reviewer = record.reviewer;
            best.excess = uint256(excess);
            ++count;
        }
    }

    /// @dev Each span in equal parts to the distinct clusters among its sources.
    function _claimVerbatim(
        Span[] calldata spans,
        Cluster[] memory clusters,
        MemoryIndex.Index memory places,
        uint256 count
    ) private pure returns (uint256) {
        for (uint256 i = 0; i < spans.length; ++i) {
            SpanSource[] calldata sources = spans[i].sources;
            uint256[] memory distinct = new uint256[](sources.length);
            uint256 found = 0;
            for (uint256 j = 0; j < sources.length; ++j) {
                SpanSource calldata source = sources[j];
                (bool known, uint256 at) = places.findOrAdd(source.cluster, count);
                if (!known) {
                    (clusters[at].recordId, clusters[at].contributor) = (source.recordId, source.contributor);
                    ++count;
                }
                bool again = false;
                for (uint256 k = 0; k < found && !again; ++k) {
                    again = distinct[k] == at;
                }
                if (!again) distinct[found++] = at;
            }
            for (uint256 k = 0; k < found; ++k) {
                clusters[distinct[k]].quoted += uint256(spans[i].length) * PARTS_OF_TOKEN / found;
            }
        }
        return count;
    }

    function _claimRetrieval(
        Passage[] calldata passages,
        Cluster[] memory clusters,
        MemoryIndex.Index memory places,
        uint256 count
    ) private pure returns (uint256) {
        for (uint256 i = 0; i < passages.length; ++i) {
            Passage calldata passage = passages[i];
            if (passage.support <= 0) continue;
            (bool known, uint256 at) = places.findOrAdd(passage.cluster, count);
            if (!known) {
                (clusters[at].recordId, clusters[at].contributor) = (passage.recordId, passage.contributor);
                ++count;
            }
            clusters[at].support += uint256(int256(passage.support));
        }
        return count;
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
    function compute(
        Answer memory a,
        BatchParameters.Pool[] memory pools,
        Cluster[] memory clusters,
        uint256[] memory reputations,
        Evidence calldata evidence
    ) internal pure returns (Result memory r) {
        // Operator, parents, backers, app and payer; contributor of each cluster, reviewer of each record; pools.
        uint256 most = 5 + clusters.length + evidence.records.length + pools.length;
        r.entries = new Entry[](most);
        r.accounts = MemoryIndex.make(most);
        uint256 contributorsPart = _shareOut(a, r);
        uint256 poolsPart = _shareChannels(a, contributorsPart, clusters, evidence);
        poolsPart += _applyReputation(clusters, reputations);
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

    /// @dev Steps 3 and 4: what each channel has, by how much of the answer it explains, and whose it is.
    /// @return poolsPart what the pools get
    function _shareChannels(
        Answer memory a,
        uint256 contributorsPart,
        Cluster[] memory clusters,
        Evidence calldata evidence
    ) private pure returns (uint256 poolsPart) {
        uint256 covered = _covered(evidence.spans);
        uint256 verbatim = covered == 0 ? 0 : contributorsPart * a.verbatimBps * covered / (a.completionTokens * WHOLE);
        uint256 retrieval = contributorsPart * a.retrievalBps * _supported(evidence.passages) / (WHOLE * WHOLE);
        uint256 rest = contributorsPart - verbatim - retrieval;
        uint256 influence = rest * _influenceFactor(a.fidelityFloorBps, a.fidelityBps) / WHOLE;
        int256 threshold = evidence.nullThreshold;
        poolsPart = rest - influence
            + _shareChannel(clusters, Channel.Influence, influence, threshold > 0 ? uint256(threshold) : 0);
        poolsPart += _shareChannel(clusters, Channel.Verbatim, verbatim, 0);
        poolsPart += _shareChannel(clusters, Channel.Retrieval, retrieval, 0);
    }

    /// @dev Clusters share a channel in proportion to their claims.
    /// @param poolClaim what the pools claim of it
    /// @return poolsPart what the pools get: all, when nobody claims anything
    function _shareChannel(
        Cluster[] memory clusters,
        Channel channel,
        uint256 amount,
        uint256 poolClaim
    ) private pure returns (uint256 poolsPart) {
        if (amount == 0) return 0;
        uint256[] memory claims = new uint256[](clusters.length + 1);
        uint256[] memory ranks = new uint256[](clusters.length + 1);
        uint256[] memory owners = new uint256[](clusters.length);
        uint256 count;
        for (uint256 i = 0; i < clusters.length; ++i) {
            uint256 claim = _claim(clusters[i], channel);
            if (claim == 0) continue;
            (claims[count], ranks[count], owners[count]) = (claim, uint256(clusters[i].recordId), i);
            ++count;
        }
        (claims[count], ranks[count]) = (poolClaim, type(uint256).max);
        if (count == 0) return amount;
        assembly ("memory-safe") {
            mstore(claims, add(count, 1)) // never more than it was made for
            mstore(ranks, add(count, 1))
        }
        uint256[] memory parts = LargestRemainder.divide(amount, claims, ranks);
        for (uint256 i = 0; i < count; ++i) {
            clusters[owners[i]].share += parts[i];
        }
        return parts[count];
    }

    function _claim(
        Cluster memory cluster,
        Channel channel
    ) private pure returns (uint256) {
        if (channel == Channel.Influence) return cluster.excess;
        return channel == Channel.Verbatim ? cluster.quoted : cluster.support;
    }

    /// @dev Tokens of the answer that stand in spans.
    function _covered(
        Span[] calldata spans
    ) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < spans.length; ++i) {
            sum += spans[i].length;
        }
    }

    /// @dev Parts per 10,000 of the answer that passages explain.
    function _supported(
        Passage[] calldata passages
    ) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < passages.length; ++i) {
            if (passages[i].support > 0) sum += uint256(int256(passages[i].support));
        }
    }

    /// @dev The lower bound of the fidelity ÷ .5, between the floor and 1.
    function _influenceFactor(
        uint256 floor,
        uint256 fidelity
    ) private pure returns (uint256) {
        uint256 factor = fidelity * WHOLE / FULL_FIDELITY;
        if (factor < floor) return floor;
        return factor > WHOLE ? WHOLE : factor;
    }

    /// @dev Step 5.
    /// @return poolsPart what it takes away
    function _applyReputation(
        Cluster[] memory clusters,
        uint256[] memory reputations
    ) private pure returns (uint256 poolsPart) {
        for (uint256 i = 0; i < clusters.length; ++i) {
            clusters[i].paid = clusters[i].share * reputations[i] / WHOLE;
            poolsPart += clusters[i].share - clusters[i].paid;
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
        (bool known, uint256 at) = r.accounts.findOrAdd(bytes32(uint256(uint160(account))), r.count);
        Entry memory e = r.entries[at];
        if (!known) (e.account, r.count) = (account, r.count + 1);
        return e;
    }
}
