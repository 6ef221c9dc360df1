// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AskedStatus} from "../../src/types/Data.sol";
import {Evidence} from "../../src/types/Evidence.sol";
import {TestIndex} from "../fraud/TestIndex.sol";
import {RowBase} from "./RowBase.sol";

/// @notice Statements about any row of an honest batch, which is settled once for all runs.
contract HonestRowFuzzTest is RowBase {
    bytes private told;

    function setUp() public override {
        super.setUp();
        told = abi.encode(_settleHonest(_two()));
    }

    /// @dev Honest statements about rows that are listed, below the threshold or of a listed cluster lose nothing. There are
    ///      88 such, in whatever number of runs.
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_honestStatementsNeverLose(
        uint32 position,
        uint32 chunk
    ) public {
        position %= TestIndex.ROWS;
        Story memory s = abi.decode(told, (Story));
        Evidence memory e = _evidence();
        int32[] memory partials = _partials(position);
        bytes32 id = _askRow(s, e, position, 0);
        _done(operatorSigner, _answerRow(s, e, position, 0, partials));
        assertTrue(_status(id) == AskedStatus.Answered);
        _dataRefused(anyone, _stated(s, e, position, partials), _noFault());
        _dataRefused(anyone, _false(s, e, position, partials, chunk % 2), _noFault());
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
    }
}

/// @notice The same of a batch that leaves a row out.
contract LyingRowFuzzTest is RowBase {
    bytes private told;

    function setUp() public override {
        super.setUp();
        (Story memory s, Evidence memory e, uint32 position) = _lying();
        told = abi.encode(s, e, position);
    }

    /// @dev Whoever states something false loses by the chunk that shows it, whichever it is. A run reads three times 4,096
    ///      components.
    /// forge-config: deep.fuzz.runs = 5000
    function testFuzz_falseStatement_voidsTheBatch(
        uint32 chunk,
        int32 by
    ) public {
        (Story memory s, Evidence memory e, uint32 position) = abi.decode(told, (Story, Evidence, uint32));
        int32[] memory partials = _partials(position);
        chunk %= 2;
        unchecked {
            partials[chunk] += by == 0 ? int32(-1) : by;
        }
        _askRow(s, e, position, 0);
        _done(operator, _answerRow(s, e, position, 0, partials));
        _dataRefused(anyone, _false(s, e, position, partials, 1 - chunk), _noFault());
        _done(anyone, _false(s, e, position, partials, chunk));
        assertEq(_state().voidedFrom, 1);
    }
}
