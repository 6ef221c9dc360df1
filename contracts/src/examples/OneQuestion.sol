// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ChatPrompt} from "../libraries/ChatPrompt.sol";
import {IInferenceConsumer} from "../oracles/IInferenceConsumer.sol";
import {IInferenceRequests} from "../oracles/IInferenceRequests.sol";
import {Ask} from "../types/Requests.sol";

/// @title OneQuestion
/// @notice An example: asks a model one question after another, and keeps the last answer.
/// @dev What is asked is paid by whoever asks; what an answer does not cost stays here for the owner. A contract that
///      lets others ask in its name should refund them: `refund` pays this contract.
contract OneQuestion is IInferenceConsumer {
    using SafeERC20 for IERC20;

    /// @dev Enough to keep an answer of some 300 bytes.
    uint32 private constant CALLBACK_GAS = 300_000;

    IERC20 public immutable token;
    IInferenceRequests public immutable requests;
    bytes32 public immutable releaseHash;
    uint32 public immutable termsVersion;
    address public immutable owner;

    uint256 public requestId;
    string public question;
    string public answer;

    event Asked(uint256 indexed requestId, string question);
    event Answered(uint256 indexed requestId, string answer);

    error OneQuestion_NotOwner(address caller);
    error OneQuestion_NotRequests(address caller);
    error OneQuestion_NotAsked(uint256 requestId);

    /// @param token_ OPEN
    /// @param releaseHash_ of the release that is asked
    /// @param termsVersion_ of its model: what it costs
    constructor(
        IERC20 token_,
        IInferenceRequests requests_,
        bytes32 releaseHash_,
        uint32 termsVersion_
    ) {
        token = token_;
        requests = requests_;
        releaseHash = releaseHash_;
        termsVersion = termsVersion_;
        owner = msg.sender;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert OneQuestion_NotOwner(msg.sender);
        _;
    }

    /// @notice Asks, and takes `maxFee` of the owner's OPEN for it.
    function ask(
        string calldata text,
        uint96 maxFee,
        uint32 deadline
    ) external onlyOwner {
        token.safeTransferFrom(msg.sender, address(this), maxFee);
        token.forceApprove(address(requests), maxFee);
        question = text;
        answer = "";
        uint256 id = requests.request(
            Ask({
                releaseHash: releaseHash,
                termsVersion: termsVersion,
                maxFee: maxFee,
                deadline: deadline,
                callbackGas: CALLBACK_GAS,
                operator: address(0),
                prompt: ChatPrompt.user(text),
                promptDigest: 0,
                promptCid: ""
            })
        );
        requestId = id;
        emit Asked(id, text);
    }

    /// @inheritdoc IInferenceConsumer
    function onInference(
        uint256 id,
        bytes32,
        bytes calldata output,
        string calldata outputCid
    ) external {
        if (msg.sender != address(requests)) revert OneQuestion_NotRequests(msg.sender);
        if (id != requestId) revert OneQuestion_NotAsked(id);
        answer = bytes(outputCid).length == 0 ? string(output) : string.concat("ipfs://", outputCid);
        emit Answered(id, answer);
    }

    /// @notice Takes the question back while no operator has accepted it.
    function cancel() external onlyOwner {
        requests.refund(requestId);
    }

    /// @notice Pays out what answers did not cost, and what came back for want of them.
    function withdraw() external onlyOwner {
        token.safeTransfer(owner, token.balanceOf(address(this)));
    }
}
