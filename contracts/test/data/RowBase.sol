// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SumTree} from "../../src/libraries/SumTree.sol";
import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {Evidence, RecordScore} from "../../src/types/Evidence.sol";
import {OpenedComponents} from "../../src/types/Proofs.sol";
import {TestIndex} from "../fraud/TestIndex.sol";
import {DataBase} from "./DataBase.sol";

/// @notice Batches of a release whose index has rows of two chunks, and the proofs against what is stated of them.
abstract contract RowBase is DataBase {
    function _k() internal pure override returns (uint32) {
        return 4_096 + 32;
    }

    /// @dev All rows but the best of them are listed as they should be, when `omitted` is true.
    function _evidenceOf(
        bool omitted
    ) internal view returns (Evidence memory e) {
        e = _evidence();
        if (!omitted) return e;
        RecordScore[] memory less = new RecordScore[](e.records.length - 1);
        for (uint256 i = 0; i < less.length; ++i) {
            less[i] = e.records[i + 1];
        }
        e.records = less;
    }

    /// @return s a batch whose first receipt leaves out its best record
    /// @return e that receipt's evidence
    /// @return position of the row left out
    function _lying() internal returns (Story memory s, Evidence memory e, uint32 position) {
        s = _tell(_two());
        position = _evidence().records[0].position;
        e = _evidenceOf(true);
        _commitWith(s, e);
    }

    function _stated(
        Story memory s,
        Evidence memory e,
        uint32 position,
        int32[] memory partials
    ) internal view returns (bytes memory) {
        return abi.encodeCall(
            IDataRequests.proveStatedOmission,
            (_accuse(s), _askedRow(s, e, position, 0), _by(e), _row(position), partials)
        );
    }

    function _false(
        Story memory s,
        Evidence memory e,
        uint32 position,
        int32[] memory partials,
        uint32 chunk
    ) internal view returns (bytes memory) {
        OpenedComponents memory q = TestIndex.openChunk(SumTree.QUERY, query, chunk);
        return abi.encodeCall(
            IDataRequests.proveFalseStatement,
            (
                _accuse(s),
                _askedRow(s, e, position, 0),
                _by(e),
                _row(position),
                partials,
                chunk,
                q,
                _chunk(position, chunk)
            )
        );
    }

    function _noFault() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(BatchFaults.FraudProofs_NoFault.selector);
    }
}
