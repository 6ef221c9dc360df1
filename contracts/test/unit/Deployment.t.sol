// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC1967} from "@openzeppelin/contracts/interfaces/IERC1967.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Test} from "forge-std/Test.sol";
import {Create3Factory} from "../../../script/Create3Factory.sol";
import {Deployment} from "../../../script/Deployment.sol";
import {
    Mint,
    ParameterSets,
    Parameters,
    Parameters_BrokenClock,
    Parameters_Missing
} from "../../../script/Parameters.sol";
import {Roles} from "../../../script/Roles.sol";
import {Treasury} from "../../src/governance/Treasury.sol";
import {ModelProposals} from "../../src/models/ModelProposals.sol";
import {FeePolicy} from "../../src/settlement/FeePolicy.sol";
import {DataRequests} from "../../src/oracles/DataRequests.sol";
import {EvidenceProofs} from "../../src/oracles/EvidenceProofs.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";

contract NextTreasury is Treasury {
    function version() external pure returns (uint256) {
        return 2;
    }
}

contract DeploymentTest is Test, Deployment {
    address internal guardian = makeAddr("guardian");
    address internal remoteToken = makeAddr("remote token");

    function test_dev_deploysWithMoneyForEverybody() public {
        Parameters memory p = _dev();
        p.mints = new Mint[](1);
        p.mints[0] = Mint(makeAddr("holder"), 5e18);
        _deploy(p);
        OpenToken token = OpenToken(at("OpenToken"));
        assertEq(token.balanceOf(at("Faucet")), p.faucetPot);
        assertEq(token.balanceOf(at("Treasury")), p.treasuryPot);
        assertEq(token.balanceOf(makeAddr("holder")), 5e18);
        assertEq(names.length, 39);
    }

    /// @dev Nobody else can void a batch.
    function test_settlement_knowsTheContractsThatProve() public {
        _deploy(_dev());
        assertEq(Settlement(at("Settlement")).fraudProofs(), at("FraudProofs"));
        assertEq(Settlement(at("Settlement")).evidenceProofs(), at("EvidenceProofs"));
        assertEq(address(Settlement(at("Settlement")).dataRequests()), at("DataRequests"));
        assertEq(address(DataRequests(at("DataRequests")).settlement()), at("Settlement"));
        assertEq(address(EvidenceProofs(at("EvidenceProofs")).settlement()), at("Settlement"));
        assertEq(address(EvidenceProofs(at("EvidenceProofs")).rules().models()), at("ModelRegistry"));
        assertEq(address(EvidenceProofs(at("EvidenceProofs")).rules().datanets()), at("DatanetRegistry"));
    }

    function test_production_deploysWithoutAnyMoney() public {
        _deploy(_production());
        assertEq(OpenToken(at("OpenToken")).totalSupply(), 0);
        assertEq(at("Faucet").code.length, 0);
        assertEq(OpenToken(at("OpenToken")).remoteToken(), remoteToken);
        assertEq(Settlement(at("Settlement")).window(), 48 hours);
        assertEq(TimelockController(payable(at("UpgradesTimelock"))).getMinDelay(), 11 days);
        assertTrue(_has(Roles.BRIDGE, 0x4200000000000000000000000000000000000010));
        assertTrue(_has(Roles.BRIDGE, 0x4200000000000000000000000000000000000028));
    }

    function test_feePolicy_startsAsDesigned() public {
        _deploy(_dev());
        IFeePolicy.Fee memory fee = FeePolicy(at("FeePolicy")).fee(1);
        assertEq(fee.protocolFeeBps, 500);
        assertEq(fee.burnBps, 5_000);
        assertEq(fee.contributorCapBps, 8_000);
        assertEq(fee.verbatimBps, 2_000);
        assertEq(fee.retrievalBps, 3_000);
        assertEq(fee.fidelityFloorBps, 5_000);
    }

    function test_addresses_dependOnNameAndDeployerAlone() public {
        Create3Factory f = new Create3Factory();
        address predicted = f.predict(address(this), keccak256("Settlement"));
        deployAll(f, address(this), _dev());
        assertEq(at("Settlement"), predicted);
        assertGt(predicted.code.length, 0);
        assertNotEq(f.predict(guardian, keccak256("Settlement")), predicted);
    }

    function test_roles_belongToWhomTheyShouldAndNobodyElse() public {
        for (uint256 set; set < 2; ++set) {
            _deploy(set == 0 ? _dev() : _production());
            uint64[8] memory roles = [
                Roles.ADMIN,
                Roles.BRIDGE,
                Roles.REWARDS,
                Roles.TREASURY,
                Roles.GUARDIAN,
                Roles.AGENTS,
                Roles.PARAMETERS,
                Roles.MODELS
            ];
            address[8] memory holders = [
                at("UpgradesTimelock"),
                set == 0 ? address(0) : 0x4200000000000000000000000000000000000010,
                at("RewardPool"),
                at("TreasuryTimelock"),
                guardian,
                at("AgentsTimelock"),
                at("ParametersTimelock"),
                at("ModelsTimelock")
            ];
            for (uint256 j; j < names.length; ++j) {
                bool adds = at(names[j]) == at("TrainingJobs") || at(names[j]) == at("AgentRegistry");
                assertEq(_has(Roles.TRAINING, at(names[j])), adds, names[j]);
            }
            assertFalse(_has(Roles.TRAINING, address(this)));
            assertFalse(_has(Roles.TRAINING, guardian));
            assertTrue(_has(Roles.AGENTS, at("AgentsTimelock")));
            for (uint256 i; i < roles.length; ++i) {
                assertFalse(_has(roles[i], address(this)));
                assertFalse(_has(roles[i], at("UpgradesGovernor")));
                assertEq(_has(roles[i], guardian), roles[i] == Roles.GUARDIAN);
                for (uint256 j; j < names.length; ++j) {
                    assertEq(_has(roles[i], at(names[j])), at(names[j]) == holders[i], names[j]);
                }
            }
        }
    }

    /// @dev Every address but the two timelocks and the contracts themselves is refused by all that moves money or rights.
    function test_nobodyMovesFunds() public {
        _deploy(_dev());
        address[3] memory callers = [address(this), guardian, at("UpgradesGovernor")];
        bytes[7] memory calls = [
            abi.encodeCall(OpenToken(at("OpenToken")).mint, (address(this), 1)),
            abi.encodeWithSignature("burn(address,uint256)", at("Treasury"), 1),
            abi.encodeWithSignature("spend(address,uint256,string)", address(this), 1, ""),
            abi.encodeWithSignature("collect(address,bytes)", address(this), ""),
            abi.encodeWithSignature(
                "release(address,uint96,address,uint96,uint96)", address(this), 1, address(this), 0, 0
            ),
            abi.encodeWithSignature("setLock(address,uint96)", address(this), 0),
            abi.encodeWithSignature("upgradeToAndCall(address,bytes)", address(this), "")
        ];
        string[7] memory targets =
            ["OpenToken", "OpenToken", "Treasury", "PaymentEscrow", "PaymentEscrow", "OperatorRegistry", "RewardPool"];
        bytes4 unauthorized = IAccessManaged.AccessManagedUnauthorized.selector;
        bytes4[7] memory errors = [
            unauthorized,
            unauthorized,
            unauthorized,
            IPaymentEscrow.PaymentEscrow_NotSettlement.selector,
            IPaymentEscrow.PaymentEscrow_NotSettlement.selector,
            IOperatorRegistry.OperatorRegistry_NotSettlement.selector,
            unauthorized
        ];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < callers.length; ++j) {
                vm.prank(callers[j]);
                (bool done, bytes memory reason) = at(targets[i]).call(calls[i]);
                assertFalse(done);
                assertEq(reason, abi.encodeWithSelector(errors[i], callers[j]));
            }
        }
    }

    function test_everyProxy_isUpgradedByTheUpgradeTimelockAlone() public {
        _deploy(_dev());
        bytes32 slot = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);
        for (uint256 i; i < names.length; ++i) {
            if (!_isProxy(names[i])) continue;
            UUPSUpgradeable proxy = UUPSUpgradeable(at(names[i]));
            // its own code once more: some contracts refuse what would change their clocks
            address implementation = address(uint160(uint256(vm.load(address(proxy), slot))));
            address[7] memory callers = [
                address(this),
                guardian,
                at("TreasuryTimelock"),
                at("ParametersTimelock"),
                at("ModelsTimelock"),
                at("AgentsTimelock"),
                at("UpgradesGovernor")
            ];
            for (uint256 j; j < callers.length; ++j) {
                vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, callers[j]));
                vm.prank(callers[j]);
                proxy.upgradeToAndCall(implementation, "");
            }
            vm.expectEmit(address(proxy));
            emit IERC1967.Upgraded(implementation);
            vm.prank(at("UpgradesTimelock"));
            proxy.upgradeToAndCall(implementation, "");
        }
    }

    /// @dev EIP-170: tests run without the limit, chains do not.
    function test_everyContract_fitsIntoAChain() public {
        _deploy(_dev());
        bytes32 slot = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);
        for (uint256 i; i < names.length; ++i) {
            address target = at(names[i]);
            if (_isProxy(names[i])) target = address(uint160(uint256(vm.load(target, slot))));
            assertGt(target.code.length, 0, names[i]);
            assertLe(target.code.length, 24_576, names[i]);
        }
        assertLe(Jury(at("Jury")).clerk().code.length, 24_576);
        assertLe(ModelProposals(at("ModelProposals")).clerk().code.length, 24_576);
    }

    function test_upgrade_changesTheCode() public {
        _deploy(_dev());
        address next = address(new NextTreasury());
        vm.prank(at("UpgradesTimelock"));
        UUPSUpgradeable(at("Treasury")).upgradeToAndCall(next, "");
        assertEq(NextTreasury(at("Treasury")).version(), 2);
    }

    function test_everyProxy_isInitialised() public {
        _deploy(_dev());
        for (uint256 i; i < names.length; ++i) {
            if (!_isProxy(names[i])) continue;
            assertEq(IAccessManaged(at(names[i])).authority(), at("AccessManager"), names[i]);
            bytes32 slot = 0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00; // Initializable
            assertEq(uint256(vm.load(at(names[i]), slot)), 1, names[i]);
        }
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        Treasury(at("Treasury")).initialize(address(this), OpenToken(at("OpenToken")));
        Treasury implementation = new Treasury();
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        implementation.initialize(address(this), OpenToken(at("OpenToken")));
    }

    function test_timelocks_obeyTheirGovernorAlone() public {
        _deploy(_production());
        string[5] memory prefixes = ["Treasury", "Parameters", "Models", "Agents", "Upgrades"];
        for (uint256 i; i < prefixes.length; ++i) {
            TimelockController lock = TimelockController(payable(at(string.concat(prefixes[i], "Timelock"))));
            address governor = at(string.concat(prefixes[i], "Governor"));
            address other = at(string.concat(prefixes[(i + 1) % prefixes.length], "Governor"));
            bytes32[3] memory roles = [lock.PROPOSER_ROLE(), lock.CANCELLER_ROLE(), lock.EXECUTOR_ROLE()];
            for (uint256 j; j < 3; ++j) {
                assertTrue(lock.hasRole(roles[j], governor));
                assertFalse(lock.hasRole(roles[j], other));
                assertFalse(lock.hasRole(roles[j], address(0))); // not open to everybody
                assertFalse(lock.hasRole(roles[j], address(this)));
            }
            assertFalse(lock.hasRole(lock.DEFAULT_ADMIN_ROLE(), address(this)));
            assertTrue(lock.hasRole(lock.DEFAULT_ADMIN_ROLE(), address(lock)));
        }
    }

    function test_check_refusesEveryBrokenClock() public {
        ParameterSets.check(_dev());
        ParameterSets.check(_production());
        Parameters memory p = _production();
        uint64 data = p.clocks.dataAnswer + p.clocks.dataProof;
        p.clocks.unbonding = p.clocks.window + data + p.clocks.jury + p.clocks.appeal;
        _refused(p, "unbonding > window + data answers + their proofs + jury + appeal");
        p = _production();
        p.clocks.dataAnswer = 0;
        _refused(p, "clocks > 0");
        p = _production();
        p.clocks.juryCommit += 1;
        _refused(p, "jury >= draw + commit + reveal");
        p = _production();
        p.clocks.appeal = p.clocks.jury - 1;
        _refused(p, "appeal >= jury");
        p = _dev();
        p.clocks.juryReveal = 0;
        _refused(p, "clocks > 0");
        p = _production();
        p.clocks.thaw = p.clocks.longestPause + p.clocks.settlementPeriod;
        _refused(p, "thaw > longest pause + settlement period");
        p = _production();
        p.clocks.upgradeDelay = p.clocks.thaw + p.clocks.window + data;
        _refused(p, "upgrade delay > thaw + window + data answers + their proofs");
        p = _production();
        p.clocks.treasuryDelay = p.clocks.upgradeDelay;
        _refused(p, "upgrade delay > treasury delay");
        p = _production();
        p.clocks.parametersDelay = p.clocks.upgradeDelay;
        _refused(p, "upgrade delay > parameters delay");
        p = _production();
        p.clocks.modelsDelay = p.clocks.upgradeDelay;
        _refused(p, "upgrade delay > models delay");
        p = _production();
        p.clocks.agentsDelay = p.clocks.upgradeDelay;
        _refused(p, "upgrade delay > agents delay");
        p = _dev();
        p.clocks.agentsDelay = 0;
        _refused(p, "clocks > 0");
        p = _production();
        p.clocks.agentCooldown = p.clocks.votingDelay + p.clocks.votingPeriod + p.clocks.agentsDelay;
        _refused(p, "agent cooldown > voting delay + voting period + agents delay");
        p = _production();
        p.rounds.contestPeriod = p.clocks.votingDelay + p.clocks.votingPeriod + p.clocks.modelsDelay;
        _refused(p, "contest of a round > voting delay + voting period + models delay");
        p = _dev();
        p.rounds.revealPeriod = 0;
        _refused(p, "clocks > 0");
        p = _production();
        p.clocks.batchAge = p.clocks.settlementPeriod + 1;
        _refused(p, "settlement period >= batch age");
        p = _production();
        p.clocks.feeGrace = p.clocks.longestPause + p.clocks.settlementPeriod - 1;
        _refused(p, "fee grace >= longest pause + settlement period");
        p = _production();
        p.clocks.requestPeriod = p.clocks.longestPause;
        _refused(p, "request period > longest pause");
        p = _production();
        p.clocks.window = 48 hours - 1;
        _refused(p, "window >= 48 h in production");
        p = _dev();
        p.clocks.window = 0;
        _refused(p, "clocks > 0");
    }

    function test_check_refusesWhatIsMissingOrForDevelopmentOnly() public {
        Parameters memory p = _production();
        p.guardian = address(0);
        _missing(p, "guardian");
        p = _production();
        p.remoteToken = address(0);
        _missing(p, "remoteToken");
        p = _production();
        p.faucetPot = 1;
        _missing(p, "development");
        p = _production();
        p.mints = new Mint[](1);
        _missing(p, "development");
    }

    function test_deployAll_sendsNothingWithABrokenClock() public {
        Parameters memory p = _dev();
        p.clocks.thaw = 1;
        vm.expectRevert();
        this.deployWith(p);
        assertEq(names.length, 0);
    }

    function checkParameters(
        Parameters memory p
    ) external pure {
        ParameterSets.check(p);
    }

    function deployWith(
        Parameters memory p
    ) external {
        deployAll(new Create3Factory(), address(this), p);
    }

    function _refused(
        Parameters memory p,
        string memory rule
    ) private {
        vm.expectRevert(abi.encodeWithSelector(Parameters_BrokenClock.selector, rule));
        this.checkParameters(p);
    }

    function _missing(
        Parameters memory p,
        string memory what
    ) private {
        vm.expectRevert(abi.encodeWithSelector(Parameters_Missing.selector, what));
        this.checkParameters(p);
    }

    function _deploy(
        Parameters memory p
    ) private {
        deployAll(new Create3Factory(), address(this), p);
    }

    function _dev() private view returns (Parameters memory p) {
        p = ParameterSets.dev();
        p.guardian = guardian;
    }

    function _production() private view returns (Parameters memory p) {
        p = ParameterSets.production();
        p.guardian = guardian;
        p.remoteToken = remoteToken;
    }

    function _has(
        uint64 role,
        address account
    ) private view returns (bool has) {
        (has,) = AccessManager(at("AccessManager")).hasRole(role, account);
    }

    /// @dev All but the access manager and the timelocks, which cannot be upgraded.
    function _isProxy(
        string memory name
    ) private pure returns (bool) {
        bytes memory letters = bytes(name);
        bytes memory end = "Timelock";
        if (keccak256(letters) == keccak256("AccessManager")) return false;
        if (letters.length < end.length) return true;
        for (uint256 i; i < end.length; ++i) {
            if (letters[letters.length - end.length + i] != end[i]) return true;
        }
        return false;
    }
}
