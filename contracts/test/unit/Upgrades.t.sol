// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessGrants} from "../../src/datanets/IAccessGrants.sol";
import {AccessGrants} from "../../src/datanets/AccessGrants.sol";
import {DatanetRegistry} from "../../src/datanets/DatanetRegistry.sol";
import {NamedReviewers} from "../../src/datanets/NamedReviewers.sol";
import {ContributionVotes} from "../../src/governance/ContributionVotes.sol";
import {OpenGovernor} from "../../src/governance/OpenGovernor.sol";
import {Treasury} from "../../src/governance/Treasury.sol";
import {VotingPower} from "../../src/governance/VotingPower.sol";
import {Lineage} from "../../src/models/Lineage.sol";
import {ModelMarket} from "../../src/models/ModelMarket.sol";
import {ModelRegistry} from "../../src/models/ModelRegistry.sol";
import {TrainingJobs} from "../../src/models/TrainingJobs.sol";
import {OperatorRegistry} from "../../src/oracles/OperatorRegistry.sol";
import {ReleaseFidelity} from "../../src/oracles/ReleaseFidelity.sol";
import {FeePolicy} from "../../src/settlement/FeePolicy.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {IPrepayments} from "../../src/settlement/IPrepayments.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {Prepayments} from "../../src/settlement/Prepayments.sol";
import {Faucet} from "../../src/token/Faucet.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";
import {Derivation, Parent, Use} from "../../src/types/Lineage.sol";
import {DatanetUse, Release} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";
import {UpgradeChecks} from "./UpgradeChecks.sol";

