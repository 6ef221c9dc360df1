// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessGrants} from "../../src/datanets/IAccessGrants.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {DatanetUse, Release} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";

contract TrainingJobsTest is Deployed {
    uint96 internal constant ESCROW = 100e18;
    uint96 internal constant PRICE = 80e18;

    uint32 internal modelId;
    uint32 internal datanetId;
    uint32 internal grantId;
    DatanetUse[] internal uses;
    uint32[] internal grantIds;

    function setUp() public override {
        super.setUp();
        modelId = createModel(developer);
        datanetId = createDatanet();
        accept(contribute(datanetId, alice, "root", 5));
        (uint32 version, bytes32 root) = publish(datanetId);
        grantId = grantTo(developer, datanetId, IAccessGrants.Purpose.Train);
        uses.push(DatanetUse({datanetId: datanetId, version: version, root: root}));
        grantIds.push(grantId);
        startOperator(operator);
    }

    function test_job_goesFromEscrowToRelease() public {
        uint256 developerBefore = token.balanceOf(developer);
        uint256 operatorBefore = token.balanceOf(operator);
        uint32 id = _accepted(4);
        ITrainingJobs.Job memory j = jobs.job(id);
        assertEq(j.price, PRICE);
        assertEq(j.deliverBy, block.timestamp + 600);
        vm.startPrank(operator);
        jobs.commitCheckpoint(id, 10, "one");
        assertEq(token.balanceOf(operator), operatorBefore + 10e18); // a quarter of half the price
        jobs.commitCheckpoint(id, 20, "two");
        Release memory r = someRelease("base", j.datanetsHash);
        vm.expectEmit(address(jobs));
        emit ITrainingJobs.JobAttested(
            id, operator, keccak256(abi.encode(r)), modelId, "log", PRICE - 20e18, "bafkreievaluation", "cid"
        );
        bytes32 hash = jobs.attest(id, r, "bafkreievaluation", "cid");
        assertEq(models.modelOf(hash), modelId);
        assertEq(token.balanceOf(operator), operatorBefore + PRICE);
        assertEq(token.balanceOf(developer), developerBefore - PRICE);
        assertEq(token.balanceOf(address(jobs)), 0);
        assertEq(uint8(jobs.job(id).status), uint8(ITrainingJobs.JobStatus.Attested));
    }

    function test_open_failsForOthersThanTheModelsOwner() public {
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_NotModelOwner.selector, modelId, mallory));
        vm.prank(mallory);
        jobs.open(modelId, "base", uses, grantIds, ESCROW, uint64(block.timestamp + 100), "cid");
    }

    function test_open_failsWithoutEscrow() public {
        vm.expectRevert(ITrainingJobs.TrainingJobs_NoEscrow.selector);
        vm.prank(developer);
        jobs.open(modelId, "base", uses, grantIds, 0, uint64(block.timestamp + 100), "cid");
    }

    function test_open_failsForAMomentThatIsPast() public {
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_TooLate.selector, 1, block.timestamp));
        vm.prank(developer);
        jobs.open(modelId, "base", uses, grantIds, ESCROW, uint64(block.timestamp), "cid");
    }

    function test_open_failsWithoutAGrantForEachDatanet() public {
        grantIds.push(1);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_InvalidData.selector, 1, 2));
        _open();
        delete uses;
        delete grantIds;
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_InvalidData.selector, 0, 0));
        _open();
    }

    function test_open_failsForAVersionThatIsNotThere() public {
        uses[0].root = "other";
        vm.expectRevert(
            abi.encodeWithSelector(ITrainingJobs.TrainingJobs_WrongVersion.selector, datanetId, 1, bytes32("other"))
        );
        _open();
        uses[0].version = 2;
        uses[0].root = 0;
        vm.expectRevert(
            abi.encodeWithSelector(ITrainingJobs.TrainingJobs_WrongVersion.selector, datanetId, 2, bytes32(0))
        );
        _open();
    }

    function test_open_failsWithoutALiveTrainGrant() public {
        grantIds[0] = grantTo(developer, datanetId, IAccessGrants.Purpose.Retrieve);
        vm.expectRevert(
            abi.encodeWithSelector(ITrainingJobs.TrainingJobs_GrantNotLive.selector, grantIds[0], datanetId)
        );
        _open();
    }

    function test_quote_failsForInactiveOperators() public {
        uint32 id = _open();
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_OperatorInactive.selector, mallory));
        vm.prank(mallory);
        jobs.quote(id, PRICE, 600, 0);
    }

    function test_quote_failsBeyondTheEscrowOrWithoutTime() public {
        uint32 id = _open();
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_InvalidQuote.selector, ESCROW + 1, 600));
        jobs.quote(id, ESCROW + 1, 600, 0);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_InvalidQuote.selector, PRICE, 0));
        jobs.quote(id, PRICE, 0, 0);
    }

    function test_quote_mayOnlyImprove() public {
        uint32 id = _quoted(2);
        vm.startPrank(operator);
        bytes memory worse = abi.encodeWithSelector(ITrainingJobs.TrainingJobs_WorseQuote.selector, id, operator);
        vm.expectRevert(worse);
        jobs.quote(id, PRICE + 1, 600, 2);
        vm.expectRevert(worse);
        jobs.quote(id, PRICE, 601, 2);
        vm.expectRevert(worse);
        jobs.quote(id, PRICE, 600, 1);
        jobs.quote(id, PRICE - 1, 599, 3);
        (uint96 price, uint32 duration, uint16 checkpoints) = jobs.quoteOf(id, operator);
        assertEq(price, PRICE - 1);
        assertEq(duration, 599);
        assertEq(checkpoints, 3);
    }

    function test_quote_failsWhenTheJobIsClosed() public {
        uint32 id = _open();
        uint64 until = jobs.job(id).openUntil;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_TooLate.selector, id, until));
        vm.prank(operator);
        jobs.quote(id, PRICE, 600, 0);
    }

    function test_accept_failsForOthersThanTheRequester() public {
        uint32 id = _quoted(0);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_NotRequester.selector, id, mallory));
        vm.prank(mallory);
        jobs.accept(id, operator);
    }

    function test_accept_failsWithoutAQuote() public {
        uint32 id = _open();
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_NoQuote.selector, id, operator));
        vm.prank(developer);
        jobs.accept(id, operator);
    }

    function test_accept_failsWhenTheOperatorHasLeft() public {
        uint32 id = _quoted(0);
        uint96 stake = operators.operator(operator).stake;
        vm.prank(operator);
        operators.unbond(stake);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_OperatorInactive.selector, operator));
        vm.prank(developer);
        jobs.accept(id, operator);
    }

    function test_accept_failsWhenAGrantWasRevoked() public {
        uint32 id = _quoted(0);
        vm.prank(provider);
        grants.revoke(grantId);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_GrantNotLive.selector, grantId, datanetId));
        vm.prank(developer);
        jobs.accept(id, operator);
    }

    function test_accept_failsTwice() public {
        uint32 id = _accepted(0);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITrainingJobs.TrainingJobs_InvalidStatus.selector, id, ITrainingJobs.JobStatus.Accepted
            )
        );
        vm.prank(developer);
        jobs.accept(id, operator);
    }

    function test_commitCheckpoint_failsOutOfOrderOrBeyondThePromise() public {
        uint32 id = _accepted(1);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_NotOperator.selector, id, mallory));
        vm.prank(mallory);
        jobs.commitCheckpoint(id, 1, "x");
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_StepNotAfter.selector, id, 0, 0));
        jobs.commitCheckpoint(id, 0, "x");
        jobs.commitCheckpoint(id, 1, "x");
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_TooManyCheckpoints.selector, id, 1));
        jobs.commitCheckpoint(id, 2, "x");
    }

    function test_attest_failsForAnotherRelease() public {
        uint32 id = _accepted(0);
        bytes32 data = jobs.job(id).datanetsHash;
        bytes memory wrong = abi.encodeWithSelector(ITrainingJobs.TrainingJobs_WrongRelease.selector, id);
        vm.startPrank(operator);
        vm.expectRevert(wrong);
        jobs.attest(id, someRelease("other base", data), "bafkreievaluation", "cid");
        vm.expectRevert(wrong);
        jobs.attest(id, someRelease("base", "other data"), "bafkreievaluation", "cid");
        vm.expectRevert(wrong);
        jobs.attest(id, someRelease("base", data), "other evaluation", "cid");
    }

    function test_attest_failsWhenLate() public {
        uint32 id = _accepted(0);
        uint64 deliverBy = jobs.job(id).deliverBy;
        Release memory r = someRelease("base", jobs.job(id).datanetsHash);
        vm.warp(deliverBy + 1);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_TooLate.selector, id, deliverBy));
        vm.prank(operator);
        jobs.attest(id, r, "bafkreievaluation", "cid");
    }

    function test_refund_returnsWhatNobodyTook() public {
        uint256 before = token.balanceOf(developer);
        uint32 id = _open();
        uint64 until = jobs.job(id).openUntil;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ITrainingJobs.TrainingJobs_TooEarly.selector, id, until));
        jobs.refund(id);
        tick();
        vm.prank(anyone);
        jobs.refund(id);
        assertEq(token.balanceOf(developer), before);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITrainingJobs.TrainingJobs_InvalidStatus.selector, id, ITrainingJobs.JobStatus.Refunded
            )
        );
        jobs.refund(id);
    }

    function test_refund_returnsWhatWasNotEarnedWhenNothingIsDelivered() public {
        uint256 before = token.balanceOf(developer);
        uint32 id = _accepted(2);
        vm.prank(operator);
        jobs.commitCheckpoint(id, 1, "x");
        vm.warp(uint256(jobs.job(id).deliverBy) + 1);
        jobs.refund(id);
        assertEq(token.balanceOf(developer), before - PRICE / 4);
        assertEq(token.balanceOf(address(jobs)), 0);
    }

    function testFuzz_pay_isExact(
        uint96 price,
        uint16 promised,
        uint16 made
    ) public {
        price = uint96(bound(price, 0, ESCROW));
        promised = uint16(bound(promised, 0, 40));
        made = uint16(bound(made, 0, promised));
        uint256 before = token.balanceOf(operator);
        uint256 developerBefore = token.balanceOf(developer);
        uint32 id = _open();
        vm.prank(operator);
        jobs.quote(id, price, 600, promised);
        vm.prank(developer);
        jobs.accept(id, operator);
        Release memory r = someRelease("base", jobs.job(id).datanetsHash);
        vm.startPrank(operator);
        for (uint32 step = 1; step <= made; ++step) {
            jobs.commitCheckpoint(id, step, "x");
        }
        assertLe(token.balanceOf(operator) - before, price / 2);
        jobs.attest(id, r, "bafkreievaluation", "cid");
        assertEq(token.balanceOf(operator), before + price);
        assertEq(token.balanceOf(developer), developerBefore - price);
    }

    function _open() private returns (uint32) {
        vm.prank(developer);
        return jobs.open(modelId, "base", uses, grantIds, ESCROW, uint64(block.timestamp + 100), "cid");
    }

    function _quoted(
        uint16 checkpoints
    ) private returns (uint32 id) {
        id = _open();
        vm.prank(operator);
        jobs.quote(id, PRICE, 600, checkpoints);
    }

    function _accepted(
        uint16 checkpoints
    ) private returns (uint32 id) {
        id = _quoted(checkpoints);
        vm.prank(developer);
        jobs.accept(id, operator);
    }
}
