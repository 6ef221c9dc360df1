// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ISettlement} from "../settlement/ISettlement.sol";
import {AskedStatus, DataRequest} from "../types/Data.sol";
import {Accused} from "../types/Proofs.sol";
import {BatchBody} from "../types/Settlement.sol";
import {BatchProofs} from "./BatchProofs.sol";
import {IDataRequests} from "./IDataRequests.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {DataBook} from "./data/DataBook.sol";
import {RowRequests} from "./data/RowRequests.sol";

/// @title DataRequests
/// @notice Makes a batch lose whose data its operator withholds.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
///      Settlement knows this contract by its address: it may void, and a batch waits for it. Nothing can be paused.
contract DataRequests is RowRequests, AccessManagedUpgradeable, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    /// @param settlement_ the Settlement contract, which may not exist yet
    /// @param bond_ wei; twice the gas of the longest answer (docs/benchmarks.md) and more
    /// @param answerPeriod_ seconds
    /// @param proofPeriod_ seconds
    constructor(
        ISettlement settlement_,
        IOperatorRegistry registry_,
        IERC20 token_,
        uint96 bond_,
        uint64 answerPeriod_,
        uint64 proofPeriod_
    ) BatchProofs(settlement_) DataBook(token_, bond_, answerPeriod_, proofPeriod_) RowRequests(registry_) {
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IDataRequests
    function proveWithheld(
        Accused calldata accused,
        bytes32 requestId
    ) external {
        bytes32 headerHash = _hashHeader(accused.header);
        DataRequest storage asked = _requireOpen(requestId, headerHash);
        if (block.timestamp <= asked.deadline) revert DataRequests_StillOpen(requestId, asked.deadline);
        address requester = asked.requester;
        uint96 paid = _close(asked, AskedStatus.Withheld);
        BatchBody calldata body = accused.header.body;
        emit FraudProven(body.operator, body.batchIndex, keccak256(abi.encode(body)), Fault.WithheldData, requester);
        emit DataWithheld(requestId, body.operator, headerHash, body.batchIndex, paid, requester, msg.sender);
        settlement.voidBatch(accused.header, accused.earlier, requester);
        token.safeTransfer(requester, paid);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
