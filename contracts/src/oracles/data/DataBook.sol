// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ISettlement} from "../../settlement/ISettlement.sol";
import {AskedStatus, DataRequest} from "../../types/Data.sol";
import {BatchHeader} from "../../types/Settlement.sol";
import {BatchProofs} from "../BatchProofs.sol";
import {IDataRequests} from "../IDataRequests.sol";

/// @notice Requests with their bonds, and how long they hold a batch.
/// @dev Nothing bounds how many may be open: a bound could be used up by the operator itself. Each costs its bond, and
///      about as much block space as its answer; the deadline of each is its own.
abstract contract DataBook is IDataRequests, BatchProofs {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    /// @inheritdoc IDataRequests
    uint96 public immutable bond;
    /// @inheritdoc IDataRequests
    uint64 public immutable answerPeriod;
    /// @inheritdoc IDataRequests
    uint64 public immutable proofPeriod;

    /// @dev What requests do to a batch.
    struct Hold {
        uint32 open; // requests
        uint64 until; // no finality before: what was answered can be disproved until then
    }

    /// @custom:storage-location erc7201:openledger.storage.DataRequests
    struct DataRequestsStorage {
        mapping(bytes32 requestId => DataRequest) requests;
        mapping(bytes32 headerHash => Hold) holds;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.DataRequests")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant DATA_REQUESTS_STORAGE = 0x33e5188a440a5f4774cb0aeb224270aa0783c686c4868c97e1e931eb6354df00;

    constructor(
        IERC20 token_,
        uint96 bond_,
        uint64 answerPeriod_,
        uint64 proofPeriod_
    ) {
        token = token_;
        bond = bond_;
        answerPeriod = answerPeriod_;
        proofPeriod = proofPeriod_;
    }

    /// @inheritdoc IDataRequests
    function drop(
        BatchHeader calldata header,
        bytes32 requestId
    ) external {
        DataRequest storage asked = _requireOpen(requestId, _hashHeader(header));
        if (_isPending(header, asked.headerHash)) {
            revert DataRequests_StillPending(header.body.operator, header.body.batchIndex);
        }
        address requester = asked.requester;
        uint96 paid = _close(asked, AskedStatus.Dropped);
        emit DataRequestDropped(requestId, requester, paid, msg.sender);
        token.safeTransfer(requester, paid);
    }

    /// @inheritdoc IDataRequests
    function heldUntil(
        bytes32 headerHash
    ) external view returns (uint64) {
        Hold memory hold = _book().holds[headerHash];
        return hold.open == 0 ? hold.until : type(uint64).max;
    }

    /// @inheritdoc IDataRequests
    function request(
        bytes32 requestId
    ) external view returns (DataRequest memory) {
        return _book().requests[requestId];
    }

    /// @dev Takes the bond. A request is made once: what was answered is public.
    function _open(
        BatchHeader calldata header,
        bytes32 headerHash,
        bytes32 requestId
    ) internal returns (uint64 deadline) {
        if (!_isPending(header, headerHash)) {
            revert DataRequests_NotPending(header.body.operator, header.body.batchIndex);
        }
        uint64 finalAt = header.settledAt + settlement.window();
        if (block.timestamp >= finalAt) revert DataRequests_WindowClosed(finalAt);
        DataRequestsStorage storage $ = _book();
        DataRequest storage asked = $.requests[requestId];
        if (asked.status != AskedStatus.None) revert DataRequests_AskedBefore(requestId);
        deadline = uint64(block.timestamp) + answerPeriod;
        (asked.requester, asked.bond, asked.headerHash) = (msg.sender, bond, headerHash);
        (asked.deadline, asked.status) = (deadline, AskedStatus.Open);
        ++$.holds[headerHash].open;
        token.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @dev The answer was checked. Pays the operator for it.
    function _answered(
        BatchHeader calldata header,
        bytes32 requestId,
        DataRequest storage asked
    ) internal {
        bytes32 headerHash = asked.headerHash;
        address operator = header.body.operator;
        uint96 paid = _close(asked, AskedStatus.Answered);
        uint64 until = uint64(block.timestamp) + proofPeriod;
        _book().holds[headerHash].until = until;
        emit DataAnswered(requestId, operator, headerHash, header.body.batchIndex, paid, until, msg.sender, msg.data);
        token.safeTransfer(operator, paid);
    }

    function _close(
        DataRequest storage asked,
        AskedStatus status
    ) internal returns (uint96 paid) {
        paid = asked.bond;
        asked.status = status;
        --_book().holds[asked.headerHash].open;
    }

    /// @dev It waits for its answer, and the header is its batch's.
    function _requireOpen(
        bytes32 requestId,
        bytes32 headerHash
    ) internal view returns (DataRequest storage asked) {
        asked = _book().requests[requestId];
        if (asked.status != AskedStatus.Open) revert DataRequests_NotOpen(requestId, asked.status);
        if (headerHash != asked.headerHash) revert DataRequests_WrongHeader(headerHash, asked.headerHash);
    }

    /// @dev It can still be answered.
    function _requireAnswerable(
        BatchHeader calldata header,
        bytes32 requestId
    ) internal view returns (DataRequest storage asked) {
        asked = _requireOpen(requestId, _hashHeader(header));
        if (block.timestamp > asked.deadline) revert DataRequests_TooLate(requestId, asked.deadline);
    }

    /// @dev keccak256(abi.encode(keccak256(abi.encode(body)), keccak256(abi.encode(rewards)), settledAt)), docs/wire.md.
    function _hashHeader(
        BatchHeader calldata header
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(keccak256(abi.encode(header.body)), keccak256(abi.encode(header.rewards)), header.settledAt)
        );
    }

    /// @dev Settled, and neither final nor void.
    function _isPending(
        BatchHeader calldata header,
        bytes32 headerHash
    ) private view returns (bool) {
        (address operator, uint32 batchIndex) = (header.body.operator, header.body.batchIndex);
        if (settlement.headerHash(operator, batchIndex) != headerHash) return false;
        ISettlement.OperatorBatches memory state = settlement.batches(operator);
        return batchIndex > state.finalized && batchIndex <= state.settled
            && (state.voidedFrom == 0 || batchIndex < state.voidedFrom);
    }

    function _book() internal pure returns (DataRequestsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := DATA_REQUESTS_STORAGE
        }
    }
}
