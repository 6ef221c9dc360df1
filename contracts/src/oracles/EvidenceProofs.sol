// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IDatanetRegistry} from "../datanets/IDatanetRegistry.sol";
import {IModelRegistry} from "../models/IModelRegistry.sol";
import {IFeePolicy} from "../settlement/IFeePolicy.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {AllocationFaults} from "./AllocationFaults.sol";
import {BatchProofs} from "./BatchProofs.sol";
import {ReceiptProofs} from "./ReceiptProofs.sol";
import {RecordFaults} from "./RecordFaults.sol";
import {SpanFaults} from "./SpanFaults.sol";

/// @title EvidenceProofs
/// @notice Makes a batch lose whose receipts rest on evidence that does not hold, or pay what it does not imply.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      Apart from FraudProofs because a contract may hold 24 KB of code; for the same reason each implementation makes
///      its own AllocationRules. Settlement knows both by their addresses. No state; each proof is for anyone and none
///      can be paused.
contract EvidenceProofs is AllocationFaults, RecordFaults, SpanFaults, AccessManagedUpgradeable, UUPSUpgradeable {
    constructor(
        ISettlement settlement_,
        IModelRegistry models_,
        IFeePolicy feePolicy_,
        IDatanetRegistry datanets_
    ) BatchProofs(settlement_) ReceiptProofs(models_, feePolicy_) AllocationFaults(datanets_) {
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
