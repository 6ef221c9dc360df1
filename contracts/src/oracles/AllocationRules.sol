// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {BatchParameters} from "../libraries/BatchParameters.sol";
import {ImpliedAllocation} from "../libraries/ImpliedAllocation.sol";
import {StatedAllocation} from "../libraries/StatedAllocation.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {Allocation, Evidence, Passage, RecordScore, Span} from "../types/Evidence.sol";
import {DatanetUse} from "../types/Release.sol";

/// @notice Whether an allocation follows from a receipt's evidence and its batch's parameters. Holds nothing and may
///         nothing: EvidenceProofs makes one for itself and asks it.
contract AllocationRules {
    uint256 internal constant MOST_RECORDS = 32;
    uint256 internal constant MOST_PARTIALS = 16; // chunks of the longest row
    uint256 internal constant MOST_OTHERS = 8; // spans, their sources, passages and parents, each
    uint256 internal constant WHOLE = 10_000;

    IModelRegistry public immutable models;
    IDatanetRegistry public immutable datanets;

    /// @dev What is asked besides the evidence.
    struct Question {
        ImpliedAllocation.Answer answer;
        uint256 burnBps; // of the batch's fee version
        uint256 burned; // wei of the fee
        bytes32 releaseHash;
        uint32 modelId;
        uint256 ownedFrom; // Unix seconds between which the developer owned the model at some time
        uint256 ownedTo;
        uint256 firstDay; // days of one of which the votes have the weight
        uint256 lastDay;
    }

    constructor(
        IModelRegistry models_,
        IDatanetRegistry datanets_
    ) {
        models = models_;
        datanets = datanets_;
    }

    /// @param parameters the batch's, as hashed
    /// @param uses datanets of the release
    /// @return whether it does; false too when nothing follows from such evidence or parameters
    function follows(
        Question calldata q,
        Evidence calldata evidence,
        bytes calldata parameters,
        DatanetUse[] calldata uses,
        Allocation[] calldata stated
    ) external view returns (bool) {
        if (!_isSound(evidence) || !_areSound(evidence.spans, evidence.passages, q.answer.completionTokens)) {
            return false;
        }
        (bool sound, ImpliedAllocation.Result memory result) = _compute(q, evidence, parameters, uses);
        return sound && _isStated(q, result, stated);
    }

    /// @dev For an owner of the model and a day that the receipt allows.
    function _isStated(
        Question calldata q,
        ImpliedAllocation.Result memory result,
        Allocation[] calldata stated
    ) private view returns (bool) {
        (bool same, address developer) = StatedAllocation.compareAmounts(result, stated);
        if (!same) return false;
        if (developer != address(0) && !models.ownedBetween(q.modelId, developer, q.ownedFrom, q.ownedTo)) {
            return false;
        }
        return StatedAllocation.compareVotes(result, developer, stated, q.burned, q.firstDay, q.lastDay);
    }

    /// @return sound false when nothing follows from such parameters
    /// @return result what does otherwise
    function _compute(
        Question calldata q,
        Evidence calldata evidence,
        bytes calldata parameters,
        DatanetUse[] calldata uses
    ) private view returns (bool sound, ImpliedAllocation.Result memory result) {
        ImpliedAllocation.Cluster[] memory clusters = ImpliedAllocation.clustersOf(evidence);
        BatchParameters.Frozen memory frozen;
        (sound, frozen) =
            BatchParameters.read(parameters, q.releaseHash, ImpliedAllocation.contributorsOf(clusters), uses.length);
        if (!sound || !_restates(frozen, q) || !_arePools(frozen.pools, uses)) return (false, result);
        ImpliedAllocation.Answer memory answer = q.answer;
        answer.fidelityBps = frozen.fidelityBps;
        result = ImpliedAllocation.compute(answer, frozen.pools, clusters, frozen.reputations, evidence);
    }

    /// @dev Whether the batch's parameters are the fee version's.
    function _restates(
        BatchParameters.Frozen memory frozen,
        Question calldata q
    ) private pure returns (bool) {
        ImpliedAllocation.Answer calldata a = q.answer;
        return frozen.burnBps == q.burnBps && frozen.contributorCapBps == a.contributorCapBps
            && frozen.verbatimBps == a.verbatimBps && frozen.retrievalBps == a.retrievalBps
            && frozen.influenceBps + a.verbatimBps + a.retrievalBps == WHOLE
            && frozen.fidelityFloorBps == a.fidelityFloorBps;
    }

    /// @dev Within the limits, by falling score and rising recordId, each record with its contributor.
    function _isSound(
        Evidence calldata evidence
    ) private pure returns (bool) {
        uint256 count = evidence.records.length;
        if (
            count > MOST_RECORDS || evidence.spans.length > MOST_OTHERS || evidence.passages.length > MOST_OTHERS
                || evidence.parents.length > MOST_OTHERS
        ) return false;
        int256 last = type(int256).max;
        for (uint256 i = 0; i < count; ++i) {
            RecordScore calldata record = evidence.records[i];
            if (record.partials.length > MOST_PARTIALS || record.contributor == address(0)) return false;
            int256 score = ImpliedAllocation.score(record);
            if (score > last) return false;
            if (score == last && record.recordId <= evidence.records[i - 1].recordId) return false;
            last = score;
        }
        return true;
    }

    /// @dev Spans one after the other within the answer, none empty, each with sources; passages that explain no more than all
    ///      of it; everybody with a name.
    function _areSound(
        Span[] calldata spans,
        Passage[] calldata passages,
        uint256 completionTokens
    ) private pure returns (bool) {
        // slither-disable-next-line uninitialized-local (the first span may start at 0)
        uint256 end;
        for (uint256 i = 0; i < spans.length; ++i) {
            Span calldata span = spans[i];
            uint256 count = span.sources.length;
            if (span.length == 0 || span.start < end || count == 0 || count > MOST_OTHERS) return false;
            end = uint256(span.start) + span.length;
            for (uint256 j = 0; j < count; ++j) {
                if (span.sources[j].contributor == address(0)) return false;
            }
        }
        // slither-disable-next-line uninitialized-local (sums start at 0)
        uint256 supported;
        for (uint256 i = 0; i < passages.length; ++i) {
            if (passages[i].support < 0 || passages[i].contributor == address(0)) return false;
            supported += uint256(int256(passages[i].support));
        }
        return end <= completionTokens && supported <= WHOLE;
    }

    /// @dev Whether these are the pools of the release's datanets, all of them and no other.
    function _arePools(
        BatchParameters.Pool[] memory pools,
        DatanetUse[] calldata uses
    ) private view returns (bool) {
        for (uint256 i = 0; i < pools.length; ++i) {
            // slither-disable-next-line uninitialized-local (false until found)
            bool used;
            for (uint256 j = 0; j < uses.length && !used; ++j) {
                used = uses[j].datanetId == pools[i].datanetId;
            }
            if (!used || datanets.datanet(pools[i].datanetId).pool != pools[i].account) return false;
        }
        for (uint256 i = 0; i < uses.length; ++i) {
            // slither-disable-next-line uninitialized-local (false until found)
            bool paid;
            for (uint256 j = 0; j < pools.length && !paid; ++j) {
                paid = pools[j].datanetId == uses[i].datanetId;
            }
            if (!paid) return false;
        }
        return true;
    }
}
