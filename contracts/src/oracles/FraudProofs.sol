// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {IFeePolicy} from "../settlement/IFeePolicy.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {BatchProofs} from "./BatchProofs.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {ReceiptFaults} from "./ReceiptFaults.sol";
import {ReceiptProofs} from "./ReceiptProofs.sol";
import {TreeFaults} from "./TreeFaults.sol";

/// @title FraudProofs
/// @notice Makes a wrong batch lose: whoever shows the fault voids it and gets a part of the stake behind it.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      Settlement knows this contract and EvidenceProofs by their addresses; nobody else can void. Each proof is for anyone and none can be
///      paused.
contract FraudProofs is TreeFaults, ReceiptFaults, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @param settlement_ the Settlement contract, which may not exist yet
    constructor(
        ISettlement settlement_,
        IOperatorRegistry registry_,
        IModelRegistry models_,
        IFeePolicy feePolicy_
    ) BatchProofs(settlement_) ReceiptProofs(models_, feePolicy_) ReceiptFaults(registry_) {
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
