// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Script} from "forge-std/Script.sol";
import {Create3Factory} from "./Create3Factory.sol";
import {Deployment} from "./Deployment.sol";
import {Clocks, Mint, ParameterSets, Parameters} from "./Parameters.sol";

/// @notice Deploys OpenLedger and writes where everything is.
/// @dev A development chain (id 31337; the key is anvil's first account):
///
///        DEPLOYMENT_OUT=.openledger/deployments/31337.json forge script script/Deploy.s.sol \
///          --rpc-url http://127.0.0.1:8545 --broadcast --private-key <key>
///
///      takes a quarter of a minute with blocks of one second. anvil needs `--gas-limit 150000000`: 1.7 loses the
///      transactions that a full block leaves over.
///
///      Any other chain gets the production parameters and no token; GUARDIAN and REMOTE_TOKEN name the guardian and
///      OPEN on L1. Development parameters are refused there. DEPLOYMENT_OUT is deployments/<chainId>.json by default
///      and must lie where foundry.toml lets the script write.
contract Deploy is Script, Deployment {
    uint256 private constant DEVELOPMENT_CHAIN = 31337;
    /// @dev anvil's public development mnemonic.
    string private constant MNEMONIC = "test test test test test test test test test test test junk";
    /// @dev deployer, operator, provider, reviewer, alice, bob, carol, mallory, proposer, caller, holder, newcomer, guardian,
    ///      operator2
    uint32 private constant DEVELOPMENT_ACCOUNTS = 14;
    uint32 private constant OPERATOR = 1;
    uint32 private constant HOLDER = 10;
    uint32 private constant GUARDIAN = 12;
    bytes32 private constant FACTORY_SALT = keccak256("openledger.factory.1");

    function run() external {
        Parameters memory p = block.chainid == DEVELOPMENT_CHAIN ? _development() : _production();
        ParameterSets.check(p); // before anything is sent
        uint256 startBlock = block.number;
        vm.startBroadcast();
        (, address sender,) = vm.readCallers();
        deployAll(_factory(), sender, p);
        vm.stopBroadcast();
        _write(p.clocks, startBlock);
    }

    function _development() private pure returns (Parameters memory p) {
        p = ParameterSets.dev();
        p.guardian = _account(GUARDIAN);
        p.mints = new Mint[](DEVELOPMENT_ACCOUNTS);
        for (uint32 i; i < DEVELOPMENT_ACCOUNTS; ++i) {
            uint256 amount = i == HOLDER ? 1_000_000e18 : i == OPERATOR ? 200_000e18 : 10_000e18;
            p.mints[i] = Mint({to: _account(i), amount: amount});
        }
    }

    function _production() private view returns (Parameters memory p) {
        p = ParameterSets.production();
        p.guardian = vm.envAddress("GUARDIAN");
        p.remoteToken = vm.envAddress("REMOTE_TOKEN");
    }

    function _account(
        uint32 index
    ) private pure returns (address) {
        return vm.addr(vm.deriveKey(MNEMONIC, index));
    }

    /// @dev Its own address is fixed too, by the deterministic deployer that all these chains have.
    function _factory() private returns (Create3Factory) {
        address predicted = vm.computeCreate2Address(FACTORY_SALT, keccak256(type(Create3Factory).creationCode));
        if (predicted.code.length > 0) return Create3Factory(predicted);
        return new Create3Factory{salt: FACTORY_SALT}();
    }

    function _write(
        Clocks memory c,
        uint256 startBlock
    ) private {
        string memory contracts;
        for (uint256 i; i < names.length; ++i) {
            contracts = vm.serializeAddress("contracts", names[i], at(names[i]));
        }
        string memory root = "deployment";
        vm.serializeUint(root, "chainId", block.chainid);
        vm.serializeUint(root, "startBlock", startBlock);
        vm.serializeUint(root, "deployedAt", block.timestamp);
        vm.serializeString(root, "clocks", _clocks(c));
        string memory json = vm.serializeString(root, "contracts", contracts);
        string memory standard = string.concat("deployments/", vm.toString(block.chainid), ".json");
        string memory path = vm.envOr("DEPLOYMENT_OUT", standard);
        vm.writeJson(json, path);
    }

    function _clocks(
        Clocks memory c
    ) private returns (string memory) {
        string memory key = "clocks";
        vm.serializeUint(key, "batchAge", c.batchAge);
        vm.serializeUint(key, "window", c.window);
        vm.serializeUint(key, "dataAnswer", c.dataAnswer);
        vm.serializeUint(key, "dataProof", c.dataProof);
        vm.serializeUint(key, "jury", c.jury);
        vm.serializeUint(key, "appeal", c.appeal);
        vm.serializeUint(key, "juryDraw", c.juryDraw);
        vm.serializeUint(key, "juryCommit", c.juryCommit);
        vm.serializeUint(key, "juryReveal", c.juryReveal);
        vm.serializeUint(key, "unbonding", c.unbonding);
        vm.serializeUint(key, "settlementPeriod", c.settlementPeriod);
        vm.serializeUint(key, "longestPause", c.longestPause);
        vm.serializeUint(key, "thaw", c.thaw);
        vm.serializeUint(key, "feeNotice", c.feeNotice);
        vm.serializeUint(key, "feeGrace", c.feeGrace);
        vm.serializeUint(key, "requestPeriod", c.requestPeriod);
        vm.serializeUint(key, "reviewPeriod", c.reviewPeriod);
        vm.serializeUint(key, "agentCooldown", c.agentCooldown);
        vm.serializeUint(key, "votingDelay", c.votingDelay);
        vm.serializeUint(key, "votingPeriod", c.votingPeriod);
        vm.serializeUint(key, "treasuryDelay", c.treasuryDelay);
        vm.serializeUint(key, "parametersDelay", c.parametersDelay);
        vm.serializeUint(key, "modelsDelay", c.modelsDelay);
        vm.serializeUint(key, "agentsDelay", c.agentsDelay);
        return vm.serializeUint(key, "upgradeDelay", c.upgradeDelay);
    }
}
