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
import {IContributionVotes} from "../contracts/src/governance/IContributionVotes.sol";
import {IDelegatedVotes} from "../contracts/src/governance/IDelegatedVotes.sol";
import {OpenGovernor} from "../contracts/src/governance/OpenGovernor.sol";
import {Treasury} from "../contracts/src/governance/Treasury.sol";
import {VotingPower} from "../contracts/src/governance/VotingPower.sol";
import {BackerShares} from "../contracts/src/models/BackerShares.sol";
import {IModelProposals} from "../contracts/src/models/IModelProposals.sol";
import {IModelRegistry} from "../contracts/src/models/IModelRegistry.sol";
import {ITrainingJobs} from "../contracts/src/models/ITrainingJobs.sol";
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
        _deploy("AccessManager", abi.encodePacked(type(AccessManager).creationCode, abi.encode(deployer)));
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
            address(new OpenToken()),
            abi.encodeCall(OpenToken.initialize, (authority, p.bridge, p.remoteToken))
        );
        _proxy(
            "ContributionVotes",
            address(new ContributionVotes()),
            abi.encodeCall(ContributionVotes.initialize, (authority))
        );
        _proxy(
            "VotingPower",
            address(new VotingPower()),
            abi.encodeCall(
                VotingPower.initialize,
                (authority, IDelegatedVotes(at("ContributionVotes")), IDelegatedVotes(at("OpenToken")), p.votesFloor)
            )
        );
        _proxy(
            "Treasury",
            address(new Treasury()),
            abi.encodeCall(Treasury.initialize, (authority, IERC20(at("OpenToken"))))
        );
        address implementation = address(new OpenGovernor());
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
            timelock, abi.encodePacked(type(TimelockController).creationCode, abi.encode(delay, only, only, address(0)))
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
            address(new DatanetRegistry()),
            abi.encodeCall(
                DatanetRegistry.initialize,
                (authority, token, address(new DatanetPool(address(datanets), token)), p.clocks.reviewPeriod)
            )
        );
        _proxy(
            "NamedReviewers",
            address(new NamedReviewers()),
            abi.encodeCall(NamedReviewers.initialize, (authority, datanets))
        );
        _proxy(
            "AccessGrants",
            address(new AccessGrants()),
            abi.encodeCall(AccessGrants.initialize, (authority, datanets, token))
        );
        _proxy("ModelRegistry", address(new ModelRegistry()), abi.encodeCall(ModelRegistry.initialize, (authority)));
        _proxy(
            "TrainingJobs",
            address(new TrainingJobs()),
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
            address(new FeePolicy(p.clocks.feeNotice, p.clocks.feeGrace)),
            abi.encodeCall(FeePolicy.initialize, (authority, p.fees))
        );
        _proxy(
            "OperatorRegistry",
            address(new OperatorRegistry(token, at("Settlement"), at("Jury"), p.minimumStake, p.clocks.unbonding)),
            abi.encodeCall(OperatorRegistry.initialize, (authority))
        );
        _proxy(
            "PaymentEscrow",
            address(
                new PaymentEscrow(token, at("Settlement"), at("Prepayments"), p.clocks.thaw, p.clocks.longestPause)
            ),
            abi.encodeCall(PaymentEscrow.initialize, (authority))
        );
        Prepayments prepayments =
            new Prepayments(token, IPaymentEscrow(at("PaymentEscrow")), IOperatorRegistry(at("OperatorRegistry")));
        _proxy("Prepayments", address(prepayments), abi.encodeCall(Prepayments.initialize, (authority)));
        _proxy(
            "RewardPool",
            address(new RewardPool(token, IContributionVotes(at("ContributionVotes")), at("Settlement"))),
            abi.encodeCall(RewardPool.initialize, (authority))
        );
        Settlement settlement = new Settlement(
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
        );
        _proxy("Settlement", address(settlement), abi.encodeCall(Settlement.initialize, (authority)));
        FraudProofs proofs = new FraudProofs(
            ISettlement(at("Settlement")),
            IOperatorRegistry(at("OperatorRegistry")),
            IModelRegistry(at("ModelRegistry")),
            IFeePolicy(at("FeePolicy"))
        );
        _proxy("FraudProofs", address(proofs), abi.encodeCall(FraudProofs.initialize, (authority)));
        EvidenceProofs evidence = new EvidenceProofs(
            ISettlement(at("Settlement")),
            IModelRegistry(at("ModelRegistry")),
            IFeePolicy(at("FeePolicy")),
            IDatanetRegistry(at("DatanetRegistry"))
        );
        _proxy("EvidenceProofs", address(evidence), abi.encodeCall(EvidenceProofs.initialize, (authority)));
    }

    function _deployDataRequests(
        Parameters memory p
    ) private {
        DataRequests requests = new DataRequests(
            ISettlement(at("Settlement")),
            IOperatorRegistry(at("OperatorRegistry")),
            IERC20(at("OpenToken")),
            p.dataBond,
            p.clocks.dataAnswer,
            p.clocks.dataProof
        );
        _proxy("DataRequests", address(requests), abi.encodeCall(DataRequests.initialize, (at("AccessManager"))));
    }

    function _deployFidelity() private {
        ReleaseFidelity fidelity = new ReleaseFidelity(
            IERC20(at("OpenToken")), ITrainingJobs(at("TrainingJobs")), IOperatorRegistry(at("OperatorRegistry"))
        );
        _proxy("ReleaseFidelity", address(fidelity), abi.encodeCall(ReleaseFidelity.initialize, (at("AccessManager"))));
    }

    function _deployJury(
        Parameters memory p
    ) private {
        Jury jury = new Jury(
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
        );
        _proxy("Jury", address(jury), abi.encodeCall(Jury.initialize, (at("AccessManager"))));
    }

    function _deployRequests(
        Parameters memory p
    ) private {
        InferenceRequests requests = new InferenceRequests(
            new RequestAccount(IERC20(at("OpenToken")), IPaymentEscrow(at("PaymentEscrow"))),
            ISettlement(at("Settlement")),
            IOperatorRegistry(at("OperatorRegistry")),
            IModelRegistry(at("ModelRegistry")),
            IFeePolicy(at("FeePolicy")),
            p.clocks.requestPeriod,
            p.callbackGas,
            p.clocks.longestPause
        );
        _proxy(
            "InferenceRequests", address(requests), abi.encodeCall(InferenceRequests.initialize, (at("AccessManager")))
        );
    }

    function _deployProposals(
        Parameters memory p
    ) private {
        IERC20 token = IERC20(at("OpenToken"));
        address shares = address(new BackerShares(token, IERC721(at("ModelRegistry")), at("ModelProposals")));
        ModelProposals proposals = new ModelProposals(
            token,
            IModelRegistry(at("ModelRegistry")),
            ITrainingJobs(at("TrainingJobs")),
            IDatanetRegistry(at("DatanetRegistry")),
            IAccessGrants(at("AccessGrants")),
            IJury(at("Jury")),
            shares,
            p.clocks.longestPause,
            p.proposals
        );
        _proxy("ModelProposals", address(proposals), abi.encodeCall(ModelProposals.initialize, (at("AccessManager"))));
    }

    function _deployAgents(
        Parameters memory p
    ) private {
        AgentRegistry agents = new AgentRegistry(
            IERC20(at("OpenToken")), IModelRegistry(at("ModelRegistry")), p.agentStake, p.clocks.agentCooldown
        );
        _proxy("AgentRegistry", address(agents), abi.encodeCall(AgentRegistry.initialize, (at("AccessManager"))));
    }

    function _deployMarket() private {
        address authority = at("AccessManager");
        IModelRegistry models = IModelRegistry(at("ModelRegistry"));
        ModelMarket market = new ModelMarket(IERC20(at("OpenToken")), models);
        _proxy("ModelMarket", address(market), abi.encodeCall(ModelMarket.initialize, (authority)));
        Ratings ratings = new Ratings(ISettlement(at("Settlement")), models);
        _proxy("Ratings", address(ratings), abi.encodeCall(Ratings.initialize, (authority)));
    }

    function _deployFaucet(
        Parameters memory p
    ) private {
        _proxy(
            "Faucet",
            address(new Faucet()),
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
        _deploy(name, abi.encodePacked(type(ERC1967Proxy).creationCode, abi.encode(implementation, initialize)));
    }

    function _deploy(
        string memory name,
        bytes memory initCode
    ) private {
        names.push(name);
        factory.deploy(keccak256(bytes(name)), initCode);
    }
}
