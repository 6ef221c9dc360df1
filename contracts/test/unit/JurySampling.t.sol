// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Vm} from "forge-std/Vm.sol";
import {BoundedPause} from "../../src/libraries/BoundedPause.sol";
import {IJuryEvents} from "../../src/oracles/IJuryEvents.sol";
import {Sampling} from "../../src/types/Jury.sol";
import {BatchHeader} from "../../src/types/Settlement.sol";
import {JuryBase} from "../settlement/JuryBase.sol";

contract JurySamplingTest is JuryBase {
    BatchHeader private header;
    bytes32 private headerHash;

    function setUp() public override {
        super.setUp();
        vm.prank(governance);
        jury.setSampleRate(1_000);
        Calls[] memory calls = new Calls[](2);
        calls[0] = Calls(payer, payerKey, 13, FEE);
        calls[1] = Calls(payer2, payer2Key, 8, FEE);
        _settleHonest(calls);
        header = headers[operator][1];
        headerHash = settlement.headerHash(operator, 1);
    }

    function _sampled() private {
        jury.openSampling(header);
        _pass(jury.SEED_DELAY() + 1);
        jury.drawSamples(headerHash);
    }

    function test_setSampleRate_onlyByGovernanceAndWithinLimits() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian));
        vm.prank(guardian);
        jury.setSampleRate(1);
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_RateTooHigh.selector, 1_001, 1_000));
        jury.setSampleRate(1_001);
        jury.setSampleRate(7);
        assertEq(jury.sampleRateBps(), 7);
    }

    function test_sampling_obligesToThatShareRoundedUp() public {
        jury.openSampling(header);
        vm.prank(governance);
        jury.setSampleRate(0); // changes nothing for what is open
        _pass(jury.SEED_DELAY() + 1);
        vm.recordLogs();
        jury.drawSamples(headerHash);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 3); // a tenth of 21
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(logs[i].topics[0], IJuryEvents.ReceiptSampled.selector);
            (uint16 sample, uint32 leaf, uint64 discloseBy) = abi.decode(logs[i].data, (uint16, uint32, uint64));
            assertEq(sample, i);
            assertTrue(leaf >= 1 && leaf <= 21);
            assertEq(discloseBy, block.timestamp + ANSWER);
        }
        Sampling memory s = jury.sampling(headerHash);
        assertEq(s.samples, 3);
        assertEq(s.operator, operator);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadySampled.selector, headerHash));
        jury.drawSamples(headerHash);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingSampled.selector, headerHash));
        jury.openSampling(header);
    }

    function test_openSampling_onceWithinItsTimeOfASettledBatch() public {
        header.settledAt += 1;
        vm.expectPartialRevert(IJuryEvents.Jury_WrongHeader.selector);
        jury.openSampling(header);
        header.settledAt -= 1;
        jury.openSampling(header);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadySampled.selector, headerHash));
        jury.openSampling(header);
        uint64 seedBlock = uint64(block.number) + jury.SEED_DELAY();
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_SeedUnknown.selector, seedBlock));
        jury.drawSamples(headerHash);
        _pass(SAMPLING + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, header.settledAt + SAMPLING));
        jury.drawSamples(headerHash);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, header.settledAt + SAMPLING));
        jury.openSampling(header);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingSampled.selector, bytes32("x")));
        jury.drawSamples("x");
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingWithheld.selector, headerHash));
        jury.punishSilence(headerHash); // nobody drew, nothing is owed
    }

    function test_disclosed_isNotPunished() public {
        _sampled();
        vm.startPrank(operatorSigner);
        for (uint16 i = 0; i < 3; ++i) {
            vm.expectEmit(address(jury));
            emit IJuryEvents.SampleDisclosed(headerHash, operator, i, "bafkreipreimages", operatorSigner);
            jury.disclose(headerHash, i, "bafkreipreimages");
        }
        vm.stopPrank();
        _pass(ANSWER + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingWithheld.selector, headerHash));
        jury.punishSilence(headerHash);
    }

    function test_disclose_failsForOthersTwiceOrLate() public {
        _sampled();
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NotOperator.selector, mallory, operator));
        vm.prank(mallory);
        jury.disclose(headerHash, 0, "p");
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NoSuchSample.selector, headerHash, 3));
        jury.disclose(headerHash, 3, "p");
        vm.expectRevert(IJuryEvents.Jury_EmptyPointer.selector);
        jury.disclose(headerHash, 0, "");
        jury.disclose(headerHash, 0, "p");
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_AlreadyDisclosed.selector, headerHash, 0));
        jury.disclose(headerHash, 0, "p");
        uint64 discloseBy = uint64(block.timestamp) + ANSWER;
        _pass(ANSWER + 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooLate.selector, discloseBy));
        jury.disclose(headerHash, 1, "p");
    }

    /// @dev One of three withheld is enough; once; whoever punishes itself keeps a tenth.
    function testFuzz_silence_slashesOnceAndBurnsNineTenths(
        uint8 given
    ) public {
        _sampled();
        given = given % 3;
        for (uint16 i = 0; i < given; ++i) {
            vm.prank(operator);
            jury.disclose(headerHash, i, "p");
        }
        uint64 discloseBy = jury.sampling(headerHash).discloseBy;
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_TooEarly.selector, discloseBy + 1));
        jury.punishSilence(headerHash);
        _pass(ANSWER + 1);
        uint256 supply = token.totalSupply();
        jury.punishSilence(headerHash);
        assertEq(registry.operator(operator).stake, STAKE - MINIMUM_STAKE);
        assertEq(jury.credit(watchtower), MINIMUM_STAKE / 10);
        assertEq(supply - token.totalSupply(), MINIMUM_STAKE - MINIMUM_STAKE / 10);
        vm.expectRevert(abi.encodeWithSelector(IJuryEvents.Jury_NothingWithheld.selector, headerHash));
        jury.punishSilence(headerHash);
        _assertSolvent();
    }

    function test_pause_stopsNewSamplingsNotDisclosures() public {
        _sampled();
        _settleHonest(_two());
        vm.prank(guardian);
        jury.pause();
        uint64 until = uint64(block.timestamp) + LONGEST_PAUSE;
        vm.expectRevert(abi.encodeWithSelector(BoundedPause.BoundedPause_Paused.selector, until));
        jury.openSampling(headers[operator][2]);
        vm.prank(operator);
        jury.disclose(headerHash, 0, "p");
        _pass(ANSWER + 1);
        jury.punishSilence(headerHash);
    }
}
