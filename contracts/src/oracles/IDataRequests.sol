// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AskedStatus, DataRequest, DisclosedReceipt, LeavesAsked, RowAsked, ScoredBy} from "../types/Data.sol";
import {Accused, OpenedComponents, OpenedEvidence, OpenedRow, Opening} from "../types/Proofs.sol";
import {BatchHeader} from "../types/Settlement.sol";
import {BatchFaults} from "./BatchFaults.sol";

/// @notice Anyone can ask for data that a pending batch commits to and nobody can find. The operator publishes it on chain
///         in time, or the batch is void. A bond pays for the answer's gas; while a request is open the batch does not
///         become final, nor until what was answered could be disproved.
/// @dev An answer is the call that gives it: the event carries its calldata.
interface IDataRequests is BatchFaults {
    event DataRequested(
        bytes32 indexed requestId,
        address indexed operator,
        bytes32 indexed headerHash,
        uint32 batchIndex,
        uint8 tree,
        uint32 from,
        uint32 count,
        uint96 bond,
        uint64 deadline,
        address requester
    );
    event RowRequested(
        bytes32 indexed requestId,
        address indexed operator,
        bytes32 indexed headerHash,
        uint32 batchIndex,
        bytes32 releaseHash,
        bytes32 receiptHash,
        bytes32 evidenceHash,
        uint32 position,
        uint32 chunk,
        uint96 bond,
        uint64 deadline,
        address requester
    );
    /// @param heldUntil the batch does not become final before
    /// @param answer the call that answered, selector and arguments
    event DataAnswered(
        bytes32 indexed requestId,
        address indexed operator,
        bytes32 indexed headerHash,
        uint32 batchIndex,
        uint96 bond,
        uint64 heldUntil,
        address actor,
        bytes answer
    );
    /// @notice Not answered in time: the batch is void, and the requester has the challenger's part of the slash.
    event DataWithheld(
        bytes32 indexed requestId,
        address indexed operator,
        bytes32 indexed headerHash,
        uint32 batchIndex,
        uint96 bond,
        address requester,
        address actor
    );
    /// @notice The batch is void for something else: nobody needs the answer.
    event DataRequestDropped(bytes32 indexed requestId, address indexed requester, uint96 bond, address actor);

    error DataRequests_WrongHeader(bytes32 given, bytes32 expected);
    error DataRequests_NotPending(address operator, uint32 batchIndex);
    error DataRequests_WindowClosed(uint64 finalAt);
    error DataRequests_NoSuchLeaves(uint8 tree, uint32 from, uint32 count);
    error DataRequests_NoSuchRow(uint32 position, uint32 chunk);
    /// @notice Rows of one chunk are proven without a statement (IEvidenceProofs).
    error DataRequests_RowTooShort(uint32 k);
    error DataRequests_WrongTree(uint8 given, uint8 expected);
    error DataRequests_AskedBefore(bytes32 requestId);
    error DataRequests_NotOpen(bytes32 requestId, AskedStatus status);
    error DataRequests_TooLate(bytes32 requestId, uint64 deadline);
    error DataRequests_StillOpen(bytes32 requestId, uint64 deadline);
    error DataRequests_StillPending(address operator, uint32 batchIndex);
    error DataRequests_NotOperator(address caller, address operator);
    error DataRequests_WrongAnswer(bytes32 given, bytes32 expected);
    error DataRequests_WrongCount(uint256 given, uint256 expected);
    error DataRequests_WrongPosition(uint256 given, uint256 expected);
    error DataRequests_WrongLength(uint256 given, uint256 expected);
    error DataRequests_NothingStated(bytes32 requestId);

    /// @notice Asks for leaves of a pending batch within its window, or for its parameters (tree 0, from 0, count 1). Takes
    ///         the bond from the caller.
    /// @param count at most 1 of the receipts, which are disclosed whole, and MAX_LEAVES of the other trees
    function requestData(
        BatchHeader calldata header,
        uint8 tree,
        uint32 from,
        uint32 count
    ) external returns (bytes32 requestId);

    /// @notice Asks for a row of the release that answered, and for what it scored with that receipt's query. For rows of
    ///         more than 4,096 components: shorter ones are proven in one transaction (IEvidenceProofs).
    /// @param opened a receipt of the batch with its release and evidence
    /// @param position of the row in the index
    /// @param chunk of 4,096 components of the row, to be given whole
    function requestRow(
        BatchHeader calldata header,
        OpenedEvidence calldata opened,
        uint32 position,
        uint32 chunk
    ) external returns (bytes32 requestId);

    /// @notice Gives leaves of the allocations or rewards. Anyone who has them; the bond goes to the operator.
    function answerLeaves(
        BatchHeader calldata header,
        LeavesAsked calldata asked,
        Opening[] calldata leaves
    ) external;

    /// @notice Gives a leaf of the receipts with all that it is the hash of. Of a sentinel the disclosure is ignored.
    function answerReceipt(
        BatchHeader calldata header,
        LeavesAsked calldata asked,
        Opening calldata leaf,
        DisclosedReceipt calldata disclosed
    ) external;

    /// @notice Gives the parameters, the RFC 8785 JSON that the batch's parametersHash is taken over.
    function answerParameters(
        BatchHeader calldata header,
        LeavesAsked calldata asked,
        bytes calldata parameters
    ) external;

    /// @notice Gives a row, its chunk, and the products of each of its chunks with the query's. Only the operator or its
    ///         signer: the products are a statement that the batch loses by, if they are wrong.
    function answerRow(
        BatchHeader calldata header,
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row,
        OpenedComponents calldata components,
        int32[] calldata partials
    ) external;

    /// @notice A request that was not answered in time: voids the batch, for the requester. Anyone.
    function proveWithheld(
        Accused calldata accused,
        bytes32 requestId
    ) external;

    /// @notice By the operator's own statement the row belongs into the evidence: voids the batch.
    /// @param partials as stated
    function proveStatedOmission(
        Accused calldata accused,
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row,
        int32[] calldata partials
    ) external;

    /// @notice A stated product is not the product of that chunk of query and row: voids the batch.
    /// @param chunk of query and row, from 0
    function proveFalseStatement(
        Accused calldata accused,
        RowAsked calldata asked,
        ScoredBy calldata by,
        OpenedRow calldata row,
        int32[] calldata partials,
        uint32 chunk,
        OpenedComponents calldata query,
        OpenedComponents calldata components
    ) external;

    /// @notice Gives the bond back for a batch that is no longer pending because it is void. Anyone, to the requester.
    function drop(
        BatchHeader calldata header,
        bytes32 requestId
    ) external;

    /// @notice When a batch may become final as far as requests go: 0 if none was made, the end of time while one is open.
    function heldUntil(
        bytes32 headerHash
    ) external view returns (uint64);
    function request(
        bytes32 requestId
    ) external view returns (DataRequest memory);
    /// @return wei for one request
    function bond() external view returns (uint96);
    /// @return seconds that an operator has to answer
    function answerPeriod() external view returns (uint64);
    /// @return seconds for which a batch stays open after an answer
    function proofPeriod() external view returns (uint64);
    function MAX_LEAVES() external view returns (uint32);
}
