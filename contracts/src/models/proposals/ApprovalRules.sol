// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DatanetApproval} from "../../types/Proposals.sol";
import {ProposalState} from "./ProposalState.sol";

/// @notice What contributors' votes add up to.
abstract contract ApprovalRules is ProposalState {
    /// @notice Records that must have voted by the deadline, of all in the version. More than half in favour need no
    ///         deadline, half against end it.
    uint256 public constant QUORUM_BPS = 2_000;

    function _isApproved(
        DatanetApproval storage a,
        uint64 deadline
    ) internal view returns (bool) {
        (uint256 yes, uint256 no, uint256 total) = (a.yes, a.no, a.total);
        if (2 * yes > total) return true;
        return block.timestamp > deadline && yes > no && (yes + no) * BPS >= total * QUORUM_BPS;
    }

    /// @return whether some datanet's contributors have not agreed, and cannot any more
    function _isRefused(
        uint32 proposalId,
        uint64 deadline
    ) internal view returns (bool) {
        DatanetApproval[] storage all = _state().approvals[proposalId];
        for (uint256 i; i < all.length; ++i) {
            DatanetApproval storage a = all[i];
            if (a.total != 0 && 2 * uint256(a.no) >= a.total) return true;
            if (block.timestamp > deadline && !_isApproved(a, deadline)) return true;
        }
        return false;
    }
}
