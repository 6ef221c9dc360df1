// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {IAgentRegistry} from "../contracts/src/agents/IAgentRegistry.sol";
import {IEvaluationRounds} from "../contracts/src/governance/IEvaluationRounds.sol";
import {ITreasury} from "../contracts/src/governance/ITreasury.sol";
import {IContributionVotes} from "../contracts/src/governance/IContributionVotes.sol";
import {IVotingPower} from "../contracts/src/governance/IVotingPower.sol";
import {BoundedPause} from "../contracts/src/libraries/BoundedPause.sol";
import {IModelRegistry} from "../contracts/src/models/IModelRegistry.sol";
import {ITrainingJobs} from "../contracts/src/models/ITrainingJobs.sol";
import {IJury} from "../contracts/src/oracles/IJury.sol";
import {IFeePolicy} from "../contracts/src/settlement/IFeePolicy.sol";
import {IOpenToken} from "../contracts/src/token/IOpenToken.sol";
import {Parameters} from "./Parameters.sol";

/// @notice Who may call what. Whatever restricted function is not named here is the admin's: the upgrade timelock's.
library Roles {
    uint64 internal constant ADMIN = 0;
    uint64 internal constant BRIDGE = 1; // mints and burns OPEN
    uint64 internal constant REWARDS = 2; // mints contribution votes
    uint64 internal constant TRAINING = 3; // adds attested releases, and versions of agents
    uint64 internal constant TREASURY = 4; // pays out of the treasury, opens and ends its streams, sets its budgets
    uint64 internal constant GUARDIAN = 5; // pauses what is new, for a bounded time
    uint64 internal constant PROPOSALS = 6; // opens jobs whose pay it holds, and locks backers' shares
    uint64 internal constant AGENTS = 7; // slashes and retires agents
    uint64 internal constant PARAMETERS = 8; // sets what has a range: fees, the floor of votes, the jury's rate
    uint64 internal constant MODELS = 9; // opens rounds of judgement without a bond, and strikes rounds
    uint64 internal constant LINEAGE = 10; // holds terms to the parents' account

    /// @notice Calls for the access manager's `multicall`.
    /// @param at where the contract of a name is
    function grants(
        Parameters memory p,
        function(string memory) view returns (address) at
    ) internal view returns (bytes[] memory calls) {
        bytes[] memory all = new bytes[](64);
        uint256 n;

        bytes4[] memory f = new bytes4[](4);
        f[0] = IOpenToken.mint.selector;
        f[1] = bytes4(keccak256("burn(address,uint256)"));
        f[2] = IERC7802.crosschainMint.selector;
        f[3] = IERC7802.crosschainBurn.selector;
        all[n++] = _only(at("OpenToken"), f, BRIDGE);
        if (!p.development) {
            all[n++] = _grant(BRIDGE, p.bridge);
            all[n++] = _grant(BRIDGE, p.superchainBridge);
        }

        all[n++] = _only(at("ContributionVotes"), _one(IContributionVotes.mint.selector), REWARDS);
        all[n++] = _grant(REWARDS, at("RewardPool"));

        all[n++] = _only(at("ModelRegistry"), _one(IModelRegistry.addRelease.selector), TRAINING);
        all[n++] = _grant(TRAINING, at("TrainingJobs"));
        all[n++] = _grant(TRAINING, at("AgentRegistry"));

        all[n++] = _only(at("TrainingJobs"), _one(ITrainingJobs.openHeld.selector), PROPOSALS);
        all[n++] = _only(at("ModelRegistry"), _one(IModelRegistry.lockBackers.selector), PROPOSALS);
        all[n++] = _grant(PROPOSALS, at("ModelProposals"));

        f = new bytes4[](5);
        f[0] = ITreasury.spend.selector;
        f[1] = ITreasury.spendOn.selector;
        f[2] = ITreasury.openStream.selector;
        f[3] = ITreasury.endStream.selector;
        f[4] = ITreasury.setBudget.selector;
        all[n++] = _only(at("Treasury"), f, TREASURY);
        all[n++] = _grant(TREASURY, at("TreasuryTimelock"));

        all[n++] = _only(at("FeePolicy"), _one(IFeePolicy.setFee.selector), PARAMETERS);
        all[n++] = _only(at("VotingPower"), _one(IVotingPower.setFloor.selector), PARAMETERS);
        all[n++] = _only(at("Jury"), _one(IJury.setSampleRate.selector), PARAMETERS);
        all[n++] = _grant(PARAMETERS, at("ParametersTimelock"));
        all[n++] = _only(
            at("EvaluationRounds"),
            _two(IEvaluationRounds.openDecided.selector, IEvaluationRounds.strike.selector),
            MODELS
        );
        all[n++] = _grant(MODELS, at("ModelsTimelock"));

        all[n++] =
            _only(at("AgentRegistry"), _two(IAgentRegistry.slash.selector, IAgentRegistry.retire.selector), AGENTS);
        all[n++] = _grant(AGENTS, at("AgentsTimelock"));

        all[n++] = _only(at("ModelRegistry"), _one(IModelRegistry.lockParents.selector), LINEAGE);
        all[n++] = _grant(LINEAGE, at("Lineage"));

        bytes4[] memory pauses = _two(BoundedPause.pause.selector, BoundedPause.unpause.selector);
        all[n++] = _only(at("PaymentEscrow"), pauses, GUARDIAN);
        all[n++] = _only(at("Settlement"), pauses, GUARDIAN);
        all[n++] = _only(at("Jury"), pauses, GUARDIAN);
        all[n++] = _only(at("InferenceRequests"), pauses, GUARDIAN);
        all[n++] = _only(at("ModelProposals"), pauses, GUARDIAN);
        all[n++] = _grant(GUARDIAN, p.guardian);

        string[10] memory labels = [
            "bridge",
            "rewards",
            "training",
            "treasury",
            "guardian",
            "proposals",
            "agents",
            "parameters",
            "models",
            "lineage"
        ];
        for (uint64 role = BRIDGE; role <= LINEAGE; ++role) {
            all[n++] = abi.encodeCall(IAccessManager.labelRole, (role, labels[role - 1]));
        }

        calls = new bytes[](n);
        for (uint256 i; i < n; ++i) {
            calls[i] = all[i];
        }
    }

    /// @notice Makes `admin` the only one in charge. The deployer's last call.
    function handOver(
        address deployer,
        address admin
    ) internal pure returns (bytes[] memory calls) {
        calls = new bytes[](2);
        calls[0] = _grant(ADMIN, admin);
        calls[1] = abi.encodeCall(IAccessManager.renounceRole, (ADMIN, deployer));
    }

    function _only(
        address target,
        bytes4[] memory selectors,
        uint64 role
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IAccessManager.setTargetFunctionRole, (target, selectors, role));
    }

    function _grant(
        uint64 role,
        address account
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IAccessManager.grantRole, (role, account, 0));
    }

    function _one(
        bytes4 a
    ) private pure returns (bytes4[] memory f) {
        f = new bytes4[](1);
        f[0] = a;
    }

    function _two(
        bytes4 a,
        bytes4 b
    ) private pure returns (bytes4[] memory f) {
        f = new bytes4[](2);
        (f[0], f[1]) = (a, b);
    }
}
