// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @notice Votes whose delegated part of the supply is checkpointed.
interface IDelegatedVotes is IERC5805 {
    /// @return the votes that somebody can cast now
    function delegatedSupply() external view returns (uint256);

    /// @return the votes that somebody could cast at `timepoint`, which must be past
    function getPastDelegatedSupply(
        uint256 timepoint
    ) external view returns (uint256);
}
