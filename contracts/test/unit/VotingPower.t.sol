// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IDelegatedVotes} from "../../src/governance/IDelegatedVotes.sol";
import {IVotingPower} from "../../src/governance/IVotingPower.sol";
import {VotingPower} from "../../src/governance/VotingPower.sol";
import {Deployed} from "../Deployed.sol";

contract BlockClock {
    function clock() external view returns (uint48) {
        return uint48(block.number);
    }
}

contract VotingPowerTest is Deployed {
    uint256 internal floor;

    function setUp() public override {
        super.setUp();
        floor = power.floor();
    }

    function test_power_isNobodysAtFirst() public {
        tick();
        assertEq(power.getPastVotes(alice, _last()), 0);
        (bool contribution, bool capital) = power.sources(_last());
        assertFalse(contribution);
        assertFalse(capital);
        assertEq(power.maturity(_last()), 0);
        assertEq(power.getPastTotalSupply(_last()), 1e18);
    }

    function test_power_isCapitalsWithoutContribution() public {
        _delegateOpen(alice);
        _delegateOpen(bob);
        tick();
        (uint256 contribution, uint256 capital) = power.partsOf(alice, _last());
        assertEq(contribution, 0);
        assertEq(capital, 0.5e18);
    }

    function test_power_growsWithContributionUpToTheFloor() public {
        _delegateOpen(bob);
        votes.mint(alice, floor / 4);
        tick();
        (uint256 contribution,) = power.partsOf(alice, _last());
        assertEq(power.maturity(_last()), 0.25e18);
        assertEq(contribution, 0.2e18);
        assertEq(power.getPastVotes(bob, _last()), 0.8e18);
        votes.mint(alice, floor);
        tick();
        assertEq(power.maturity(_last()), 1e18);
        assertEq(power.getPastVotes(alice, _last()), 0.8e18);
        assertEq(power.getPastVotes(bob, _last()), 0.2e18);
    }

    function test_power_isSharedAmongTheDelegatedOnly() public {
        votes.mint(alice, floor);
        votes.mint(mallory, 3 * floor);
        vm.prank(mallory);
        votes.delegate(address(0));
        tick();
        assertEq(power.getPastVotes(alice, _last()), 0.8e18);
    }

    function test_sources_leaveOutAShareThatRoundsToNothing() public {
        VotingPower vast = _powerWith(type(uint208).max);
        votes.mint(alice, 1);
        tick();
        (bool contribution,) = vast.sources(_last());
        assertFalse(contribution);
    }

    function test_getVotes_tellsThePresent() public {
        _delegateOpen(alice);
        assertEq(power.getVotes(alice), 1e18);
        votes.mint(bob, floor);
        tick();
        assertEq(power.getVotes(alice), 0.2e18);
        assertEq(power.getVotes(bob), 0.8e18);
        assertEq(power.delegates(alice), alice);
    }

    function test_lookups_failForWhatIsNotPast() public {
        vm.expectRevert();
        power.getPastVotes(alice, block.timestamp);
        vm.expectRevert();
        power.maturity(block.timestamp);
    }

    function test_delegate_happensAtTheSources() public {
        vm.expectRevert(IVotingPower.VotingPower_DelegateAtSource.selector);
        power.delegate(alice);
        vm.expectRevert(IVotingPower.VotingPower_DelegateAtSource.selector);
        power.delegateBySig(alice, 0, 0, 0, 0, 0);
    }

    function test_setFloor_leavesThePastAsItWas() public {
        votes.mint(alice, floor / 2);
        tick();
        uint256 then = _last();
        _setFloor(uint208(floor * 2));
        tick();
        assertEq(power.maturity(then), 0.5e18);
        assertEq(power.maturity(_last()), 0.25e18);
    }

    function test_setFloor_failsOnceMatured() public {
        votes.mint(alice, floor);
        tick();
        vm.expectRevert(IVotingPower.VotingPower_Matured.selector);
        _setFloor(uint208(floor + 1));
    }

    /// @dev A decision of many calls moves it no further than one call.
    function test_setFloor_doesNotAddUpWithinOneDecision() public {
        tick();
        _setFloor(uint208(floor * 2));
        vm.expectRevert(
            abi.encodeWithSelector(
                IVotingPower.VotingPower_FloorOutOfRange.selector, floor * 4, (floor + 1) / 2, floor * 2
            )
        );
        _setFloor(uint208(floor * 4));
        tick();
        _setFloor(uint208(floor * 4));
        assertEq(power.floor(), floor * 4);
    }

    function testFuzz_setFloor_staysWithinItsRange(
        uint208 to
    ) public {
        tick();
        (uint256 least, uint256 most) = power.floorRange();
        assertEq(least, (floor + 1) / 2);
        assertEq(most, floor * 2);
        uint208 inside = uint208(bound(to, least, most));
        if (to == 0) {
            vm.expectRevert(IVotingPower.VotingPower_ZeroFloor.selector);
        } else if (to < least || to > most) {
            vm.expectRevert(abi.encodeWithSelector(IVotingPower.VotingPower_FloorOutOfRange.selector, to, least, most));
        }
        _setFloor(to);
        _setFloor(inside);
        assertEq(power.floor(), inside);
    }

    function test_floorRange_endsWhereWeightsDo() public {
        (, uint256 most) = _powerWith(type(uint208).max).floorRange();
        assertEq(most, type(uint208).max);
    }

    function test_setFloor_failsForNothingAndForStrangers() public {
        vm.expectRevert(IVotingPower.VotingPower_ZeroFloor.selector);
        _setFloor(0);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        vm.prank(mallory);
        power.setFloor(1);
    }

    function test_initialize_failsForSourcesThatCountBlocks() public {
        BlockClock source = new BlockClock();
        address implementation = address(new VotingPower());
        vm.expectRevert(abi.encodeWithSelector(IVotingPower.VotingPower_WrongClock.selector, address(source)));
        new ERC1967Proxy(
            implementation,
            abi.encodeCall(
                VotingPower.initialize,
                (address(manager()), IDelegatedVotes(address(source)), IDelegatedVotes(address(token)), 1)
            )
        );
    }

    /// @dev However much of either there is, all power together is never more than 1e18 nor less than a rounding.
    function testFuzz_power_isNeverMoreThanAll(
        uint96[3] memory earned,
        uint96[3] memory held
    ) public {
        address[3] memory who = [makeAddr("x"), makeAddr("y"), makeAddr("z")];
        uint256 earnedSum;
        uint256 heldSum;
        for (uint256 i; i < 3; ++i) {
            uint256 open = bound(held[i], 0, 1e26);
            if (earned[i] > 0) votes.mint(who[i], earned[i]);
            token.mint(who[i], open);
            _delegateOpen(who[i]);
            earnedSum += earned[i];
            heldSum += open;
        }
        tick();
        uint256 sum;
        for (uint256 i; i < 3; ++i) {
            sum += power.getPastVotes(who[i], _last());
        }
        assertLe(sum, 1e18);
        if (earnedSum > 0 && heldSum > 0) assertGe(sum + 6, 1e18);
        uint256 r = power.maturity(_last());
        assertEq(r == 1e18, earnedSum >= floor);
    }

    function _setFloor(
        uint208 to
    ) private {
        vm.prank(at("ParametersTimelock"));
        power.setFloor(to);
    }

    /// @dev Over the same votes, with a floor of its own.
    function _powerWith(
        uint208 floor_
    ) private returns (VotingPower) {
        bytes memory call = abi.encodeCall(
            VotingPower.initialize,
            (address(manager()), IDelegatedVotes(address(votes)), IDelegatedVotes(address(token)), floor_)
        );
        return VotingPower(address(new ERC1967Proxy(address(new VotingPower()), call)));
    }

    function _delegateOpen(
        address account
    ) private {
        vm.prank(account);
        token.delegate(account);
    }

    function _last() private view returns (uint256) {
        return block.timestamp - 1;
    }
}
