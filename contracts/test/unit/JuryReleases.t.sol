// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessGrants} from "../../src/datanets/IAccessGrants.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {CaseStatus, JuryCase, Question, Vote} from "../../src/types/Jury.sol";
import {DatanetUse, Release} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";

/// @notice Cases about a release, in a deployment as the script leaves it: against the operator whose job made it.
contract JuryReleasesTest is Deployed {
    Jury private jury;
    Release private release;
    bytes32 private releaseHash;
    DatanetUse[] private uses;
    uint64 private filingPeriod;

    function setUp() public override {
        super.setUp();
        jury = Jury(at("Jury"));
        filingPeriod = jury.settings().filingPeriod;
        startOperator(operator);
        _train();
        address[4] memory people = [provider, reviewer, alice, bob];
        for (uint256 i = 0; i < people.length; ++i) {
            token.mint(people[i], 1_000e18);
            vm.startPrank(people[i]);
            token.approve(address(jury), type(uint256).max);
            jury.stake(200e18);
            vm.stopPrank();
        }
        vm.prank(mallory);
        token.approve(address(jury), type(uint256).max);
        tick();
    }

    function _train() private {
        uint32 modelId = createModel(developer);
        uint32 datanetId = createDatanet();
        accept(contribute(datanetId, alice, "root", 5));
        (uint32 version, bytes32 root) = publish(datanetId);
        uint32[] memory grantIds = new uint32[](1);
        grantIds[0] = grantTo(developer, datanetId, IAccessGrants.Purpose.Train);
        uses.push(DatanetUse(datanetId, version, root));
        vm.startPrank(developer);
        uint32 id = jobs.open(modelId, "base", uses, grantIds, 100e18, uint64(block.timestamp + 100), "cid");
        vm.startPrank(operator);
        jobs.quote(id, 80e18, 600, 0);
        vm.startPrank(developer);
        jobs.accept(id, operator);
        vm.startPrank(operator);
        release = someRelease("base", keccak256(abi.encode(uses)));
        releaseHash = jobs.attest(id, release, "bafkreievaluation", "cid");
        vm.stopPrank();
    }

    function _file(
        Question question,
        uint32 detail
    ) private returns (uint32) {
        vm.prank(mallory);
        return jury.fileRelease(question, release, detail, type(uint96).max, "bafkreiwhy");
    }

    function test_attestation_isKept() public view {
        (address trainer, uint64 attestedAt) = jobs.attestationOf(releaseHash);
        assertEq(trainer, operator);
        assertEq(attestedAt, block.timestamp - 1);
        (trainer,) = jobs.attestationOf("other");
        assertEq(trainer, address(0));
    }

    function test_fileRelease_convictsTheTrainerAndPaysTheDatanet() public {
        uint32 caseId = _file(Question.Row, 6);
        JuryCase memory c = jury.caseOf(caseId);
        assertEq(c.accused, operator);
        assertEq(c.target, releaseHash);
        assertEq(c.payer, address(0));
        vm.roll(block.number + jury.SEED_DELAY() + 1);
        jury.draw(caseId);
        address[] memory drawn = jury.jurorsOf(caseId, 1);
        assertEq(drawn.length, 3);
        for (uint256 i = 0; i < drawn.length; ++i) {
            bytes32 commitment = jury.commitmentOf(caseId, 1, drawn[i], Vote.Guilty, "salt");
            vm.prank(drawn[i]);
            jury.commitVote(caseId, commitment);
        }
        vm.warp(block.timestamp + jury.settings().commitPeriod + 1);
        for (uint256 i = 0; i < drawn.length; ++i) {
            vm.prank(drawn[i]);
            jury.revealVote(caseId, Vote.Guilty, "salt");
        }
        jury.decide(caseId);
        assertEq(operators.operator(operator).stake, 0);
        jury.compensate(caseId, uses, 0);
        uint256 part = operators.minimumStake() * 3 / 10;
        assertEq(token.balanceOf(address(poolOf(uses[0].datanetId))), part);
        assertEq(poolOf(uses[0].datanetId).claimable(alice), part); // its contributor's
        vm.warp(START + 2); // within the filing period
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadySlashed.selector, releaseHash));
        _file(Question.Training, 0);
    }

    function test_fileRelease_eachRowIsItsOwnQuestion() public {
        _file(Question.Row, 1);
        uint32 second = _file(Question.Row, 2);
        assertEq(uint256(jury.caseOf(second).status), uint256(CaseStatus.Open));
        bytes32 subject = jury.caseOf(second).subject;
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadyJudged.selector, subject));
        _file(Question.Row, 2);
    }

    function test_fileRelease_failsForUnknownReleasesOtherQuestionsAndTooLate() public {
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_WrongQuestion.selector, Question.Query));
        _file(Question.Query, 0);
        uint64 deadline = uint64(block.timestamp) - 1 + filingPeriod;
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, deadline));
        _file(Question.Row, 0);
        release.k = 1;
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotAttested.selector, keccak256(abi.encode(release))));
        _file(Question.Row, 0);
    }

    function test_deployment_leavesSamplingOffAndTheGuardianInCharge() public {
        assertEq(jury.sampleRateBps(), 0);
        assertEq(operators.jury(), address(jury));
        vm.prank(guardian);
        jury.pause();
        assertTrue(jury.paused());
        assertLt(address(jury).code.length, 24_576);
        vm.prank(at("ParametersTimelock"));
        jury.setSampleRate(10);
    }
}
