// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAccessGrants} from "../../src/datanets/IAccessGrants.sol";
import {IReleaseFidelity} from "../../src/oracles/IReleaseFidelity.sol";
import {DatanetUse} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";

contract ReleaseFidelityTest is Deployed {
    uint96 internal constant PRICE = 7e18;

    bytes32 internal release;
    uint64 internal until;

    function setUp() public override {
        super.setUp();
        uint32 modelId = createModel(developer);
        uint32 datanetId = createDatanet();
        accept(contribute(datanetId, alice, "root", 5));
        DatanetUse[] memory uses = new DatanetUse[](1);
        uint32[] memory grantIds = new uint32[](1);
        (uint32 version, bytes32 root) = publish(datanetId);
        uses[0] = DatanetUse(datanetId, version, root);
        grantIds[0] = grantTo(developer, datanetId, IAccessGrants.Purpose.Train);
        startOperator(operator);
        vm.prank(developer);
        uint32 job = jobs.open(modelId, "base", uses, grantIds, 1e18, uint64(block.timestamp + 100), "cid");
        vm.prank(operator);
        jobs.quote(job, 1e18, 600, 0);
        vm.prank(developer);
        jobs.accept(job, operator);
        bytes32 used = jobs.job(job).datanetsHash;
        vm.prank(operator);
        release = jobs.attest(job, someRelease("base", used), "bafkreievaluation", "cid");
        until = uint64(block.timestamp + 1 days);
    }

    function test_request_isPaidToTheOperatorThatFulfilsIt() public {
        uint256 had = token.balanceOf(operator);
        vm.expectEmit(address(fidelity));
        emit IReleaseFidelity.CalibrationRequested(release, operator, alice, 24, PRICE, until);
        _request(alice, 24, PRICE);
        assertEq(token.balanceOf(address(fidelity)), PRICE);
        vm.expectEmit(address(fidelity));
        emit IReleaseFidelity.FidelityAttested(release, operator, 5_100, 4_200, 6_000, 24, "data", "bafkreidata", PRICE);
        _attest(operator, 24);
        assertEq(token.balanceOf(operator), had + PRICE);
        assertEq(token.balanceOf(address(fidelity)), 0);
        assertEq(fidelity.requestOf(release).requester, address(0));
        IReleaseFidelity.Fidelity memory f = fidelity.fidelityOf(release);
        assertEq(f.ldsBps, 5_100);
        assertEq(f.lowBps, 4_200);
        assertEq(f.highBps, 6_000);
        assertEq(f.runs, 24);
        assertEq(f.attestedAt, block.timestamp);
        assertEq(f.dataHash, "data");
    }

    function test_attest_needsNoRequest() public {
        uint256 had = token.balanceOf(operator);
        _attest(operator, 24);
        assertEq(fidelity.fidelityOf(release).runs, 24);
        assertEq(token.balanceOf(operator), had);
    }

    function test_attest_leavesARequestForMoreRunsOpen() public {
        _request(alice, 48, PRICE);
        _attest(operator, 24);
        assertEq(fidelity.requestOf(release).requester, alice);
        _attest(operator, 50);
        assertEq(token.balanceOf(address(fidelity)), 0);
    }

    function test_attest_tooLateIsNotPaidAndTheRequesterIsRefunded() public {
        uint256 had = token.balanceOf(alice);
        _request(alice, 24, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_TooEarly.selector, release, until));
        fidelity.refund(release);
        vm.warp(until + 1);
        _attest(operator, 24);
        vm.expectEmit(address(fidelity));
        emit IReleaseFidelity.CalibrationRefunded(release, alice, PRICE, anyone);
        vm.prank(anyone);
        fidelity.refund(release);
        assertEq(token.balanceOf(alice), had);
        vm.expectRevert(abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_NoRequest.selector, release));
        fidelity.refund(release);
    }

    function test_request_isReplacedByABetterOneOnly() public {
        uint256 had = token.balanceOf(mallory);
        _request(mallory, 48, 5);
        bytes memory worse =
            abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_RequestedBefore.selector, release, until);
        vm.startPrank(alice);
        vm.expectRevert(worse);
        fidelity.request(release, 48, 5, until);
        vm.expectRevert(worse);
        fidelity.request(release, 50, 6, until);
        vm.expectRevert(worse);
        fidelity.request(release, 48, 6, until - 1);
        fidelity.request(release, 24, 6, until);
        vm.stopPrank();
        assertEq(token.balanceOf(mallory), had);
        assertEq(token.balanceOf(address(fidelity)), 6);
        vm.warp(until + 1); // one that ran out holds nobody up
        until += 1 days;
        _request(bob, 96, 1);
        assertEq(fidelity.requestOf(release).requester, bob);
        assertEq(token.balanceOf(address(fidelity)), 1);
    }

    function test_request_failsForAReleaseThatNoJobMade() public {
        vm.expectRevert(
            abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_NotTrainedHere.selector, bytes32("other"))
        );
        fidelity.request("other", 24, PRICE, until);
    }

    function test_request_failsWhereItsOperatorHasLeft() public {
        uint96 stake = operators.operator(operator).stake;
        vm.prank(operator);
        operators.unbond(stake);
        vm.expectRevert(abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_OperatorInactive.selector, operator));
        fidelity.request(release, 24, PRICE, until);
    }

    function test_request_failsForNothingOrForAnotherTime() public {
        vm.startPrank(alice);
        vm.expectRevert(IReleaseFidelity.ReleaseFidelity_NoPrice.selector);
        fidelity.request(release, 24, 0, until);
        uint64[2] memory wrong = [uint64(block.timestamp), uint64(block.timestamp + 30 days + 1)];
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_InvalidDeadline.selector, wrong[i]));
            fidelity.request(release, 24, PRICE, wrong[i]);
        }
        fidelity.request(release, 24, PRICE, uint64(block.timestamp + 30 days));
    }

    function test_request_failsWithoutTheMoney() public {
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(anyone);
        fidelity.request(release, 24, PRICE, until);
    }

    function test_runs_mustBeEvenWithinLimitsAndGrow() public {
        uint16[4] memory wrong = [uint16(0), 22, 25, 258];
        for (uint256 i; i < wrong.length; ++i) {
            bytes memory refused =
                abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_InvalidRuns.selector, wrong[i]);
            vm.expectRevert(refused);
            _request(alice, wrong[i], PRICE);
            vm.expectRevert(refused);
            _attest(operator, wrong[i]);
        }
        _attest(operator, 24);
        bytes memory again =
            abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_NotMoreRuns.selector, uint16(24), uint16(24));
        vm.expectRevert(again);
        _attest(operator, 24);
        vm.expectRevert(again);
        _request(alice, 24, PRICE);
        _attest(operator, 256);
    }

    function test_attest_failsForOthersThanTheReleasesOperator() public {
        startOperator(mallory);
        vm.expectRevert(abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_NotOperator.selector, release, mallory));
        _attest(mallory, 24);
    }

    function test_attest_failsWithoutData() public {
        vm.startPrank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_NoData.selector, bytes32(0), "bafkreidata")
        );
        fidelity.attest(release, 1, 0, 2, 24, 0, "bafkreidata");
        vm.expectRevert(abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_NoData.selector, bytes32("data"), ""));
        fidelity.attest(release, 1, 0, 2, 24, "data", "");
    }

    function testFuzz_attest_takesAnIntervalAroundACorrelationAndNothingElse(
        int16 lds,
        int16 low,
        int16 high
    ) public {
        bool isOne = -10_000 <= low && low <= lds && lds <= high && high <= 10_000;
        if (!isOne) {
            vm.expectRevert(
                abi.encodeWithSelector(IReleaseFidelity.ReleaseFidelity_InvalidInterval.selector, low, lds, high)
            );
        }
        vm.prank(operator);
        fidelity.attest(release, lds, low, high, 24, "data", "bafkreidata");
        assertEq(fidelity.fidelityOf(release).runs, isOne ? 24 : 0);
    }

    function testFuzz_attest_takesEveryIntervalThereIs(
        int16 lds,
        int16 low,
        int16 high
    ) public {
        low = int16(bound(low, -10_000, 10_000));
        lds = int16(bound(lds, low, 10_000));
        high = int16(bound(high, lds, 10_000));
        vm.prank(operator);
        fidelity.attest(release, lds, low, high, 24, "data", "bafkreidata");
        assertEq(fidelity.fidelityOf(release).lowBps, low);
    }

    /// @dev What came in goes to the requesters or the operator, whatever the order.
    function testFuzz_escrow_isNeitherLostNorMade(
        uint96 first,
        uint96 second,
        bool late
    ) public {
        first = uint96(bound(first, 1, 1e24));
        second = uint96(bound(second, 1, 1e24));
        uint256 all = token.balanceOf(alice) + token.balanceOf(bob) + token.balanceOf(operator);
        _request(alice, 24, first);
        if (second <= first) vm.expectRevert();
        _request(bob, 24, second);
        if (late) vm.warp(until + 1);
        _attest(operator, 24);
        if (late) fidelity.refund(release);
        assertEq(token.balanceOf(address(fidelity)), 0);
        assertEq(token.balanceOf(alice) + token.balanceOf(bob) + token.balanceOf(operator), all);
    }

    function _request(
        address by,
        uint16 runs,
        uint96 price
    ) private {
        vm.prank(by);
        fidelity.request(release, runs, price, until);
    }

    function _attest(
        address by,
        uint16 runs
    ) private {
        vm.prank(by);
        fidelity.attest(release, 5_100, 4_200, 6_000, runs, "data", "bafkreidata");
    }
}
