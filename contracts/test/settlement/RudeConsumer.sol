// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IInferenceConsumer} from "../../src/oracles/IInferenceConsumer.sol";
import {IInferenceRequests} from "../../src/oracles/IInferenceRequests.sol";
import {Ask} from "../../src/types/Requests.sol";

/// @notice A requester that does with its callback what an operator must not suffer from.
contract RudeConsumer is IInferenceConsumer {
    enum Manner {
        Polite,
        Reverts,
        ReturnsABomb,
        RevertsWithABomb,
        BurnsItsGas,
        AsksAgain,
        DeliversItself,
        RefundsItself
    }

    IInferenceRequests private immutable _requests;
    Manner public manner;
    uint256 public calls;
    bytes32 public receiptHash;
    bytes public output;
    string public outputCid;
    uint256 public gasGiven;
    Ask private _next;

    constructor(
        IERC20 token,
        IInferenceRequests requests
    ) {
        _requests = requests;
        token.approve(address(requests), type(uint256).max);
    }

    function behave(
        Manner manner_
    ) external {
        manner = manner_;
    }

    function ask(
        Ask calldata what
    ) external returns (uint256) {
        _next = what;
        return _requests.request(what);
    }

    function onInference(
        uint256 requestId,
        bytes32 receiptHash_,
        bytes calldata output_,
        string calldata outputCid_
    ) external {
        gasGiven = gasleft();
        if (manner == Manner.Reverts) revert("rude");
        if (manner == Manner.BurnsItsGas) while (true) ++calls;
        if (manner == Manner.ReturnsABomb || manner == Manner.RevertsWithABomb) _bomb();
        ++calls;
        (receiptHash, output, outputCid) = (receiptHash_, output_, outputCid_);
        if (manner == Manner.AsksAgain) _requests.request(_next);
        if (manner == Manner.DeliversItself) _requests.deliver(requestId, output_, outputCid_);
        if (manner == Manner.RefundsItself) _requests.refund(requestId);
    }

    /// @dev As much memory as the gas pays for, which a caller that copies it pays for too.
    function _bomb() private view {
        bool reverts = manner == Manner.RevertsWithABomb;
        assembly {
            if reverts { revert(0, 300000) }
            return(0, 300000)
        }
    }
}
