// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {Artifacts} from "../../../script/Artifacts.sol";
import {DatanetPool} from "../../src/datanets/DatanetPool.sol";
import {DatanetRegistry} from "../../src/datanets/DatanetRegistry.sol";
import {ContributionVotes} from "../../src/governance/ContributionVotes.sol";
import {ModelRegistry} from "../../src/models/ModelRegistry.sol";
import {DataRequests} from "../../src/oracles/DataRequests.sol";
import {EvidenceProofs} from "../../src/oracles/EvidenceProofs.sol";
import {FraudProofs} from "../../src/oracles/FraudProofs.sol";
import {OperatorRegistry} from "../../src/oracles/OperatorRegistry.sol";
import {FeePolicy} from "../../src/settlement/FeePolicy.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {RewardPool} from "../../src/settlement/RewardPool.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";

/// @notice The settlement contracts behind proxies, wired as in a deployment, with two operators and two payers.
abstract contract SettlementBase is Test {
    uint96 internal constant MINIMUM_STAKE = 1_000e18;
    uint96 internal constant STAKE = 1_000_000e18;
    uint64 internal constant WINDOW = 30;
    uint64 internal constant ANSWER_PERIOD = 20;
    uint64 internal constant PROOF_PERIOD = 15;
    uint96 internal constant DATA_BOND = 7e18;
    uint64 internal constant THAW = 600;
    uint64 internal constant LONGEST_PAUSE = 120;
    uint64 internal constant UNBONDING = 1_200;
    uint64 internal constant NOTICE = 1 days;
    uint64 internal constant GRACE = 2 days;
    uint16 internal constant PROTOCOL_FEE_BPS = 500;
    uint16 internal constant BURN_BPS = 5_000;
    uint16 internal constant CONTRIBUTOR_CAP_BPS = 5_000;
    uint16 internal constant VERBATIM_BPS = 2_000;
    uint16 internal constant RETRIEVAL_BPS = 3_000;
    uint16 internal constant FIDELITY_FLOOR_BPS = 5_000;

    uint64 internal constant POOL_ROLE = 1;
    uint64 internal constant GUARDIAN_ROLE = 2;
    uint64 internal constant GOVERNANCE_ROLE = 3;
    uint64 internal constant BRIDGE_ROLE = 4;

    AccessManager internal manager;
    OpenToken internal token;
    ContributionVotes internal votes;
    OperatorRegistry internal registry;
    FeePolicy internal feePolicy;
    PaymentEscrow internal escrow;
    RewardPool internal pool;
    Settlement internal settlement;
    ModelRegistry internal models;
    FraudProofs internal fraudProofs;
    DatanetRegistry internal datanets;
    EvidenceProofs internal evidenceProofs;
    DataRequests internal dataRequests;

    address internal treasury = makeAddr("treasury");
    address internal guardian = makeAddr("guardian");
    address internal governance = makeAddr("governance");
    address internal anyone = makeAddr("anyone");
    /// @dev Where tests of the Jury put it.
    address internal juryAddress = makeAddr("jury");
    /// @dev Where tests of Prepayments put it.
    address internal prepaymentsAddress = makeAddr("prepayments");
    address internal operator;
    uint256 internal operatorKey;
    address internal operatorSigner;
    uint256 internal operatorSignerKey;
    address internal operator2;
    address internal payer;
    uint256 internal payerKey;
    address internal payer2;
    uint256 internal payer2Key;
    address internal session;
    uint256 internal sessionKey;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (operator, operatorKey) = makeAddrAndKey("operator");
        (operatorSigner, operatorSignerKey) = makeAddrAndKey("operatorSigner");
        operator2 = makeAddr("operator2");
        (payer, payerKey) = makeAddrAndKey("payer");
        (payer2, payer2Key) = makeAddrAndKey("payer2");
        (session, sessionKey) = makeAddrAndKey("session");
        _deploy();
        _wire();
        _registerOperator(operator, operatorSigner);
        _registerOperator(operator2, makeAddr("operator2Signer"));
    }

    /// @dev A fee version's split with the usual channels.
    function _split(
        uint16 protocolFee,
        uint16 burn,
        uint16 cap
    ) internal pure returns (IFeePolicy.Split memory) {
        return IFeePolicy.Split(protocolFee, burn, cap, VERBATIM_BPS, RETRIEVAL_BPS, FIDELITY_FLOOR_BPS);
    }

    function _proxy(
        address implementation,
        bytes memory call
    ) internal returns (address) {
        return Artifacts.create("ERC1967Proxy", abi.encode(implementation, call));
    }

    function _deploy() private {
        manager = AccessManager(Artifacts.create("AccessManager", abi.encode(address(this))));
        address authority = address(manager);
        token = OpenToken(
            _proxy(
                Artifacts.create("OpenToken", ""),
                abi.encodeCall(OpenToken.initialize, (authority, address(this), address(0)))
            )
        );
        votes = ContributionVotes(
            _proxy(Artifacts.create("ContributionVotes", ""), abi.encodeCall(ContributionVotes.initialize, (authority)))
        );
        IERC20 open = IERC20(address(token));
        // The tenth and the last of the contracts below, which earlier ones must know.
        address settlement_ = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 9);
        address proofs = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 13);
        address evidence = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 18);
        dataRequests = DataRequests(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 20));
        registry = OperatorRegistry(
            _proxy(
                Artifacts.create(
                    "OperatorRegistry", abi.encode(open, settlement_, juryAddress, MINIMUM_STAKE, UNBONDING)
                ),
                abi.encodeCall(OperatorRegistry.initialize, (authority))
            )
        );
        feePolicy = FeePolicy(
            _proxy(
                Artifacts.create("FeePolicy", abi.encode(NOTICE, GRACE)),
                abi.encodeCall(
                    FeePolicy.initialize, (authority, _split(PROTOCOL_FEE_BPS, BURN_BPS, CONTRIBUTOR_CAP_BPS))
                )
            )
        );
        escrow = PaymentEscrow(
            _proxy(
                Artifacts.create(
                    "PaymentEscrow", abi.encode(open, settlement_, prepaymentsAddress, THAW, LONGEST_PAUSE)
                ),
                abi.encodeCall(PaymentEscrow.initialize, (authority))
            )
        );
        pool = RewardPool(
            _proxy(
                Artifacts.create("RewardPool", abi.encode(open, votes, settlement_)),
                abi.encodeCall(RewardPool.initialize, (authority))
            )
        );
        settlement = Settlement(
            _proxy(
                Artifacts.create(
                    "Settlement",
                    abi.encode(
                        escrow,
                        registry,
                        feePolicy,
                        pool,
                        treasury,
                        proofs,
                        evidence,
                        dataRequests,
                        WINDOW,
                        LONGEST_PAUSE,
                        _today()
                    )
                ),
                abi.encodeCall(Settlement.initialize, (authority))
            )
        );
        assertEq(address(settlement), settlement_);
        models = ModelRegistry(
            _proxy(Artifacts.create("ModelRegistry", ""), abi.encodeCall(ModelRegistry.initialize, (authority)))
        );
        fraudProofs = FraudProofs(
            _proxy(
                Artifacts.create("FraudProofs", abi.encode(settlement, registry, models, feePolicy)),
                abi.encodeCall(FraudProofs.initialize, (authority))
            )
        );
        assertEq(address(fraudProofs), settlement.fraudProofs());
        _deployEvidenceProofs(authority, open);
        assertEq(address(evidenceProofs), settlement.evidenceProofs());
        address data = _proxy(_newDataRequests(), abi.encodeCall(DataRequests.initialize, (authority)));
        assertEq(data, address(dataRequests));
    }

    function _newDataRequests() internal returns (address) {
        return Artifacts.create(
            "DataRequests", abi.encode(settlement, registry, token, DATA_BOND, ANSWER_PERIOD, PROOF_PERIOD)
        );
    }

    function _deployEvidenceProofs(
        address authority,
        IERC20 open
    ) private {
        address registry_ = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        address poolTemplate = Artifacts.create("DatanetPool", abi.encode(registry_, open));
        datanets = DatanetRegistry(
            _proxy(
                Artifacts.create("DatanetRegistry", ""),
                abi.encodeCall(DatanetRegistry.initialize, (authority, open, poolTemplate, 1 days))
            )
        );
        assertEq(address(datanets), registry_);
        evidenceProofs = EvidenceProofs(
            _proxy(
                Artifacts.create("EvidenceProofs", abi.encode(settlement, models, feePolicy, datanets)),
                abi.encodeCall(EvidenceProofs.initialize, (authority))
            )
        );
    }

    function _today() internal view returns (uint32) {
        return uint32(block.timestamp / 1 days);
    }

    function _wire() private {
        _allow(address(votes), ContributionVotes.mint.selector, POOL_ROLE);
        _allow(address(feePolicy), FeePolicy.setFee.selector, GOVERNANCE_ROLE);
        _allow(address(token), OpenToken.mint.selector, BRIDGE_ROLE);
        _allow(address(escrow), escrow.pause.selector, GUARDIAN_ROLE);
        _allow(address(escrow), escrow.unpause.selector, GUARDIAN_ROLE);
        _allow(address(settlement), settlement.pause.selector, GUARDIAN_ROLE);
        _allow(address(settlement), settlement.unpause.selector, GUARDIAN_ROLE);
        manager.grantRole(POOL_ROLE, address(pool), 0);
        manager.grantRole(GUARDIAN_ROLE, guardian, 0);
        manager.grantRole(GOVERNANCE_ROLE, governance, 0);
        manager.grantRole(BRIDGE_ROLE, address(this), 0);
    }

    function _allow(
        address target,
        bytes4 selector,
        uint64 role
    ) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
    }

    function _registerOperator(
        address account,
        address signer
    ) internal {
        _give(account, address(registry), STAKE);
        vm.prank(account);
        registry.register(signer, "https://operator.example", "", STAKE);
    }

    /// @dev Gives OPEN to `account` and lets `spender` take it.
    function _give(
        address account,
        address spender,
        uint96 amount
    ) internal {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(spender, type(uint256).max);
    }

    function _deposit(
        address from,
        address operator_,
        uint96 amount
    ) internal {
        _give(from, address(escrow), amount);
        vm.prank(from);
        escrow.deposit(from, operator_, amount);
    }

    function _authorize(
        address from,
        address operator_,
        address signer,
        uint96 cap,
        uint32 expiry
    ) internal {
        vm.prank(from);
        escrow.authorizeSession(operator_, signer, cap, expiry);
    }
}
