// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessGrants} from "../../datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../../libraries/BoundedPause.sol";
import {IJury} from "../../oracles/IJury.sol";
import {ProposalSettings} from "../../types/Proposals.sol";
import {IModelRegistry} from "../IModelRegistry.sol";
import {ITrainingJobs} from "../ITrainingJobs.sol";
import {DatanetApprovals} from "./DatanetApprovals.sol";
import {ProposalFunding} from "./ProposalFunding.sol";
import {ProposalState} from "./ProposalState.sol";

/// @notice The half of the proposals' code that takes proposals, backings and votes: both halves together are larger than
///         a contract may be (24,576 bytes). It works on the proposals' storage, by delegatecall; by itself it holds
///         nothing and is asked nothing.
contract ProposalClerk is ProposalFunding, DatanetApprovals {
    constructor(
        IERC20 token_,
        IModelRegistry models_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        IAccessGrants grants_,
        IJury jury_,
        uint64 longestPause_,
        ProposalSettings memory settings_
    ) BoundedPause(longestPause_) ProposalState(token_, models_, jobs_, datanets_, grants_, jury_, settings_) {}
}
