// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Test} from "forge-std/Test.sol";
import {Create3Factory, predictFrom} from "../../script/Create3Factory.sol";
import {ParameterSets, Parameters} from "../../script/Parameters.sol";
import {Roles} from "../../script/Roles.sol";
import {AccessGrants} from "../src/datanets/AccessGrants.sol";
import {DatanetPool} from "../src/datanets/DatanetPool.sol";
import {DatanetRegistry} from "../src/datanets/DatanetRegistry.sol";
import {IAccessGrants} from "../src/datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../src/datanets/IDatanetRegistry.sol";
import {NamedReviewers} from "../src/datanets/NamedReviewers.sol";
import {VersionTree} from "../src/datanets/VersionTree.sol";
import {ContributionVotes} from "../src/governance/ContributionVotes.sol";
import {OpenGovernor} from "../src/governance/OpenGovernor.sol";
import {Treasury} from "../src/governance/Treasury.sol";
import {VotingPower} from "../src/governance/VotingPower.sol";
import {ModelRegistry} from "../src/models/ModelRegistry.sol";
import {TrainingJobs} from "../src/models/TrainingJobs.sol";
import {OperatorRegistry} from "../src/oracles/OperatorRegistry.sol";
import {ReleaseFidelity} from "../src/oracles/ReleaseFidelity.sol";
import {Faucet} from "../src/token/Faucet.sol";
import {OpenToken} from "../src/token/OpenToken.sol";
import {Release, Terms} from "../src/types/Release.sol";
import {TestDeployment} from "./TestDeployment.sol";

