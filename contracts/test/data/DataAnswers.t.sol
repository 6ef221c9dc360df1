// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TreeProofs} from "../../src/libraries/TreeProofs.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {DisclosedReceipt, LeavesAsked} from "../../src/types/Data.sol";
import {Opening} from "../../src/types/Proofs.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {DataBase} from "./DataBase.sol";

/// @notice What is no answer: each part of it changed, or given for something else.
contract DataAnswersTest is DataBase {
    function _settled() private returns (Story memory) {
        return _settleHonest(_two());
    }

    function _wrong(
        bytes32 given,
        bytes32 expected
    ) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDataRequests.DataRequests_WrongAnswer.selector, given, expected);
    }

    function _receiptCall(
        Story memory story,
        Opening memory leaf,
        DisclosedReceipt memory disclosed
    ) private view returns (bytes memory) {
        return abi.encodeCall(IDataRequests.answerReceipt, (_header(story), _asked(story, R, 2, 1), leaf, disclosed));
    }

    function test_answer_failsWithAnotherHeader() public {
        Story memory first = _settled();
        Story memory second = _settled();
        _ask(second, R, 2, 1);
        BatchHeader memory header = _header(first);
        LeavesAsked memory asked = _asked(second, R, 2, 1);
        _dataRefused(
            operator,
            abi.encodeCall(IDataRequests.answerReceipt, (header, asked, _open(first, R, 2), _disclosed(first, 2))),
            abi.encodeWithSelector(
                IDataRequests.DataRequests_WrongHeader.selector, _headerHash(first), _headerHash(second)
            )
        );
    }

    function test_answer_failsForAnotherTree() public {
        Story memory story = _settled();
        for (uint8 tree = 0; tree <= 3; ++tree) {
            _ask(story, tree, 0, 1);
        }
        for (uint8 tree = 0; tree <= 3; ++tree) {
            LeavesAsked memory asked = _asked(story, tree, 0, 1);
            if (tree != PARAMETERS) {
                _dataRefused(
                    operator,
                    abi.encodeCall(IDataRequests.answerParameters, (_header(story), asked, _parameters())),
                    abi.encodeWithSelector(IDataRequests.DataRequests_WrongTree.selector, tree, PARAMETERS)
                );
            }
            if (tree != R) {
                _dataRefused(
                    operator,
                    abi.encodeCall(
                        IDataRequests.answerReceipt, (_header(story), asked, _open(story, R, 0), _disclosed(story, 0))
                    ),
                    abi.encodeWithSelector(IDataRequests.DataRequests_WrongTree.selector, tree, R)
                );
            }
            if (tree != A && tree != W) {
                _dataRefused(
                    operator,
                    abi.encodeCall(IDataRequests.answerLeaves, (_header(story), asked, _openings(story, A, 0, 1))),
                    abi.encodeWithSelector(IDataRequests.DataRequests_WrongTree.selector, tree, A)
                );
            }
        }
    }

    function test_answerLeaves_failsForOtherLeaves() public {
        Story memory story = _settled();
        _ask(story, A, 2, 3);
        LeavesAsked memory asked = _asked(story, A, 2, 3);
        BatchHeader memory header = _header(story);
        _dataRefused(
            operator,
            abi.encodeCall(IDataRequests.answerLeaves, (header, asked, _openings(story, A, 2, 2))),
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongCount.selector, 2, 3)
        );
        _dataRefused(
            operator,
            abi.encodeCall(IDataRequests.answerLeaves, (header, asked, _openings(story, A, 3, 3))),
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongPosition.selector, 3, 2)
        );
        Opening[] memory leaves = _openings(story, A, 2, 3);
        leaves[2].amount += 1;
        _dataRefused(
            operator,
            abi.encodeCall(IDataRequests.answerLeaves, (header, asked, leaves)),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, A, 4)
        );
    }

    function test_answerReceipt_failsForEachPartThatDiffers() public {
        Story memory story = _settled();
        _ask(story, R, 2, 1);
        Opening memory leaf = _open(story, R, 2);
        DisclosedReceipt memory d = _disclosed(story, 2);
        d.receipt.promptTokens += 1;
        _dataRefused(operator, _receiptCall(story, leaf, d), _wrong(_hash(d.receipt), leaf.data));
        d.receipt.promptTokens -= 1; // the story's own
        d = _disclosed(story, 2);
        d.composition[0].termsVersion = 2;
        bytes32 given = keccak256(abi.encode(d.composition));
        _dataRefused(operator, _receiptCall(story, leaf, d), _wrong(given, d.receipt.compositionHash));
        d = _disclosed(story, 2);
        d.evidence.records[0].partials[0] += 1;
        given = keccak256(abi.encode(d.evidence));
        _dataRefused(operator, _receiptCall(story, leaf, d), _wrong(given, d.receipt.evidenceHash));
        d = _disclosed(story, 2);
        d.allocations[0].amount += 1;
        given = keccak256(abi.encode(d.allocations));
        _dataRefused(operator, _receiptCall(story, leaf, d), _wrong(given, d.receipt.allocationHash));
        d = _disclosed(story, 2);
        _dataRefused(
            operator,
            _receiptCall(story, _open(story, R, 3), d),
            abi.encodeWithSelector(IDataRequests.DataRequests_WrongPosition.selector, 3, 2)
        );
        leaf.weight += 1;
        _dataRefused(
            operator,
            _receiptCall(story, leaf, d),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, R, 2)
        );
    }

    /// @dev Both sentinels are opened without a receipt.
    function test_answerReceipt_opensSentinels() public {
        Story memory story = _settled();
        uint32 last = uint32(story.receipts.length) - 1;
        _ask(story, R, 0, 1);
        _ask(story, R, last, 1);
        _done(operator, _answer(story, R, 0, 1));
        _done(operator, _answer(story, R, last, 1));
    }

    /// @dev A leaf that is no receipt's hash cannot be disclosed: asked for, the batch is lost.
    function test_answerReceipt_isImpossibleForALeafOfNoReceipt() public {
        Story memory story = _tell(_two());
        story.receipts[2].data = "no receipt";
        _commit(story);
        bytes32 id = _ask(story, R, 2, 1);
        _dataRefused(
            operator,
            _receiptCall(story, _open(story, R, 2), _disclosed(story, 2)),
            _wrong(_hash(story.opened[1]), "no receipt")
        );
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        _done(anyone, _withheld(story, id));
    }

    /// @dev Rows of one chunk need no statement; this one has 64 components.
    function test_requestRow_failsForRowsOfOneChunk() public {
        Story memory story = _settled();
        _dataRefused(
            asker,
            abi.encodeCall(IDataRequests.requestRow, (_header(story), _openEvidence(story, 0, _evidence()), 0, 0)),
            abi.encodeWithSelector(IDataRequests.DataRequests_RowTooShort.selector, _k())
        );
    }
}
