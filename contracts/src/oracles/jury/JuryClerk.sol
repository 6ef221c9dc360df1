// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDatanetRegistry} from "../../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../../libraries/BoundedPause.sol";
import {IModelProposals} from "../../models/IModelProposals.sol";
import {ITrainingJobs} from "../../models/ITrainingJobs.sol";
import {ISettlement} from "../../settlement/ISettlement.sol";
import {JurySettings} from "../../types/Jury.sol";
import {IOperatorRegistry} from "../IOperatorRegistry.sol";
import {JuryCompensation} from "./JuryCompensation.sol";
import {JuryDraws} from "./JuryDraws.sol";
import {JuryFilings} from "./JuryFilings.sol";
import {JurySampling} from "./JurySampling.sol";
import {JuryState} from "./JuryState.sol";

/// @notice The half of the Jury's code that files, draws, samples and compensates: both halves together are larger than a contract
///         may be (24,576 bytes). It works on the Jury's storage, by delegatecall; by itself it has no jurors and files nothing.
contract JuryClerk is JuryFilings, JuryDraws, JurySampling, JuryCompensation {
    constructor(
        IERC20 token_,
        IOperatorRegistry registry_,
        ISettlement settlement_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        IModelProposals proposals_,
        uint64 longestPause_,
        JurySettings memory settings_
    ) BoundedPause(longestPause_) JuryState(registry_, settlement_, jobs_, datanets_, proposals_, token_, settings_) {}
}
