// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {AgentRegistry} from "../contracts/src/agents/AgentRegistry.sol";
import {AccessGrants} from "../contracts/src/datanets/AccessGrants.sol";
import {DatanetPool} from "../contracts/src/datanets/DatanetPool.sol";
import {DatanetRegistry} from "../contracts/src/datanets/DatanetRegistry.sol";
import {IAccessGrants} from "../contracts/src/datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../contracts/src/datanets/IDatanetRegistry.sol";
import {NamedReviewers} from "../contracts/src/datanets/NamedReviewers.sol";
import {ContributionVotes} from "../contracts/src/governance/ContributionVotes.sol";
import {EvaluationRounds} from "../contracts/src/governance/EvaluationRounds.sol";
import {IContributionVotes} from "../contracts/src/governance/IContributionVotes.sol";
import {IDelegatedVotes} from "../contracts/src/governance/IDelegatedVotes.sol";
import {OpenGovernor} from "../contracts/src/governance/OpenGovernor.sol";
import {Treasury} from "../contracts/src/governance/Treasury.sol";
import {VotingPower} from "../contracts/src/governance/VotingPower.sol";
import {BackerShares} from "../contracts/src/models/BackerShares.sol";
import {IModelProposals} from "../contracts/src/models/IModelProposals.sol";
import {IModelRegistry} from "../contracts/src/models/IModelRegistry.sol";
import {ITrainingJobs} from "../contracts/src/models/ITrainingJobs.sol";
import {Lineage} from "../contracts/src/models/Lineage.sol";
import {ModelMarket} from "../contracts/src/models/ModelMarket.sol";
import {ModelProposals} from "../contracts/src/models/ModelProposals.sol";
import {ModelRegistry} from "../contracts/src/models/ModelRegistry.sol";
import {Ratings} from "../contracts/src/models/Ratings.sol";
import {TrainingJobs} from "../contracts/src/models/TrainingJobs.sol";
import {DataRequests} from "../contracts/src/oracles/DataRequests.sol";
import {EvidenceProofs} from "../contracts/src/oracles/EvidenceProofs.sol";
import {FraudProofs} from "../contracts/src/oracles/FraudProofs.sol";
import {IDataRequests} from "../contracts/src/oracles/IDataRequests.sol";
import {InferenceRequests} from "../contracts/src/oracles/InferenceRequests.sol";
import {IJury} from "../contracts/src/oracles/IJury.sol";
import {IOperatorRegistry} from "../contracts/src/oracles/IOperatorRegistry.sol";
import {OperatorRegistry} from "../contracts/src/oracles/OperatorRegistry.sol";
import {Jury} from "../contracts/src/oracles/Jury.sol";
import {ReleaseFidelity} from "../contracts/src/oracles/ReleaseFidelity.sol";
import {RequestAccount} from "../contracts/src/oracles/RequestAccount.sol";
import {FeePolicy} from "../contracts/src/settlement/FeePolicy.sol";
import {IFeePolicy} from "../contracts/src/settlement/IFeePolicy.sol";
import {IPaymentEscrow} from "../contracts/src/settlement/IPaymentEscrow.sol";
import {IRewardPool} from "../contracts/src/settlement/IRewardPool.sol";
import {ISettlement} from "../contracts/src/settlement/ISettlement.sol";
import {PaymentEscrow} from "../contracts/src/settlement/PaymentEscrow.sol";
import {Prepayments} from "../contracts/src/settlement/Prepayments.sol";
import {RewardPool} from "../contracts/src/settlement/RewardPool.sol";
import {Settlement} from "../contracts/src/settlement/Settlement.sol";
import {JurySettings} from "../contracts/src/types/Jury.sol";
import {Faucet} from "../contracts/src/token/Faucet.sol";
import {OpenToken} from "../contracts/src/token/OpenToken.sol";
import {Artifacts} from "./Artifacts.sol";
import {Create3Factory, predictFrom} from "./Create3Factory.sol";
import {DecisionRules, ParameterSets, Parameters} from "./Parameters.sol";
import {Roles} from "./Roles.sol";

