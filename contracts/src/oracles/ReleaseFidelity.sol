// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ITrainingJobs} from "../models/ITrainingJobs.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {IReleaseFidelity} from "./IReleaseFidelity.sol";

/// @title ReleaseFidelity
/// @notice The measured fidelity of each release's attribution, and the escrow of those who pay for measuring it.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | upgradeToAndCall | upgrade timelock (admin) |
contract ReleaseFidelity is AccessManagedUpgradeable, UUPSUpgradeable, IReleaseFidelity {
    using SafeERC20 for IERC20;

    uint16 public constant MIN_RUNS = 24;
    uint16 public constant MAX_RUNS = 256;
    uint64 public constant MAX_WAIT = 30 days;
    int16 private constant ONE = 10_000; // bps

    IERC20 public immutable token;
    ITrainingJobs public immutable jobs;
    IOperatorRegistry public immutable operators;

    /// @custom:storage-location erc7201:openledger.storage.ReleaseFidelity
    struct ReleaseFidelityStorage {
        mapping(bytes32 releaseHash => Fidelity) fidelities;
        mapping(bytes32 releaseHash => Request) requests;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ReleaseFidelity")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant RELEASE_FIDELITY_STORAGE =
        0xa8a212288657c55ddca3b6a72dfb99a42f6412b364f49df67a75ae0d93087600;

    function _releaseFidelity() private pure returns (ReleaseFidelityStorage storage $) {
        assembly ("memory-safe") {
            $.slot := RELEASE_FIDELITY_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        ITrainingJobs jobs_,
        IOperatorRegistry operators_
    ) {
        token = token_;
        jobs = jobs_;
        operators = operators_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IReleaseFidelity
    function request(
        bytes32 releaseHash,
        uint16 runs,
        uint96 price,
        uint64 deliverBy
    ) external {
        address operator = _operatorOf(releaseHash);
        if (!operators.isActive(operator)) revert ReleaseFidelity_OperatorInactive(operator);
        _requireRuns(releaseHash, runs);
        if (price == 0) revert ReleaseFidelity_NoPrice();
        if (deliverBy <= block.timestamp || deliverBy > block.timestamp + MAX_WAIT) {
            revert ReleaseFidelity_InvalidDeadline(deliverBy);
        }
        Request memory earlier = _releaseFidelity().requests[releaseHash];
        // What is worse for the operator must not take the place of a request that it may be working on.
        bool isWorse = price <= earlier.price || runs > earlier.runs || deliverBy < earlier.deliverBy;
        if (earlier.requester != address(0) && block.timestamp <= earlier.deliverBy && isWorse) {
            revert ReleaseFidelity_RequestedBefore(releaseHash, earlier.deliverBy);
        }
        _releaseFidelity().requests[releaseHash] = Request(msg.sender, price, deliverBy, runs);
        if (earlier.requester != address(0)) _giveBack(releaseHash, earlier);
        emit CalibrationRequested(releaseHash, operator, msg.sender, runs, price, deliverBy);
        token.safeTransferFrom(msg.sender, address(this), price);
    }

    /// @inheritdoc IReleaseFidelity
    function attest(
        bytes32 releaseHash,
        int16 ldsBps,
        int16 lowBps,
        int16 highBps,
        uint16 runs,
        bytes32 dataHash,
        string calldata dataCid
    ) external {
        if (_operatorOf(releaseHash) != msg.sender) revert ReleaseFidelity_NotOperator(releaseHash, msg.sender);
        _requireRuns(releaseHash, runs);
        if (lowBps < -ONE || lowBps > ldsBps || ldsBps > highBps || highBps > ONE) {
            revert ReleaseFidelity_InvalidInterval(lowBps, ldsBps, highBps);
        }
        if (dataHash == 0 || bytes(dataCid).length == 0) revert ReleaseFidelity_NoData(dataHash, dataCid);
        _releaseFidelity().fidelities[releaseHash] =
            Fidelity(ldsBps, lowBps, highBps, runs, uint64(block.timestamp), dataHash);
        uint96 due = _take(releaseHash, runs);
        emit FidelityAttested(releaseHash, msg.sender, ldsBps, lowBps, highBps, runs, dataHash, dataCid, due);
        if (due > 0) token.safeTransfer(msg.sender, due);
    }

    /// @inheritdoc IReleaseFidelity
    function refund(
        bytes32 releaseHash
    ) external {
        Request memory r = _releaseFidelity().requests[releaseHash];
        if (r.requester == address(0)) revert ReleaseFidelity_NoRequest(releaseHash);
        if (block.timestamp <= r.deliverBy) revert ReleaseFidelity_TooEarly(releaseHash, r.deliverBy);
        delete _releaseFidelity().requests[releaseHash];
        _giveBack(releaseHash, r);
    }

    /// @inheritdoc IReleaseFidelity
    function fidelityOf(
        bytes32 releaseHash
    ) external view returns (Fidelity memory) {
        return _releaseFidelity().fidelities[releaseHash];
    }

    /// @inheritdoc IReleaseFidelity
    function requestOf(
        bytes32 releaseHash
    ) external view returns (Request memory) {
        return _releaseFidelity().requests[releaseHash];
    }

    /// @dev Ends the request that so many runs fulfil in time.
    /// @return price of it, 0 where there is none
    function _take(
        bytes32 releaseHash,
        uint16 runs
    ) private returns (uint96 price) {
        Request storage r = _releaseFidelity().requests[releaseHash];
        if (r.requester == address(0) || runs < r.runs || block.timestamp > r.deliverBy) return 0;
        price = r.price;
        delete _releaseFidelity().requests[releaseHash];
    }

    /// @dev OPEN calls nobody, so paying out directly can neither fail for a recipient nor re-enter.
    function _giveBack(
        bytes32 releaseHash,
        Request memory r
    ) private {
        emit CalibrationRefunded(releaseHash, r.requester, r.price, msg.sender);
        token.safeTransfer(r.requester, r.price);
    }

    function _operatorOf(
        bytes32 releaseHash
    ) private view returns (address operator) {
        (operator,) = jobs.attestationOf(releaseHash);
        if (operator == address(0)) revert ReleaseFidelity_NotTrainedHere(releaseHash);
    }

    function _requireRuns(
        bytes32 releaseHash,
        uint16 runs
    ) private view {
        if (runs < MIN_RUNS || runs > MAX_RUNS || runs % 2 != 0) revert ReleaseFidelity_InvalidRuns(runs);
        uint16 known = _releaseFidelity().fidelities[releaseHash].runs;
        if (runs <= known) revert ReleaseFidelity_NotMoreRuns(runs, known);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
