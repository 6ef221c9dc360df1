// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDatanetRegistry} from "../../datanets/IDatanetRegistry.sol";
import {BoundedPause} from "../../libraries/BoundedPause.sol";
import {StakeTree} from "../../libraries/StakeTree.sol";
import {IModelProposals} from "../../models/IModelProposals.sol";
import {ITrainingJobs} from "../../models/ITrainingJobs.sol";
import {ISettlement} from "../../settlement/ISettlement.sol";
import {CaseStatus, Juror, JuryCase, JurySettings, Sampling, Seat} from "../../types/Jury.sol";
import {BatchHeader} from "../../types/Settlement.sol";
import {IJuryEvents} from "../IJuryEvents.sol";
import {IOperatorRegistry} from "../IOperatorRegistry.sol";

/// @notice What all parts of the Jury share: its numbers, its storage, the seed, and money that waits to be fetched.
abstract contract JuryState is IJuryEvents, BoundedPause {
    uint256 internal constant BPS = 10_000;
    /// @notice Parts of what a verdict slashes, rounded down; the rest is burned. Together at most half, so that an
    ///         operator that convicts itself, its own jurors and datanets included, always loses the other half.
    uint256 public constant FILER_BPS = 1_000;
    uint256 public constant JURORS_BPS = 1_000;
    uint256 public constant COMPENSATION_BPS = 3_000;
    /// @notice A receipt's operator is slashed by the minimum stake, or by this many times the fee if that is more.
    uint96 public constant FEE_FACTOR = 4;
    /// @notice Blocks from filing to the block that draws: nobody knows its hash when filing.
    uint64 public constant SEED_DELAY = 4;
    /// @dev Hashes of so many blocks back are readable.
    uint64 private constant READABLE_BLOCKS = 256;
    /// @notice How often a seed that nobody used in time moves on to the next block fixed beforehand.
    uint64 public constant SEED_MOVES = 7;

    /// @notice Cases about one batch or release that may be open at a time. Each needs twice the bond of the one before
    ///         it, so that filling all of them to keep others out costs 255 bonds.
    uint8 public constant MAX_OPEN_CASES = 8;
    /// @notice Most that governance can ask for: one receipt in ten.
    uint16 public constant MAX_SAMPLE_BPS = 1_000;
    /// @notice Samples of a batch at most.
    uint16 public constant MAX_SAMPLES = 16;

    /// @notice Seconds after a verdict in which compensation can be paid; what nobody could open by then is burned.
    uint64 public constant COMPENSATION_PERIOD = 30 days;

    IERC20 public immutable token;
    IOperatorRegistry public immutable registry;
    ISettlement public immutable settlement;
    ITrainingJobs public immutable jobs;
    IDatanetRegistry public immutable datanets;
    IModelProposals public immutable proposals;

    uint96 internal immutable _minimumStake;
    uint96 internal immutable _noShowPenalty;
    uint96 internal immutable _bond;
    uint16 internal immutable _seats;
    uint64 internal immutable _drawPeriod;
    uint64 internal immutable _commitPeriod;
    uint64 internal immutable _revealPeriod;
    uint64 internal immutable _filingPeriod;
    uint64 internal immutable _samplingPeriod;
    uint64 internal immutable _answerPeriod;

    /// @custom:storage-location erc7201:openledger.storage.Jury
    struct JuryStorage {
        StakeTree.Tree tree;
        mapping(uint32 slot => address) jurorAt;
        mapping(address account => Juror) jurors;
        mapping(address account => uint96) credits;
        uint32 activeJurors;
        uint32 caseCount;
        uint16 sampleRateBps;
        mapping(uint32 caseId => JuryCase) cases;
        mapping(uint32 caseId => mapping(uint8 round => address[])) drawn;
        mapping(uint32 caseId => mapping(uint8 round => mapping(address => Seat))) seats;
        mapping(uint32 caseId => mapping(uint256 index => bool)) compensated;
        mapping(bytes32 target => uint8) openCases;
        mapping(bytes32 subject => bool) judged; // or being judged
        mapping(bytes32 object => bool) slashed;
        mapping(bytes32 headerHash => Sampling) samplings;
        mapping(bytes32 headerHash => mapping(uint16 sample => bool)) disclosed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Jury")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant JURY_STORAGE = 0x6d45867765fd9a2913fb24de2f79158dd37de81bfe73b094cf3188e6e3fd1a00;

    constructor(
        IOperatorRegistry registry_,
        ISettlement settlement_,
        ITrainingJobs jobs_,
        IDatanetRegistry datanets_,
        IModelProposals proposals_,
        IERC20 token_,
        JurySettings memory s
    ) {
        if (
            s.seats % 2 == 0 || s.seats > 15 || s.noShowPenalty > s.minimumStake || s.minimumStake == 0 || s.bond == 0
                || s.drawPeriod == 0 || s.commitPeriod == 0 || s.revealPeriod == 0
        ) revert Jury_InvalidSettings();
        registry = registry_;
        settlement = settlement_;
        jobs = jobs_;
        datanets = datanets_;
        proposals = proposals_;
        token = token_;
        _minimumStake = s.minimumStake;
        _noShowPenalty = s.noShowPenalty;
        _bond = s.bond;
        _seats = s.seats;
        _drawPeriod = s.drawPeriod;
        _commitPeriod = s.commitPeriod;
        _revealPeriod = s.revealPeriod;
        _filingPeriod = s.filingPeriod;
        _samplingPeriod = s.samplingPeriod;
        _answerPeriod = s.answerPeriod;
    }

    function _openCase(
        uint32 caseId
    ) internal view returns (JuryCase storage c) {
        c = _jury().cases[caseId];
        if (c.status != CaseStatus.Open) revert Jury_NotOpen(caseId, c.status);
    }

    /// @dev What filing one more case about `target` takes.
    function _bondFor(
        bytes32 target
    ) internal view returns (uint96) {
        return _bond << _jury().openCases[target];
    }

    function _give(
        address account,
        uint256 amount
    ) internal {
        _jury().credits[account] += uint96(amount);
    }

    /// @dev Hash of the block fixed beforehand. Of a block that is too far back nothing is known any more: the 256th
    ///      after it takes its place, and so on, a few times. So there is one valid seed at any time, whoever calls.
    function _seedOf(
        uint64 first
    ) internal view returns (bytes32) {
        if (block.number <= first) revert Jury_SeedUnknown(first);
        uint256 moves = (block.number - first - 1) / READABLE_BLOCKS;
        if (moves > SEED_MOVES) revert Jury_SeedLapsed(first);
        // slither-disable-next-line divide-before-multiply (whole moves only)
        return blockhash(first + moves * READABLE_BLOCKS);
    }

    /// @dev The header is that of a settled batch.
    function _requireHeader(
        BatchHeader calldata header
    ) internal view returns (bytes32 stored) {
        stored = settlement.headerHash(header.body.operator, header.body.batchIndex);
        bytes32 given = keccak256(
            abi.encode(keccak256(abi.encode(header.body)), keccak256(abi.encode(header.rewards)), header.settledAt)
        );
        if (given != stored) revert Jury_WrongHeader(given, stored);
    }

    function _jury() internal pure returns (JuryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := JURY_STORAGE
        }
    }
}