/// @notice Makes every contract, gives each its rights, and leaves nobody but the upgrade timelock in charge.
/// @dev Shared by the script and the tests. The caller of these functions is the deployer.
abstract contract Deployment {
    Create3Factory internal factory;
    address internal deployer;
    /// @dev Names of what was deployed, in order; addresses follow from them.
    string[] internal names;

    /// @notice Deploys all. Reverts unless the parameters' clocks hold.
    function deployAll(
        Create3Factory factory_,
        address deployer_,
        Parameters memory p
    ) internal {
        ParameterSets.check(p);
        factory = factory_;
        deployer = deployer_;
        delete names;
        _deploy("AccessManager", abi.encodePacked(Artifacts.code("AccessManager"), abi.encode(deployer)));
        _deployGovernance(p);
        _deployDatanetsAndModels(p);
        _deploySettlement(p);
        _deployDataRequests(p);
        _deployFidelity();
        _deployJury(p);
        _deployRequests(p);
        _deployProposals(p);
        _deployAgents(p);
        _deployMarket();
        _deployRounds(p);
        _deployLineage();
        if (p.development) _deployFaucet(p);
        manager().multicall(Roles.grants(p, at));
        if (p.development) _mint(p);
        manager().multicall(Roles.handOver(deployer, at("UpgradesTimelock")));
    }

    /// @return where the contract of that name is, or will be
    function at(
        string memory name
    ) internal view returns (address) {
        return predictFrom(factory, deployer, keccak256(bytes(name)));
    }

    function manager() internal view returns (AccessManager) {
        return AccessManager(at("AccessManager"));
    }

    function _deployGovernance(
        Parameters memory p
    ) private {
        address authority = at("AccessManager");
        _proxy(
            "OpenToken",
            Artifacts.create("OpenToken", ""),
            abi.encodeCall(OpenToken.initialize, (authority, p.bridge, p.remoteToken))
        );
        _proxy(
            "ContributionVotes",
            Artifacts.create("ContributionVotes", ""),
            abi.encodeCall(ContributionVotes.initialize, (authority))
        );
        _proxy(
            "VotingPower",
            Artifacts.create("VotingPower", ""),
            abi.encodeCall(
                VotingPower.initialize,
                (authority, IDelegatedVotes(at("ContributionVotes")), IDelegatedVotes(at("OpenToken")), p.votesFloor)
            )
        );
        _proxy(
            "Treasury",
            Artifacts.create("Treasury", ""),
            abi.encodeCall(Treasury.initialize, (authority, IERC20(at("OpenToken"))))
        );
        address implementation = Artifacts.create("OpenGovernor", "");
        _governor(p, "Treasury", "treasury", implementation, p.clocks.treasuryDelay, p.decisions.treasury);
        _governor(p, "Parameters", "parameters", implementation, p.clocks.parametersDelay, p.decisions.parameters);
        _governor(p, "Models", "models", implementation, p.clocks.modelsDelay, p.decisions.models);
        _governor(p, "Agents", "agents", implementation, p.clocks.agentsDelay, p.decisions.agents);
        _governor(p, "Upgrades", "upgrades", implementation, p.clocks.upgradeDelay, p.decisions.upgrades);
    }

    /// @dev A governor and its timelock. Only the governor proposes, cancels and executes; anybody may ask it to execute.
    function _governor(
        Parameters memory p,
        string memory prefix,
        bytes32 kind,
        address implementation,
        uint64 delay,
        DecisionRules memory rules
    ) private {
        string memory governor = string.concat(prefix, "Governor");
        string memory timelock = string.concat(prefix, "Timelock");
        address[] memory only = new address[](1);
        only[0] = at(governor);
        _deploy(
            timelock, abi.encodePacked(Artifacts.code("TimelockController"), abi.encode(delay, only, only, address(0)))
        );
        OpenGovernor.Settings memory settings = OpenGovernor.Settings({
            name: string.concat("OpenLedger ", prefix),
            kind: kind,
            twoMajorities: rules.twoMajorities,
            quorumBps: rules.quorumBps,
            votingDelay: uint48(p.clocks.votingDelay),
            votingPeriod: uint32(p.clocks.votingPeriod),
            proposalThreshold: rules.threshold,
            guardian: p.guardian
        });
        _proxy(
            governor,
            implementation,
            abi.encodeCall(
                OpenGovernor.initialize,
                (
                    at("AccessManager"),
                    IVotes(at("VotingPower")),
                    TimelockControllerUpgradeable(payable(at(timelock))),
                    settings
                )
            )
        );
    }

    function _deployDatanetsAndModels(
        Parameters memory p
    ) private {
        address authority = at("AccessManager");
        IERC20 token = IERC20(at("OpenToken"));
        IDatanetRegistry datanets = IDatanetRegistry(at("DatanetRegistry"));
        _proxy(
            "DatanetRegistry",
            Artifacts.create("DatanetRegistry", ""),
            abi.encodeCall(
                DatanetRegistry.initialize,
                (
                    authority,
                    token,
                    Artifacts.create("DatanetPool", abi.encode(address(datanets), token)),
                    p.clocks.reviewPeriod
                )
            )
        );
        _proxy(
            "NamedReviewers",
            Artifacts.create("NamedReviewers", ""),
            abi.encodeCall(NamedReviewers.initialize, (authority, datanets))
        );
        _proxy(
            "AccessGrants",
            Artifacts.create("AccessGrants", ""),
            abi.encodeCall(AccessGrants.initialize, (authority, datanets, token))
        );
        _proxy(
            "ModelRegistry",
            Artifacts.create("ModelRegistry", ""),
            abi.encodeCall(ModelRegistry.initialize, (authority))
        );
        _proxy(
            "TrainingJobs",
            Artifacts.create("TrainingJobs", ""),
            abi.encodeCall(
                TrainingJobs.initialize,
                (
                    authority,
                    token,
                    IModelRegistry(at("ModelRegistry")),
                    datanets,
                    IAccessGrants(at("AccessGrants")),
                    IOperatorRegistry(at("OperatorRegistry"))
                )
            )
        );
    }

    function _deploySettlement(
        Parameters memory p
    ) private {
        address authority = at("AccessManager");
        IERC20 token = IERC20(at("OpenToken"));
        _proxy(
            "FeePolicy",
            Artifacts.create("FeePolicy", abi.encode(p.clocks.feeNotice, p.clocks.feeGrace)),
            abi.encodeCall(FeePolicy.initialize, (authority, p.fees))
        );
        _proxy(
            "OperatorRegistry",
            Artifacts.create(
                "OperatorRegistry", abi.encode(token, at("Settlement"), at("Jury"), p.minimumStake, p.clocks.unbonding)
            ),
            abi.encodeCall(OperatorRegistry.initialize, (authority))
        );
        _proxy(
            "PaymentEscrow",
            Artifacts.create(
                "PaymentEscrow",
                abi.encode(token, at("Settlement"), at("Prepayments"), p.clocks.thaw, p.clocks.longestPause)
            ),
            abi.encodeCall(PaymentEscrow.initialize, (authority))
        );
        address prepayments = Artifacts.create(
            "Prepayments",
            abi.encode(token, IPaymentEscrow(at("PaymentEscrow")), IOperatorRegistry(at("OperatorRegistry")))
        );
        _proxy("Prepayments", prepayments, abi.encodeCall(Prepayments.initialize, (authority)));
        _proxy(
            "RewardPool",
            Artifacts.create(
                "RewardPool", abi.encode(token, IContributionVotes(at("ContributionVotes")), at("Settlement"))
            ),
            abi.encodeCall(RewardPool.initialize, (authority))
        );
        address settlement = Artifacts.create(
            "Settlement",
            abi.encode(
                IPaymentEscrow(at("PaymentEscrow")),
                IOperatorRegistry(at("OperatorRegistry")),
                IFeePolicy(at("FeePolicy")),
                IRewardPool(at("RewardPool")),
                at("Treasury"),
                at("FraudProofs"),
                at("EvidenceProofs"),
                IDataRequests(at("DataRequests")),
                p.clocks.window,
                p.clocks.longestPause,
                uint32(block.timestamp / 1 days)
            )
        );
        _proxy("Settlement", settlement, abi.encodeCall(Settlement.initialize, (authority)));
        address proofs = Artifacts.create(
            "FraudProofs",
            abi.encode(
                ISettlement(at("Settlement")),
                IOperatorRegistry(at("OperatorRegistry")),
                IModelRegistry(at("ModelRegistry")),
                IFeePolicy(at("FeePolicy"))
            )
        );
        _proxy("FraudProofs", proofs, abi.encodeCall(FraudProofs.initialize, (authority)));
        address evidence = Artifacts.create(
            "EvidenceProofs",
            abi.encode(
                ISettlement(at("Settlement")),
                IModelRegistry(at("ModelRegistry")),
                IFeePolicy(at("FeePolicy")),
                IDatanetRegistry(at("DatanetRegistry"))
            )
        );
        _proxy("EvidenceProofs", evidence, abi.encodeCall(EvidenceProofs.initialize, (authority)));
    }

    function _deployDataRequests(
        Parameters memory p
    ) private {
        address requests = Artifacts.create(
            "DataRequests",
            abi.encode(
                ISettlement(at("Settlement")),
                IOperatorRegistry(at("OperatorRegistry")),
                IERC20(at("OpenToken")),
                p.dataBond,
                p.clocks.dataAnswer,
                p.clocks.dataProof
            )
        );
        _proxy("DataRequests", requests, abi.encodeCall(DataRequests.initialize, (at("AccessManager"))));
    }

    function _deployFidelity() private {
        address fidelity = Artifacts.create(
            "ReleaseFidelity",
            abi.encode(
                IERC20(at("OpenToken")), ITrainingJobs(at("TrainingJobs")), IOperatorRegistry(at("OperatorRegistry"))
            )
        );
        _proxy("ReleaseFidelity", fidelity, abi.encodeCall(ReleaseFidelity.initialize, (at("AccessManager"))));
    }

    function _deployJury(
        Parameters memory p
    ) private {
        address jury = Artifacts.create(
            "Jury",
            abi.encode(
                IERC20(at("OpenToken")),
                IOperatorRegistry(at("OperatorRegistry")),
                ISettlement(at("Settlement")),
                ITrainingJobs(at("TrainingJobs")),
                IDatanetRegistry(at("DatanetRegistry")),
                IModelProposals(at("ModelProposals")),
                p.clocks.longestPause,
                JurySettings({
                    minimumStake: p.jurorStake,
                    noShowPenalty: p.jurorPenalty,
                    bond: p.juryBond,
                    seats: p.jurySeats,
                    drawPeriod: p.clocks.juryDraw,
                    commitPeriod: p.clocks.juryCommit,
                    revealPeriod: p.clocks.juryReveal,
                    filingPeriod: p.clocks.window + p.clocks.dataAnswer + p.clocks.dataProof,
                    samplingPeriod: p.clocks.window / 2, // what is disclosed at the last moment can still be a case
                    answerPeriod: p.clocks.dataAnswer
                })
            )
        );
        _proxy("Jury", jury, abi.encodeCall(Jury.initialize, (at("AccessManager"))));
    }

    function _deployRequests(
        Parameters memory p
    ) private {
        address requests = Artifacts.create(
            "InferenceRequests",
            abi.encode(
                Artifacts.create(
                    "RequestAccount", abi.encode(IERC20(at("OpenToken")), IPaymentEscrow(at("PaymentEscrow")))
                ),
                ISettlement(at("Settlement")),
                IOperatorRegistry(at("OperatorRegistry")),
                IModelRegistry(at("ModelRegistry")),
                IFeePolicy(at("FeePolicy")),
                p.clocks.requestPeriod,
                p.callbackGas,
                p.clocks.longestPause
            )
        );
        _proxy("InferenceRequests", requests, abi.encodeCall(InferenceRequests.initialize, (at("AccessManager"))));
    }

    function _deployProposals(
        Parameters memory p
    ) private {
        IERC20 token = IERC20(at("OpenToken"));
        address shares =
            Artifacts.create("BackerShares", abi.encode(token, IERC721(at("ModelRegistry")), at("ModelProposals")));
        address proposals = Artifacts.create(
            "ModelProposals",
            abi.encode(
                token,
                IModelRegistry(at("ModelRegistry")),
                ITrainingJobs(at("TrainingJobs")),
                IDatanetRegistry(at("DatanetRegistry")),
                IAccessGrants(at("AccessGrants")),
                IJury(at("Jury")),
                shares,
                p.clocks.longestPause,
                p.proposals
            )
        );
        _proxy("ModelProposals", proposals, abi.encodeCall(ModelProposals.initialize, (at("AccessManager"))));
    }

    function _deployAgents(
        Parameters memory p
    ) private {
        address agents = Artifacts.create(
            "AgentRegistry",
            abi.encode(
                IERC20(at("OpenToken")), IModelRegistry(at("ModelRegistry")), p.agentStake, p.clocks.agentCooldown
            )
        );
        _proxy("AgentRegistry", agents, abi.encodeCall(AgentRegistry.initialize, (at("AccessManager"))));
    }

    function _deployMarket() private {
        address authority = at("AccessManager");
        IModelRegistry models = IModelRegistry(at("ModelRegistry"));
        address market = Artifacts.create("ModelMarket", abi.encode(IERC20(at("OpenToken")), models));
        _proxy("ModelMarket", market, abi.encodeCall(ModelMarket.initialize, (authority)));
        address ratings = Artifacts.create("Ratings", abi.encode(ISettlement(at("Settlement")), models));
        _proxy("Ratings", ratings, abi.encodeCall(Ratings.initialize, (authority)));
    }

    function _deployRounds(
        Parameters memory p
    ) private {
        address rounds = Artifacts.create(
            "EvaluationRounds",
            abi.encode(
                IERC20(at("OpenToken")),
                IVotes(at("VotingPower")),
                IModelRegistry(at("ModelRegistry")),
                at("Treasury"),
                p.rounds
            )
        );
        _proxy("EvaluationRounds", rounds, abi.encodeCall(EvaluationRounds.initialize, (at("AccessManager"))));
    }

    function _deployLineage() private {
        address models = at("ModelRegistry");
        address account = Artifacts.create("ParentsAccount", abi.encode(at("OpenToken"), models));
        address lineage = Artifacts.create("Lineage", abi.encode(models, account));
        _proxy("Lineage", lineage, abi.encodeCall(Lineage.initialize, (at("AccessManager"))));
    }

    function _deployFaucet(
        Parameters memory p
    ) private {
        _proxy(
            "Faucet",
            Artifacts.create("Faucet", ""),
            abi.encodeCall(
                Faucet.initialize, (at("AccessManager"), IERC20(at("OpenToken")), p.faucetAmount, p.faucetPeriod)
            )
        );
    }

    /// @dev The deployer plays the bridge for as long as this takes.
    function _mint(
        Parameters memory p
    ) private {
        OpenToken token = OpenToken(at("OpenToken"));
        manager().grantRole(Roles.BRIDGE, deployer, 0);
        token.mint(at("Faucet"), p.faucetPot);
        token.mint(at("Treasury"), p.treasuryPot);
        for (uint256 i; i < p.mints.length; ++i) {
            token.mint(p.mints[i].to, p.mints[i].amount);
        }
        manager().renounceRole(Roles.BRIDGE, deployer);
    }

    function _proxy(
        string memory name,
        address implementation,
        bytes memory initialize
    ) private {
        _deploy(name, abi.encodePacked(Artifacts.code("ERC1967Proxy"), abi.encode(implementation, initialize)));
    }

    function _deploy(
        string memory name,
        bytes memory initCode
    ) private {
        names.push(name);
        factory.deploy(keccak256(bytes(name)), initCode);
    }
}
