// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IOpenToken} from "../../token/IOpenToken.sol";
import {JuryCase} from "../../types/Jury.sol";
import {DatanetUse} from "../../types/Release.sol";
import {JuryState} from "./JuryState.sol";

/// @notice What a verdict leaves for the datanets of a release.
abstract contract JuryCompensation is JuryState {
    using SafeERC20 for IERC20;

    /// @notice See IJury.
    function compensate(
        uint32 caseId,
        DatanetUse[] calldata uses,
        uint256 index
    ) external {
        JuryStorage storage $ = _jury();
        JuryCase storage c = $.cases[caseId];
        bytes32 given = keccak256(abi.encode(uses));
        if (given != c.datanetsHash) revert Jury_WrongDatanets(given, c.datanetsHash);
        if (c.compensation == 0) revert Jury_NothingToCompensate(caseId);
        if (index >= uses.length) revert Jury_NoSuchDatanet(index, uses.length);
        if ($.compensated[caseId][index]) revert Jury_AlreadyCompensated(caseId, index);
        $.compensated[caseId][index] = true;
        if (c.compensationShare == 0) c.compensationShare = c.compensation / uint96(uses.length);
        uint96 amount = c.compensationShare;
        c.compensation -= amount;
        uint32 datanetId = uses[index].datanetId;
        address pool = datanets.datanet(datanetId).pool;
        if (pool == address(0)) revert Jury_NoPool(datanetId);
        emit DatanetCompensated(caseId, datanetId, pool, amount, msg.sender);
        token.safeTransfer(pool, amount);
    }

    /// @notice See IJury.
    function burnCompensation(
        uint32 caseId
    ) external {
        JuryCase storage c = _jury().cases[caseId];
        uint96 amount = c.compensation;
        if (amount == 0) revert Jury_NothingToCompensate(caseId);
        uint64 from = c.decidedAt + COMPENSATION_PERIOD;
        if (block.timestamp < from) revert Jury_TooEarly(from);
        c.compensation = 0;
        emit CompensationBurned(caseId, amount, msg.sender);
        IOpenToken(address(token)).burn(amount);
    }
}
