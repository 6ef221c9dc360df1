// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Channels} from "../../libraries/Channels.sol";
import {SumTree} from "../../libraries/SumTree.sol";
import {TreeProofs} from "../../libraries/TreeProofs.sol";
import {ISettlement} from "../../settlement/ISettlement.sol";
import {AccusedReceipt, CaseStatus, JuryCase, Question} from "../../types/Jury.sol";
import {Release} from "../../types/Release.sol";
import {BatchBody, Receipt} from "../../types/Settlement.sol";
import {JuryState} from "./JuryState.sol";

/// @notice Opening a case: what it is about is checked against what the chain knows, and a bond is taken.
abstract contract JuryFilings is JuryState {
    using SafeERC20 for IERC20;

    struct Subject {
        Question question;
        address accused;
        uint64 since; // settlement or attestation
        bytes32 target;
        bytes32 object;
        bytes32 releaseHash;
        bytes32 datanetsHash;
        uint32 batchIndex;
        uint32 detail;
        address payer;
        uint96 fee;
        uint96 highestBond;
    }

    /// @notice See IJury.
    function fileReceipt(
        Question question,
        AccusedReceipt calldata accused,
        uint96 highestBond,
        string calldata statementCid
    ) external whenNotPaused returns (uint32 caseId) {
        if (question > Question.Query) revert Jury_WrongQuestion(question);
        // slither-disable-next-line uninitialized-local (filled below)
        Subject memory s;
        s.question = question;
        s.highestBond = highestBond;
        _openBatch(s, accused);
        _openReceipt(s, accused);
        _openRelease(s, accused);
        return _file(s, statementCid);
    }

    /// @notice See IJury.
    function fileRelease(
        Question question,
        Release calldata release,
        uint32 detail,
        uint96 highestBond,
        string calldata statementCid
    ) external whenNotPaused returns (uint32 caseId) {
        if (question < Question.Row) revert Jury_WrongQuestion(question);
        // slither-disable-next-line uninitialized-local (filled below)
        Subject memory s;
        s.question = question;
        s.highestBond = highestBond;
        s.releaseHash = keccak256(abi.encode(release));
        (s.accused, s.since) = jobs.attestationOf(s.releaseHash);
        // The score comes after the release: objections have their time from then on.
        if (question == Question.Evaluation) s.since = proposals.reportedAt(s.releaseHash);
        if (s.accused == address(0) || s.since == 0) revert Jury_NotAttested(s.releaseHash);
        s.target = s.releaseHash;
        s.object = s.releaseHash;
        s.datanetsHash = release.datanetsHash;
        s.detail = detail;
        return _file(s, statementCid);
    }

    function _openBatch(
        Subject memory s,
        AccusedReceipt calldata accused
    ) private view {
        BatchBody calldata body = accused.header.body;
        s.target = _requireHeader(accused.header);
        s.accused = body.operator;
        s.since = accused.header.settledAt;
        s.batchIndex = body.batchIndex;
        ISettlement.OperatorBatches memory state = settlement.batches(body.operator);
        // What was voided has been slashed for; its honest receipts will be settled again.
        if ((state.voidedFrom != 0 && body.batchIndex >= state.voidedFrom) || body.batchIndex > state.settled) {
            revert Jury_BatchVoid(body.operator, body.batchIndex);
        }
    }

    function _openReceipt(
        Subject memory s,
        AccusedReceipt calldata accused
    ) private view {
        Receipt calldata receipt = accused.opened.receipt;
        // slither-disable-next-line unused-return (it reverts unless the leaf opens; its sum is not asked for)
        TreeProofs.open(accused.header.body.receipts, SumTree.RECEIPTS, accused.opened.leaf);
        // slither-disable-next-line unused-return (the digest is for signatures only)
        (s.object,) = settlement.hashReceipt(receipt);
        if (accused.opened.leaf.data != s.object) revert Jury_WrongReceipt(s.object, accused.opened.leaf.data);
        bytes32 channel = Channels.id(accused.payer, s.accused, accused.signer);
        if (receipt.channel != channel) revert Jury_WrongChannel(channel, receipt.channel);
        s.payer = accused.payer;
        s.fee = receipt.fee;
    }

    function _openRelease(
        Subject memory s,
        AccusedReceipt calldata accused
    ) private pure {
        bytes32 composition = keccak256(abi.encode(accused.composition));
        bytes32 expected = accused.opened.receipt.compositionHash;
        if (composition != expected) revert Jury_WrongComposition(composition, expected);
        uint256 components = accused.composition.length;
        if (accused.component >= components) revert Jury_NoSuchComponent(accused.component, components);
        bytes32 releaseHash = accused.composition[accused.component].releaseHash;
        s.releaseHash = keccak256(abi.encode(accused.release));
        if (s.releaseHash != releaseHash) revert Jury_WrongRelease(s.releaseHash, releaseHash);
        s.datanetsHash = accused.release.datanetsHash;
        s.detail = uint32(accused.component);
    }

    function _file(
        Subject memory s,
        string calldata statementCid
    ) private returns (uint32 caseId) {
        JuryStorage storage $ = _jury();
        if (block.timestamp > s.since + _filingPeriod) revert Jury_TooLate(s.since + _filingPeriod);
        bytes32 object = keccak256(abi.encode(s.accused, s.object));
        if ($.slashed[object]) revert Jury_AlreadySlashed(s.object);
        bytes32 subject = keccak256(abi.encode(object, s.question, s.detail));
        if ($.judged[subject]) revert Jury_AlreadyJudged(subject);
        $.judged[subject] = true;
        if ($.activeJurors < _seats) revert Jury_TooFewJurors($.activeJurors, _seats);
        if ($.openCases[s.target] == MAX_OPEN_CASES) revert Jury_TooManyCases(s.target);
        uint96 bond = _bondFor(s.target);
        if (s.highestBond < bond) revert Jury_BondTooLow(s.highestBond, bond);
        ++$.openCases[s.target];
        caseId = ++$.caseCount;
        JuryCase storage c = $.cases[caseId];
        c.accused = s.accused;
        c.question = s.question;
        c.status = CaseStatus.Open;
        c.round = 1;
        c.seats = _seats;
        c.filer = msg.sender;
        c.bond = bond;
        c.payer = s.payer;
        c.fee = s.fee;
        c.filedAt = uint64(block.timestamp);
        c.roundStartedAt = uint64(block.timestamp);
        c.seedBlock = uint64(block.number) + SEED_DELAY;
        c.target = s.target;
        c.object = object;
        c.subject = subject;
        c.datanetsHash = s.datanetsHash;
        _emitFiled(caseId, s, bond, statementCid);
        token.safeTransferFrom(msg.sender, address(this), bond);
    }

    function _emitFiled(
        uint32 caseId,
        Subject memory s,
        uint96 bond,
        string calldata statementCid
    ) private {
        emit CaseFiled(
            caseId,
            s.accused,
            msg.sender,
            s.question,
            s.target,
            s.object,
            s.releaseHash,
            s.batchIndex,
            s.detail,
            bond,
            _seats,
            uint64(block.number) + SEED_DELAY,
            uint64(block.timestamp) + _drawPeriod,
            statementCid
        );
    }
}
