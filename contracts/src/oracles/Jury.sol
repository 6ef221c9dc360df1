// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../libraries/BoundedPause.sol";
import {ITrainingJobs} from "../models/ITrainingJobs.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {JurySettings} from "../types/Jury.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {JurySampling} from "./jury/JurySampling.sol";
import {JuryState} from "./jury/JuryState.sol";
import {JuryVerdicts} from "./jury/JuryVerdicts.sol";

/// @title Jury
/// @notice Drawn, staked jurors answer what the chain cannot compute about receipts and releases.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | pause, unpause   | guardian                 |
///      | setSampleRate    | upgrade timelock (admin) |
///      | upgradeToAndCall | upgrade timelock (admin) |
///      OperatorRegistry knows this contract by its address: nobody else can make it slash. A pause stops new cases and
///      samplings, never draws, votes, verdicts, disclosures or withdrawals. Settlement does not know this contract:
///      no case can hold up a batch.
contract Jury is JuryVerdicts, JurySampling, UUPSUpgradeable {
    constructor(
        IERC20 token_,
        IOperatorRegistry registry_,
        ISettlement settlement_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        uint64 longestPause_,
        JurySettings memory settings_
    ) BoundedPause(longestPause_) JuryState(registry_, settlement_, jobs_, datanets_, token_, settings_) {
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
