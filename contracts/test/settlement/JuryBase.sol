// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Artifacts} from "../../../script/Artifacts.sol";
import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {Channels} from "../../src/libraries/Channels.sol";
import {IModelProposals} from "../../src/models/IModelProposals.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {AccusedReceipt, CaseStatus, Juror, JuryCase, JurySettings, Question, Vote} from "../../src/types/Jury.sol";
import {DatanetUse, Release} from "../../src/types/Release.sol";
import {Component} from "../../src/types/Settlement.sol";
import {FraudBase} from "./FraudBase.sol";

/// @notice A jury over honest batches: named jurors, and what they do in a case.
abstract contract JuryBase is FraudBase {
    uint96 internal constant JUROR_STAKE = 100e18;
    uint96 internal constant PENALTY = 10e18;
    uint96 internal constant CASE_BOND = 50e18;
    uint16 internal constant SEATS = 3;
    uint64 internal constant DRAW = 20;
    uint64 internal constant COMMIT = 40;
    uint64 internal constant REVEAL = 30;
    uint64 internal constant FILING = 40;
    uint64 internal constant SAMPLING = 15;
    uint64 internal constant ANSWER = 10;
    uint256 internal constant JURORS = 8;

    Jury internal jury;
    address[] internal jurors;
    address internal filer = makeAddr("filer");
    DatanetUse[] internal uses; // of the release that is asked about
    Release internal release_;

    function setUp() public virtual override {
        super.setUp();
        Jury implementation = Jury(
            Artifacts.create(
                "Jury",
                abi.encode(
                    IERC20(address(token)),
                    registry,
                    settlement,
                    ITrainingJobs(makeAddr("jobs")),
                    datanets,
                    IModelProposals(makeAddr("proposals")),
                    LONGEST_PAUSE,
                    _settings()
                )
            )
        );
        bytes memory init = abi.encodeCall(Jury.initialize, (address(manager)));
        deployCodeTo("out/ERC1967Proxy.sol/ERC1967Proxy.json", abi.encode(implementation, init), juryAddress);
        jury = Jury(juryAddress);
        _allow(address(jury), jury.pause.selector, GUARDIAN_ROLE);
        _allow(address(jury), jury.setSampleRate.selector, GOVERNANCE_ROLE);
        uses.push(DatanetUse(_datanet(), 1, "root"));
        uses.push(DatanetUse(_datanet(), 1, "other root"));
        release_.baseModel = "base";
        release_.datanetsHash = keccak256(abi.encode(uses));
        releaseHash = models.addRelease(models.modelOf(releaseHash), release_, 0, "bafkreimanifest");
        _give(filer, address(jury), 1_000_000e18);
        _give(operator, address(jury), 1_000_000e18);
        for (uint256 i = 0; i < JURORS; ++i) {
            jurors.push(_juror(string.concat("juror", vm.toString(i)), 200e18));
        }
        _pass(1);
    }

    function _settings() internal view virtual returns (JurySettings memory) {
        return JurySettings({
            minimumStake: JUROR_STAKE,
            noShowPenalty: PENALTY,
            bond: CASE_BOND,
            seats: SEATS,
            drawPeriod: DRAW,
            commitPeriod: COMMIT,
            revealPeriod: REVEAL,
            filingPeriod: FILING,
            samplingPeriod: SAMPLING,
            answerPeriod: ANSWER
        });
    }

    function _datanet() private returns (uint32) {
        return datanets.create(
            IDatanetRegistry.Policy.Open, true, 0, address(settlement), "Guide", "code", "MIT", "bafkreimetadata"
        );
    }

    function _juror(
        string memory name,
        uint96 amount
    ) internal returns (address account) {
        account = makeAddr(name);
        _give(account, address(jury), 10 * amount);
        vm.prank(account);
        jury.stake(amount);
    }

    /// @dev Seconds go by, with a block each.
    function _pass(
        uint256 seconds_
    ) internal {
        vm.warp(block.timestamp + seconds_);
        vm.roll(block.number + seconds_);
    }

    function _payerAt(
        Story memory s,
        uint256 position
    ) internal view returns (address) {
        for (uint256 i = 0; i < s.calls.length; ++i) {
            address from = s.calls[i].payer;
            if (Channels.id(from, operator, from) == s.opened[position].channel) return from;
        }
        revert("no such payer");
    }

    function _accusedAt(
        Story memory s,
        uint256 position
    ) internal view returns (AccusedReceipt memory a) {
        a.header = headers[operator][s.batch.body.batchIndex];
        a.opened = _openReceipt(s, position, s.opened[position]);
        a.composition = new Component[](1);
        a.composition[0] = _component();
        a.release = release_;
        a.payer = _payerAt(s, position);
        a.signer = a.payer;
    }

    function _file(
        Story memory s,
        uint256 position,
        Question question
    ) internal returns (uint32) {
        AccusedReceipt memory accused = _accusedAt(s, position);
        vm.prank(filer);
        return jury.fileReceipt(question, accused, type(uint96).max, "bafkreistatement");
    }

    /// @dev A case about the first receipt of an honest batch, drawn.
    function _drawnCase() internal returns (uint32 caseId, address[] memory drawn) {
        caseId = _file(_settleHonest(_two()), 0, Question.Output);
        drawn = _draw(caseId);
    }

    function _draw(
        uint32 caseId
    ) internal returns (address[] memory) {
        _pass(jury.SEED_DELAY() + 1);
        jury.draw(caseId);
        return jury.jurorsOf(caseId, jury.caseOf(caseId).round);
    }

    function _commitVote(
        uint32 caseId,
        address account,
        Vote vote
    ) internal {
        bytes32 commitment = jury.commitmentOf(caseId, jury.caseOf(caseId).round, account, vote, "salt");
        vm.prank(account);
        jury.commitVote(caseId, commitment);
    }

    function _revealVote(
        uint32 caseId,
        address account,
        Vote vote
    ) internal {
        vm.prank(account);
        jury.revealVote(caseId, vote, "salt");
    }

    /// @dev All votes in order of the drawn; None: does not come.
    function _voteAll(
        uint32 caseId,
        Vote[] memory votes_
    ) internal {
        address[] memory drawn = jury.jurorsOf(caseId, jury.caseOf(caseId).round);
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (votes_[i] != Vote.None) _commitVote(caseId, drawn[i], votes_[i]);
        }
        _pass(COMMIT + 1);
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (votes_[i] != Vote.None) _revealVote(caseId, drawn[i], votes_[i]);
        }
    }

    function _unanimous(
        uint32 caseId,
        Vote vote
    ) internal {
        Vote[] memory votes_ = new Vote[](16);
        for (uint256 i = 0; i < votes_.length; ++i) {
            votes_[i] = vote;
        }
        _voteAll(caseId, votes_);
    }

    function _status(
        uint32 caseId
    ) internal view returns (CaseStatus) {
        return jury.caseOf(caseId).status;
    }

    /// @dev What the jury owes to all who can have something there.
    function _owed() internal view returns (uint256 owed) {
        for (uint256 i = 0; i < jurors.length; ++i) {
            Juror memory j = jury.juror(jurors[i]);
            owed += j.stake + j.leaving + jury.credit(jurors[i]);
        }
        address[5] memory others = [filer, operator, payer, payer2, watchtower];
        for (uint256 i = 0; i < others.length; ++i) {
            owed += jury.credit(others[i]);
        }
        for (uint32 id = 1; id <= jury.caseCount(); ++id) {
            JuryCase memory c = jury.caseOf(id);
            if (c.status == CaseStatus.Open) owed += c.bond;
            owed += c.compensation;
        }
    }

    function _assertSolvent() internal view {
        assertEq(token.balanceOf(address(jury)), _owed());
    }
}