/// @notice Everything as the deploy script leaves it, with named people who have some OPEN.
abstract contract Deployed is Test {
    uint256 internal constant START = 1_800_000_000;
    uint96 internal constant BOND = 10e18;

    Create3Factory internal factory;
    TestDeployment internal deployment;

    OpenToken internal token;
    Faucet internal faucet;
    ContributionVotes internal votes;
    VotingPower internal power;
    Treasury internal treasury;
    OpenGovernor internal governor;
    OpenGovernor internal upgrades;
    DatanetRegistry internal datanets;
    NamedReviewers internal reviewers;
    AccessGrants internal grants;
    ModelRegistry internal models;
    TrainingJobs internal jobs;
    OperatorRegistry internal operators;
    ReleaseFidelity internal fidelity;

    address internal provider = makeAddr("provider");
    address internal reviewer = makeAddr("reviewer");
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal mallory = makeAddr("mallory");
    address internal developer = makeAddr("developer");
    address internal operator = makeAddr("operator");
    address internal guardian = makeAddr("guardian");
    address internal anyone = makeAddr("anyone");

    function setUp() public virtual {
        vm.warp(START);
        factory = new Create3Factory();
        deployment = TestDeployment(vm.deployCode("TestDeployment.sol:TestDeployment"));
        deployment.deploy(factory, parameters());
        token = OpenToken(at("OpenToken"));
        faucet = Faucet(at("Faucet"));
        votes = ContributionVotes(at("ContributionVotes"));
        power = VotingPower(at("VotingPower"));
        treasury = Treasury(at("Treasury"));
        governor = OpenGovernor(payable(at("TreasuryGovernor")));
        upgrades = OpenGovernor(payable(at("UpgradesGovernor")));
        datanets = DatanetRegistry(at("DatanetRegistry"));
        reviewers = NamedReviewers(at("NamedReviewers"));
        grants = AccessGrants(at("AccessGrants"));
        models = ModelRegistry(at("ModelRegistry"));
        jobs = TrainingJobs(at("TrainingJobs"));
        operators = OperatorRegistry(at("OperatorRegistry"));
        fidelity = ReleaseFidelity(at("ReleaseFidelity"));
        allowRole(Roles.BRIDGE, address(this));
        allowRole(Roles.REWARDS, address(this));
        address[6] memory people = [provider, alice, bob, mallory, developer, operator];
        for (uint256 i; i < people.length; ++i) {
            give(people[i], 1_000_000e18);
        }
    }

    function parameters() internal view virtual returns (Parameters memory p) {
        p = ParameterSets.dev();
        p.guardian = guardian;
    }

    /// @return where the contract of that name is
    function at(
        string memory name
    ) internal view returns (address) {
        return predictFrom(factory, address(deployment), keccak256(bytes(name)));
    }

    function manager() internal view returns (AccessManager) {
        return AccessManager(at("AccessManager"));
    }

    /// @dev As a decision of governance would; the rights themselves are tested elsewhere.
    function allowRole(
        uint64 role,
        address account
    ) internal {
        vm.prank(at("UpgradesTimelock"));
        manager().grantRole(role, account, 0);
    }

    /// @dev Mints OPEN and lets every contract that takes any take it.
    function give(
        address to,
        uint256 amount
    ) internal {
        token.mint(to, amount);
        string[5] memory takers =
            ["DatanetRegistry", "AccessGrants", "TrainingJobs", "OperatorRegistry", "ReleaseFidelity"];
        for (uint256 i; i < takers.length; ++i) {
            vm.prank(to);
            token.approve(at(takers[i]), type(uint256).max);
        }
    }

    function createDatanet(
        IDatanetRegistry.Policy policy,
        bool retrieval
    ) internal returns (uint32 id) {
        vm.startPrank(provider);
        id = datanets.create(policy, retrieval, BOND, address(reviewers), "Solidity", "code", "MIT", "bafkreimetadata");
        reviewers.setReviewer(id, reviewer, true);
        vm.stopPrank();
    }

    function createDatanet() internal returns (uint32) {
        return createDatanet(IDatanetRegistry.Policy.Open, true);
    }

    function poolOf(
        uint32 datanetId
    ) internal view returns (DatanetPool) {
        return DatanetPool(datanets.datanet(datanetId).pool);
    }

    function commitmentOf(
        bytes32 root,
        bytes32 salt,
        address contributor
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(root, salt, contributor));
    }

    function commit(
        uint32 datanetId,
        address contributor,
        bytes32 root
    ) internal returns (uint32 id) {
        vm.prank(contributor);
        id = datanets.commit(datanetId, commitmentOf(root, "salt", contributor));
    }

    function reveal(
        uint32 id,
        address contributor,
        bytes32 root,
        uint32 records
    ) internal {
        vm.roll(block.number + 1);
        vm.prank(contributor);
        datanets.reveal(id, root, "salt", "bafkreirecords", records, 1_000);
    }

    function contribute(
        uint32 datanetId,
        address contributor,
        bytes32 root,
        uint32 records
    ) internal returns (uint32 id) {
        id = commit(datanetId, contributor, root);
        reveal(id, contributor, root, records);
    }

    function accept(
        uint32 id
    ) internal {
        vm.prank(reviewer);
        datanets.accept(id, 9_000, "good");
    }

    /// @dev Root of the next version, made leaf by leaf from the contract's records.
    function versionRootOf(
        uint32 datanetId
    ) internal view returns (bytes32) {
        uint32[] memory ids = datanets.acceptedContributions(datanetId);
        VersionTree.Node[] memory leaves = new VersionTree.Node[](ids.length);
        for (uint256 i; i < ids.length; ++i) {
            IDatanetRegistry.Contribution memory c = datanets.contribution(ids[i]);
            leaves[i] = VersionTree.leaf(ids[i], c.recordsRoot, c.records);
        }
        return VersionTree.root(leaves);
    }

    function publish(
        uint32 datanetId
    ) internal returns (uint32 version, bytes32 root) {
        root = versionRootOf(datanetId);
        vm.prank(provider);
        version = datanets.publish(datanetId, root, "bafkreiversion");
    }

    function grantTo(
        address requester,
        uint32 datanetId,
        IAccessGrants.Purpose purpose
    ) internal returns (uint32 grantId) {
        vm.prank(requester);
        grantId = grants.request(datanetId, purpose, "bafkreiterms");
        vm.prank(provider);
        grants.approve(grantId, uint64(block.timestamp + 30 days));
    }

    function someTerms() internal view returns (Terms memory) {
        return Terms({
            operatorBps: 3_000,
            developerBps: 2_000,
            parentsBps: 0,
            backersBps: 1_000,
            contributorsBps: 4_000,
            parents: address(0),
            backers: bob,
            promptPrice: 1e14,
            completionPrice: 2e15,
            retrievalPrice: 3,
            agentStepPrice: 4
        });
    }

    function someRelease(
        bytes32 baseModel,
        bytes32 datanetsHash
    ) internal pure returns (Release memory r) {
        r.baseModel = baseModel;
        r.datanetsHash = datanetsHash;
        r.adaptersHash = "adapters";
        r.trainingLogRoot = "log";
        r.indexRoot = "index";
        r.indexRows = 7;
        r.k = 4_096;
        r.nullThreshold = 9;
        r.evaluationHash = keccak256("bafkreievaluation");
    }

    function createModel(
        address owner
    ) internal returns (uint32 modelId) {
        vm.prank(owner);
        modelId = models.createModel("Guide", "bafkreicard", someTerms());
    }

    function startOperator(
        address account
    ) internal {
        uint96 minimum = operators.minimumStake();
        vm.prank(account);
        operators.register(account, "http://localhost", "", minimum);
    }

    /// @dev A second later, so that votes of now are past.
    function tick() internal {
        vm.warp(block.timestamp + 1);
    }
}
