// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../libraries/BoundedPause.sol";
import {Delegation} from "../libraries/Delegation.sol";
import {IModelProposals} from "../models/IModelProposals.sol";
import {ITrainingJobs} from "../models/ITrainingJobs.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {AccusedReceipt, JurySettings, Question, Sampling} from "../types/Jury.sol";
import {DatanetUse, Release} from "../types/Release.sol";
import {BatchHeader} from "../types/Settlement.sol";
import {IJury} from "./IJury.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {JuryClerk} from "./jury/JuryClerk.sol";
import {JuryState} from "./jury/JuryState.sol";
import {JuryVerdicts} from "./jury/JuryVerdicts.sol";

/// @title Jury
/// @notice Drawn, staked jurors answer what the chain cannot compute about receipts and releases.
/// @dev Restricted functions (AccessManager):
///      | function         | who                        |
///      |------------------|----------------------------|
///      | pause, unpause   | guardian                   |
///      | setSampleRate    | timelock of the parameters |
///      | upgradeToAndCall | upgrade timelock (admin)   |
///      OperatorRegistry knows this contract by its address: nobody else can make it slash. A pause stops new cases and
///      samplings, never draws, votes, verdicts, disclosures or withdrawals. Settlement does not know this contract:
///      no case can hold up a batch.
contract Jury is JuryVerdicts, UUPSUpgradeable {
    /// @notice The other half of the code, which works on this contract's storage.
    address public immutable clerk;

    constructor(
        IERC20 token_,
        IOperatorRegistry registry_,
        ISettlement settlement_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        IModelProposals proposals_,
        uint64 longestPause_,
        JurySettings memory settings_
    ) BoundedPause(longestPause_) JuryState(registry_, settlement_, jobs_, datanets_, proposals_, token_, settings_) {
        clerk = address(
            new JuryClerk(token_, registry_, settlement_, jobs_, datanets_, proposals_, longestPause_, settings_)
        );
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IJury
    function fileReceipt(
        Question,
        AccusedReceipt calldata,
        uint96,
        string calldata
    ) external returns (uint32) {
        _askClerk();
    }

    /// @inheritdoc IJury
    function fileRelease(
        Question,
        Release calldata,
        uint32,
        uint96,
        string calldata
    ) external returns (uint32) {
        _askClerk();
    }

    /// @inheritdoc IJury
    function draw(
        uint32
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function compensate(
        uint32,
        DatanetUse[] calldata,
        uint256
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function burnCompensation(
        uint32
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function openSampling(
        BatchHeader calldata
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function drawSamples(
        bytes32
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function disclose(
        bytes32,
        uint16,
        string calldata
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function punishSilence(
        bytes32
    ) external {
        _askClerk();
    }

    /// @inheritdoc IJury
    function setSampleRate(
        uint16 rateBps
    ) external restricted {
        if (rateBps > MAX_SAMPLE_BPS) revert Jury_RateTooHigh(rateBps, MAX_SAMPLE_BPS);
        _jury().sampleRateBps = rateBps;
        emit SampleRateSet(rateBps, msg.sender);
    }

    /// @inheritdoc IJury
    function sampleRateBps() external view returns (uint16) {
        return _jury().sampleRateBps;
    }

    /// @inheritdoc IJury
    function sampling(
        bytes32 headerHash
    ) external view returns (Sampling memory) {
        return _jury().samplings[headerHash];
    }

    function _askClerk() private {
        Delegation.forward(clerk);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