/// @notice Each proxy of the deployment, full of state, gets new code from the upgrade timelock alone, and reads the same
///         afterwards. Settlement, RewardPool and the proofs: SettlementUpgrades.t.sol.
contract UpgradesTest is Deployed, UpgradeChecks {
    uint32 private datanetId;
    uint32 private modelId;
    uint32 private grantId;
    uint32 private jobId;

    function setUp() public override {
        super.setUp();
        vm.record();
    }

    /// @dev With the timelock's right, and without that of anybody else who has any.
    function _check(
        string memory name,
        address next
    ) private {
        address[] memory others = new address[](12);
        others[0] = address(deployment);
        others[1] = guardian;
        others[2] = at("TreasuryTimelock");
        others[3] = at("UpgradesGovernor");
        others[4] = at("TreasuryGovernor");
        others[5] = at("Settlement");
        others[6] = operator;
        others[7] = provider;
        others[8] = mallory;
        others[9] = at("ParametersTimelock");
        others[10] = at("ModelsTimelock");
        others[11] = at("AgentsTimelock");
        upgradeKeepsState(at(name), next, at("UpgradesTimelock"), others);
    }

    function test_upgradeOpenToken_keepsItsState() public {
        vm.startPrank(alice);
        token.delegate(bob);
        token.approve(mallory, 5e18);
        token.transfer(bob, 7e18);
        token.burn(1e18);
        vm.stopPrank();
        watch(abi.encodeCall(token.balanceOf, (alice)));
        watch(abi.encodeCall(token.balanceOf, (bob)));
        watch(abi.encodeCall(token.allowance, (alice, mallory)));
        watch(abi.encodeCall(token.delegates, (alice)));
        watch(abi.encodeCall(token.getVotes, (bob)));
        watch(abi.encodeCall(token.delegatedSupply, ()));
        watch(abi.encodeCall(token.totalSupply, ()));
        watch(abi.encodeCall(token.bridge, ()));
        watch(abi.encodeCall(token.name, ()));
        _check("OpenToken", address(new OpenToken()));
    }

    function test_upgradeContributionVotes_keepsItsState() public {
        votes.mint(alice, 9);
        votes.mint(bob, 4);
        vm.prank(bob);
        votes.delegate(alice);
        watch(abi.encodeCall(votes.votingUnits, (alice)));
        watch(abi.encodeCall(votes.getVotes, (alice)));
        watch(abi.encodeCall(votes.delegates, (bob)));
        watch(abi.encodeCall(votes.delegatedSupply, ()));
        _check("ContributionVotes", address(new ContributionVotes()));
    }

    function test_upgradeVotingPower_keepsItsState() public {
        votes.mint(alice, power.floor() / 2);
        vm.prank(bob);
        token.delegate(bob);
        tick();
        uint256 now_ = block.timestamp - 1;
        watch(abi.encodeCall(power.floor, ()));
        watch(abi.encodeCall(power.partsOf, (alice, now_)));
        watch(abi.encodeCall(power.getPastVotes, (bob, now_)));
        watch(abi.encodeCall(power.maturity, (now_)));
        _check("VotingPower", address(new VotingPower()));
    }

    function test_upgradeTreasury_keepsItsState() public {
        vm.startPrank(at("TreasuryTimelock"));
        treasury.setBudget("audits", 20e18, 30 days);
        treasury.spendOn("audits", alice, 3e18, "a grant");
        treasury.openStream("audits", bob, 9e18, 0, 9 days, "nine days of it");
        vm.stopPrank();
        vm.warp(block.timestamp + 2 days);
        treasury.withdraw(1);
        watch(abi.encodeCall(treasury.authority, ()));
        watch(abi.encodeCall(treasury.streamOf, (1)));
        watch(abi.encodeCall(treasury.vestedOf, (1)));
        watch(abi.encodeCall(treasury.streamCount, ()));
        watch(abi.encodeCall(treasury.budgetOf, ("audits")));
        watch(abi.encodeCall(treasury.promised, ()));
        watch(abi.encodeCall(treasury.free, ()));
        address next = address(new Treasury());
        _check("Treasury", next);
        // its token is private: only spending shows that the field is still where it was
        uint256 had = token.balanceOf(alice);
        vm.prank(at("TreasuryTimelock"));
        treasury.spend(alice, 2e18, "another");
        assertEq(token.balanceOf(alice), had + 2e18);
    }

    function test_upgradeGovernors_keepTheirState() public {
        votes.mint(alice, power.floor());
        tick();
        (address[] memory to, uint256[] memory values, bytes[] memory calls) =
            (new address[](1), new uint256[](1), new bytes[](1));
        to[0] = address(token);
        string[5] memory governors =
            ["TreasuryGovernor", "ParametersGovernor", "ModelsGovernor", "AgentsGovernor", "UpgradesGovernor"];
        for (uint256 i; i < governors.length; ++i) {
            OpenGovernor g = OpenGovernor(payable(at(governors[i])));
            vm.startPrank(alice);
            uint256 id = g.propose(to, values, calls, "why");
            vm.warp(block.timestamp + 6);
            g.castVote(id, 1);
            vm.stopPrank();
            watch(abi.encodeCall(g.state, (id)));
            watch(abi.encodeCall(g.proposalParts, (id)));
            watch(abi.encodeCall(g.proposalSnapshot, (id)));
            watch(abi.encodeCall(g.proposalProposer, (id)));
            watch(abi.encodeCall(g.hasVoted, (id, alice)));
            watch(abi.encodeCall(g.guardian, ()));
            watch(abi.encodeCall(g.kind, ()));
            watch(abi.encodeCall(g.timelock, ()));
            watch(abi.encodeCall(g.votingPeriod, ()));
            _check(governors[i], address(new OpenGovernor()));
        }
    }

    function _job() private {
        datanetId = createDatanet();
        accept(contribute(datanetId, alice, "root", 5));
        commit(datanetId, bob, "other");
        (uint32 version, bytes32 root) = publish(datanetId);
        modelId = createModel(developer);
        grantId = grantTo(developer, datanetId, IAccessGrants.Purpose.Train);
        startOperator(operator);
        (DatanetUse[] memory uses, uint32[] memory ids) = (new DatanetUse[](1), new uint32[](1));
        (uses[0], ids[0]) = (DatanetUse(datanetId, version, root), grantId);
        vm.prank(developer);
        jobId = jobs.open(modelId, "base", uses, ids, 100e18, uint64(block.timestamp + 100), "cid");
        vm.prank(operator);
        jobs.quote(jobId, 80e18, 600, 4);
        vm.prank(developer);
        jobs.accept(jobId, operator);
        vm.prank(operator);
        jobs.commitCheckpoint(jobId, 10, "one");
    }

    function test_upgradeDatanetRegistry_keepsItsState() public {
        _job();
        watch(abi.encodeCall(datanets.datanet, (datanetId)));
        watch(abi.encodeCall(datanets.contribution, (1)));
        watch(abi.encodeCall(datanets.contribution, (2)));
        watch(abi.encodeCall(datanets.acceptedContributions, (datanetId)));
        watch(abi.encodeCall(datanets.versionRoot, (datanetId, 1)));
        watch(abi.encodeCall(datanets.datanetCount, ()));
        watch(abi.encodeCall(datanets.contributionCount, ()));
        watch(abi.encodeCall(datanets.reviewPeriod, ()));
        _check("DatanetRegistry", address(new DatanetRegistry()));
    }

    function test_upgradeNamedReviewers_keepsItsState() public {
        _job();
        watch(abi.encodeCall(reviewers.isReviewer, (datanetId, reviewer)));
        watch(abi.encodeCall(reviewers.isReviewer, (datanetId, mallory)));
        watch(abi.encodeCall(reviewers.mayDecide, (datanetId, 2, bob, reviewer)));
        _check("NamedReviewers", address(new NamedReviewers()));
    }

    function test_upgradeAccessGrants_keepsItsState() public {
        _job();
        watch(abi.encodeCall(grants.grant, (grantId)));
        watch(abi.encodeCall(grants.isLive, (grantId, datanetId, IAccessGrants.Purpose.Train, developer)));
        watch(abi.encodeCall(grants.grantCount, ()));
        _check("AccessGrants", address(new AccessGrants()));
    }

    function test_upgradeModelRegistry_keepsItsState() public {
        _job();
        Release memory release = someRelease("base", jobs.job(jobId).datanetsHash);
        vm.startPrank(developer);
        bytes32 hash = models.addRelease(modelId, release, 0, "bafkreimanifest");
        models.setListed(modelId, true);
        models.transferFrom(developer, bob, modelId);
        vm.stopPrank();
        watch(abi.encodeCall(models.ownerOf, (modelId)));
        watch(abi.encodeCall(models.terms, (modelId, 1)));
        watch(abi.encodeCall(models.termsVersion, (modelId)));
        watch(abi.encodeCall(models.releaseCount, (modelId)));
        watch(abi.encodeCall(models.releaseAt, (modelId, 0)));
        watch(abi.encodeCall(models.modelOf, (hash)));
        watch(abi.encodeCall(models.isListed, (modelId)));
        watch(abi.encodeCall(models.modelCount, ()));
        watch(abi.encodeCall(models.tokenURI, (modelId)));
        watch(abi.encodeCall(models.transfersOf, (modelId)));
        _check("ModelRegistry", address(new ModelRegistry()));
    }

    function test_upgradeTrainingJobs_keepsItsState() public {
        _job();
        watch(abi.encodeCall(jobs.job, (jobId)));
        watch(abi.encodeCall(jobs.quoteOf, (jobId, operator)));
        watch(abi.encodeCall(jobs.jobCount, ()));
        _check("TrainingJobs", address(new TrainingJobs()));
        Release memory release = someRelease("base", jobs.job(jobId).datanetsHash);
        vm.prank(operator);
        jobs.attest(jobId, release, "bafkreievaluation", "cid"); // it goes on where it was
    }

    function test_upgradeReleaseFidelity_keepsItsState() public {
        _job();
        Release memory release = someRelease("base", jobs.job(jobId).datanetsHash);
        vm.startPrank(operator);
        bytes32 hash = jobs.attest(jobId, release, "bafkreievaluation", "cid");
        fidelity.attest(hash, 4_000, 3_000, 5_000, 24, "data", "bafkreidata");
        vm.stopPrank();
        vm.prank(alice);
        fidelity.request(hash, 48, 3e18, uint64(block.timestamp + 60));
        watch(abi.encodeCall(fidelity.fidelityOf, (hash)));
        watch(abi.encodeCall(fidelity.requestOf, (hash)));
        _check("ReleaseFidelity", address(new ReleaseFidelity(IERC20(address(token)), jobs, operators)));
        vm.prank(operator);
        fidelity.attest(hash, 4_100, 3_500, 4_700, 48, "more", "bafkreimore"); // it goes on where it was
        assertEq(token.balanceOf(address(fidelity)), 0);
    }

    function test_upgradeOperatorRegistry_keepsItsState() public {
        startOperator(operator);
        vm.startPrank(operator);
        operators.addStake(operator, 9e18);
        operators.unbond(4e18);
        operators.update(mallory, "http://elsewhere", "");
        vm.stopPrank();
        vm.prank(at("Settlement"));
        operators.setLock(operator, 5e18);
        watch(abi.encodeCall(operators.operator, (operator)));
        watch(abi.encodeCall(operators.operatorOf, (operator))); // its signer at first, and for ever
        watch(abi.encodeCall(operators.operatorOf, (mallory)));
        watch(abi.encodeCall(operators.minimumStake, ()));
        OperatorRegistry next = new OperatorRegistry(
            IERC20(address(token)), at("Settlement"), at("Jury"), operators.minimumStake(), operators.unbondingPeriod()
        );
        _check("OperatorRegistry", address(next));
    }

    function test_upgradeFeePolicy_keepsItsState() public {
        FeePolicy policy = FeePolicy(at("FeePolicy"));
        vm.prank(at("ParametersTimelock"));
        policy.setFee(IFeePolicy.Split(700, 4_000, 3_000, 1_000, 2_000, 6_000));
        watch(abi.encodeCall(policy.fee, (1)));
        watch(abi.encodeCall(policy.fee, (2)));
        watch(abi.encodeCall(policy.currentVersion, ()));
        watch(abi.encodeCall(policy.latestVersion, ()));
        _check("FeePolicy", address(new FeePolicy(policy.notice(), policy.grace())));
    }

    function test_upgradePaymentEscrow_keepsItsState() public {
        PaymentEscrow escrow = PaymentEscrow(at("PaymentEscrow"));
        vm.startPrank(alice);
        token.approve(address(escrow), type(uint256).max);
        escrow.deposit(alice, operator, 50e18);
        escrow.authorizeSession(operator, bob, 20e18, uint32(block.timestamp + 1 days));
        escrow.thaw(operator, 5e18);
        vm.stopPrank();
        vm.prank(guardian);
        escrow.pause();
        watch(abi.encodeCall(escrow.account, (alice, operator)));
        watch(abi.encodeCall(escrow.channel, (escrow.channelId(alice, operator, bob))));
        watch(abi.encodeCall(escrow.pending, ()));
        PaymentEscrow next = new PaymentEscrow(
            IERC20(address(token)), at("Settlement"), at("Prepayments"), escrow.thawPeriod(), escrow.longestPause()
        );
        _check("PaymentEscrow", address(next));
        vm.prank(alice);
        vm.expectRevert(); // still paused
        escrow.deposit(alice, operator, 1);
    }

    function test_upgradePrepayments_keepsItsState() public {
        Prepayments prepayments = Prepayments(at("Prepayments"));
        prepayments.open(operator);
        (address payer, uint256 key) = makeAddrAndKey("payer");
        token.mint(payer, 5e18);
        IPrepayments.Payment memory p = IPrepayments.Payment(payer, 5e18, 0, block.timestamp + 60, "nonce");
        bytes32 typehash = keccak256(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 structHash = keccak256(
            abi.encode(typehash, payer, prepayments.vaultOf(operator), p.value, p.validAfter, p.validBefore, p.nonce)
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
        prepayments.pay(operator, p, v, r, s);
        watch(abi.encodeCall(prepayments.isCredited, (payer, "nonce")));
        watch(abi.encodeCall(prepayments.vaultOf, (operator)));
        Prepayments next = new Prepayments(prepayments.token(), prepayments.escrow(), prepayments.registry());
        _check("Prepayments", address(next));
        vm.expectRevert(
            abi.encodeWithSelector(IPrepayments.Prepayments_AlreadyCredited.selector, payer, bytes32("nonce"))
        );
        prepayments.credit(operator, payer, "nonce");
    }

    function test_upgradeModelMarket_keepsItsState() public {
        ModelMarket market = ModelMarket(at("ModelMarket"));
        modelId = createModel(developer);
        vm.startPrank(developer);
        models.approve(address(market), modelId);
        market.list(modelId, 3e18, uint64(block.timestamp + 60));
        vm.stopPrank();
        watch(abi.encodeCall(market.listingOf, (modelId)));
        watch(abi.encodeCall(market.isForSale, (modelId)));
        _check("ModelMarket", address(new ModelMarket(IERC20(address(token)), models)));
    }

    function test_upgradeLineage_keepsItsState() public {
        Lineage lineage = Lineage(at("Lineage"));
        (uint32 parentId, uint32 childId) = (createModel(developer), createModel(developer));
        Parent[] memory parents = new Parent[](1);
        parents[0] = Parent(parentId, 1, 900, Use.Trained);
        vm.startPrank(developer);
        models.addRelease(parentId, someRelease("base", "data"), 0, "cid");
        lineage.stateDerivation(parentId, Derivation("MIT", 800, true, true));
        lineage.nameParents(childId, "MIT", parents);
        vm.stopPrank();
        watch(abi.encodeCall(lineage.declarationOf, (childId)));
        watch(abi.encodeCall(lineage.parentsOf, (childId)));
        watch(abi.encodeCall(lineage.derivation, (parentId, 1)));
        watch(abi.encodeCall(lineage.derivationVersion, (parentId)));
        _check("Lineage", address(new Lineage(models, lineage.template())));
        (address account, uint16 bps,) = models.parentsOf(childId);
        assertEq(account, lineage.declarationOf(childId).account);
        assertEq(bps, 900);
    }

    function test_upgradeFaucet_keepsItsState() public {
        faucet.drip(alice);
        watch(abi.encodeCall(faucet.nextDrip, (alice)));
        watch(abi.encodeCall(faucet.amount, ()));
        _check("Faucet", address(new Faucet()));
        tick();
        vm.expectRevert();
        faucet.drip(alice);
        faucet.drip(bob);
    }
}
