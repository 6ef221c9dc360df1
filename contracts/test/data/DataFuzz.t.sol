// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {AskedStatus, LeavesAsked} from "../../src/types/Data.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {DataBase} from "./DataBase.sol";

/// @notice What holds of requests whatever is asked, and whenever. The batch is settled once for all runs.
contract DataFuzzTest is DataBase {
    bytes private told;

    function setUp() public override {
        super.setUp();
        told = abi.encode(_settleHonest(_two()));
    }

    function _settled() private view returns (Story memory) {
        return abi.decode(told, (Story));
    }

    /// @dev Answered early, the batch loses no time; answered late, there is time to disprove what was answered.
    function testFuzz_finality_waitsForTheWindowAndForProofsOfTheAnswer(
        uint64 askedAfter,
        uint64 answeredAfter
    ) public {
        askedAfter = uint64(bound(askedAfter, 0, WINDOW - 1));
        answeredAfter = uint64(bound(answeredAfter, 0, ANSWER_PERIOD));
        Story memory s = _settled();
        uint64 settledAt = uint64(block.timestamp);
        vm.warp(settledAt + askedAfter);
        _ask(s, PARAMETERS, 0, 1);
        vm.warp(settledAt + askedAfter + answeredAfter);
        _done(operator, _answer(s, PARAMETERS, 0, 1));
        uint64 finalAt = settledAt + WINDOW;
        if (block.timestamp + PROOF_PERIOD > finalAt) finalAt = uint64(block.timestamp) + PROOF_PERIOD;
        assertLe(finalAt, settledAt + WINDOW + ANSWER_PERIOD + PROOF_PERIOD);
        vm.warp(finalAt - 1);
        _isHeld(s, finalAt);
        vm.warp(finalAt);
        _finalize(operator);
        assertEq(_state().finalized, 1);
    }

    /// @dev Whatever may be asked of an honest batch, its operator can answer.
    function testFuzz_honestOperatorsCanAnswerAll(
        uint256 seed,
        uint32 from,
        uint32 count
    ) public {
        Story memory s = _settled();
        uint8 tree = uint8(seed % 4);
        uint256 leaves = tree == PARAMETERS ? 1 : _leaves(s, tree).length;
        from = uint32(bound(from, 0, leaves - 1));
        uint256 most = tree == A || tree == W ? leaves - from : 1;
        count = uint32(bound(count, 1, most < 16 ? most : 16));
        bytes32 id = _ask(s, tree, from, count);
        vm.warp(block.timestamp + seed % (ANSWER_PERIOD + 1));
        _done(operator, _answer(s, tree, from, count));
        assertTrue(_status(id) == AskedStatus.Answered);
        vm.warp(block.timestamp + WINDOW);
        _dataRefused(
            anyone,
            _withheld(s, id),
            abi.encodeWithSelector(IDataRequests.DataRequests_NotOpen.selector, id, AskedStatus.Answered)
        );
        _finalize(operator);
    }

    /// @dev However many the operator's friends have made, another can still be made, at the same price.
    function testFuzz_nobodyIsKeptFromAsking(
        uint8 others
    ) public {
        Story memory s = _settled();
        BatchHeader memory header = _header(s);
        _give(mallory, address(dataRequests), 1_000e18);
        uint32 count = uint32(bound(others, 0, 20));
        for (uint32 i = 0; i < count; ++i) {
            vm.prank(mallory);
            dataRequests.requestData(header, A, i % 10, 1 + i / 10);
        }
        bytes32 id = _ask(s, R, 1, 1);
        vm.warp(block.timestamp + ANSWER_PERIOD + 1);
        _done(anyone, _withheld(s, id));
        assertEq(_state().voidedFrom, 1);
    }

    function testFuzz_answerParameters_areTheOnesCommittedTo(
        bytes memory other
    ) public {
        Story memory s = _settled();
        vm.assume(keccak256(other) != keccak256(_parameters()));
        _ask(s, PARAMETERS, 0, 1);
        LeavesAsked memory asked = _asked(s, PARAMETERS, 0, 1);
        _dataRefused(
            operator,
            abi.encodeCall(IDataRequests.answerParameters, (_header(s), asked, other)),
            abi.encodeWithSelector(
                IDataRequests.DataRequests_WrongAnswer.selector, keccak256(other), keccak256(_parameters())
            )
        );
    }
}
