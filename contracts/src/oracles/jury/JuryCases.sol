// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {JuryCase} from "../../types/Jury.sol";
import {IJury} from "../IJury.sol";
import {JurorStakes} from "./JurorStakes.sol";

/// @notice What is known of cases, and the answer of the accused.
abstract contract JuryCases is JurorStakes {
    /// @inheritdoc IJury
    function answer(
        uint32 caseId,
        string calldata statementCid
    ) external {
        JuryCase storage c = _openCase(caseId);
        if (msg.sender != c.accused && registry.operatorOf(msg.sender) != c.accused) {
            revert Jury_NotAccused(caseId, msg.sender);
        }
        uint64 deadline = c.drawnAt + _commitPeriod;
        if (c.drawnAt != 0 && block.timestamp > deadline) revert Jury_TooLate(deadline);
        emit CaseAnswered(caseId, c.accused, statementCid, msg.sender);
    }

    /// @inheritdoc IJury
    function caseCount() external view returns (uint32) {
        return _jury().caseCount;
    }

    /// @inheritdoc IJury
    function caseOf(
        uint32 caseId
    ) external view returns (JuryCase memory) {
        return _jury().cases[caseId];
    }

    /// @inheritdoc IJury
    function openCases(
        bytes32 target
    ) external view returns (uint8) {
        return _jury().openCases[target];
    }

    /// @inheritdoc IJury
    function bondFor(
        bytes32 target
    ) public view returns (uint96) {
        return _bondFor(target);
    }
}
