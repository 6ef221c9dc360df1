// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {BackerShares} from "../../src/models/BackerShares.sol";
import {IBackerShares} from "../../src/models/IBackerShares.sol";
import {IModelRegistry} from "../../src/models/IModelRegistry.sol";
import {Release, Terms} from "../../src/types/Release.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

/// @notice Carol has 50 units of 100, Dave 30, the proposer 20; they get at most 120 OPEN.
contract BackerSharesTest is ProposalsBase {
    uint96 private constant MOST = 2 * PRICE;

    uint32 private id;
    uint32 private modelId;
    BackerShares private shares;

    function setUp() public override {
        super.setUp();
        id = passed();
        modelId = proposals.proposal(id).modelId;
        shares = sharesOf(id);
    }

    /// @dev As the reward pool pays what batches allot to the account that the terms name.
    function _earn(
        uint256 amount
    ) private {
        token.mint(address(shares), amount);
    }

    function _collect() private {
        proposals.collect(id, carol);
        proposals.collect(id, dave);
        proposals.collect(id, proposer);
    }

    function test_earnings_areDividedByUnits() public {
        _collect();
        _earn(10e18);
        assertEq(shares.claimable(carol), 5e18);
        uint256 had = token.balanceOf(carol);
        vm.expectEmit(address(shares));
        emit IBackerShares.SharesClaimed(modelId, carol, 5e18, anyone);
        vm.prank(anyone);
        shares.claim(carol);
        assertEq(token.balanceOf(carol), had + 5e18);
        assertEq(shares.claimable(dave), 3e18);
        assertEq(shares.claim(carol), 0);
        (uint96 units, uint96 cap, uint96 divided) = shares.progress();
        assertEq(units, GOAL);
        assertEq(cap, MOST);
        assertEq(divided, 10e18);
    }

    /// @dev Units count before they are fetched: nobody loses by fetching late, nobody gains by fetching early.
    function test_earnings_fromBeforeUnitsAreFetchedAreTheirs() public {
        proposals.collect(id, carol);
        _earn(10e18);
        assertEq(shares.claimable(carol), 5e18);
        shares.claim(carol);
        _earn(10e18);
        proposals.collect(id, dave);
        assertEq(shares.claimable(dave), 6e18);
        assertEq(shares.claimable(carol), 5e18);
    }

    function test_transfer_leavesWhatWasEarnedBehind() public {
        _collect();
        _earn(10e18);
        vm.prank(carol);
        shares.transfer(mallory, 50e18);
        assertEq(shares.claimable(carol), 5e18);
        assertEq(shares.claimable(mallory), 0);
        _earn(10e18);
        assertEq(shares.claimable(carol), 5e18);
        assertEq(shares.claimable(mallory), 5e18);
    }

    function test_cap_givesTheRestToTheModelsOwner() public {
        _collect();
        assertFalse(shares.paidInFull());
        _earn(MOST + 7e18);
        assertTrue(shares.paidInFull());
        assertEq(shares.claimable(carol), MOST / 2);
        vm.prank(proposer);
        models.transferFrom(proposer, bob, modelId);
        uint256 had = token.balanceOf(bob);
        vm.expectEmit(address(shares));
        emit IBackerShares.OwnerPaid(modelId, bob, 7e18, anyone);
        vm.prank(anyone);
        shares.payOwner();
        assertEq(token.balanceOf(bob), had + 7e18);
        assertEq(shares.payOwner(), 0);
        shares.claim(carol);
        shares.claim(dave);
        shares.claim(proposer);
        assertEq(token.balanceOf(address(shares)), 0);
    }

    function test_setTerms_mustKeepTheBackersUntilTheyArePaid() public {
        Terms memory t = someTerms();
        t.backers = address(shares);
        vm.startPrank(proposer);
        t.promptPrice = 77;
        assertEq(models.setTerms(modelId, t), 2);
        (t.backersBps, t.developerBps) = (2_000, 1_000); // more is theirs to give
        models.setTerms(modelId, t);
        bytes memory locked = abi.encodeWithSelector(
            IModelRegistry.ModelRegistry_BackersLocked.selector, modelId, address(shares), 1_000
        );
        (t.backersBps, t.developerBps) = (999, 2_001);
        vm.expectRevert(locked);
        models.setTerms(modelId, t);
        t = someTerms(); // names another account
        vm.expectRevert(locked);
        models.setTerms(modelId, t);
        vm.stopPrank();
        _earn(MOST);
        vm.prank(proposer);
        models.setTerms(modelId, t);
        assertEq(models.terms(modelId, models.termsVersion(modelId)).backers, bob);
    }

    function test_restricted_areTheProposals() public {
        bytes memory notProposals = abi.encodeWithSelector(IBackerShares.BackerShares_NotProposals.selector, mallory);
        vm.startPrank(mallory);
        vm.expectRevert(notProposals);
        shares.mint(mallory, 1);
        vm.expectRevert(notProposals);
        shares.start(1, 1);
        vm.expectRevert(notProposals);
        shares.initialize(1, "", "");
        vm.stopPrank();
        vm.startPrank(address(proposals));
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        shares.start(1, 1);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        shares.initialize(1, "", "");
    }

    function test_beforeItPasses_moneyWaits() public {
        uint32 other = _second();
        BackerShares early = sharesOf(other);
        token.mint(address(early), 4e18);
        assertEq(early.claim(carol), 0);
        assertFalse(early.paidInFull());
        assertEq(early.payOwner(), 0);
        vm.warp(block.timestamp + s.disputePeriod + 1);
        proposals.pass(other);
        proposals.collect(other, carol);
        assertEq(early.claimable(carol), 2e18);
    }

    /// @dev A second proposal, whose release differs by its log.
    function _second() private returns (uint32 other) {
        other = accepted(PRICE);
        uint32 jobId = proposals.proposal(other).jobId;
        Release memory r = release();
        r.trainingLogRoot = "another log";
        vm.prank(operator);
        jobs.attest(jobId, r, "bafkreievaluation", "bafkreimanifest");
        reveal(other);
        report(other, MARK);
    }

    /// @dev Whatever comes and moves, no more is owed than is there, and all but rounding is owed.
    function testFuzz_shares_oweWhatTheyHold(
        uint96[4] memory earned,
        uint96[3] memory moved,
        uint8 fetched
    ) public {
        address[3] memory who = [carol, dave, proposer];
        uint256 total;
        for (uint256 i; i < 4; ++i) {
            uint256 amount = bound(earned[i], 0, 60e18);
            _earn(amount);
            total += amount;
            if (i < 3) {
                if (fetched >> i & 1 == 1) proposals.collect(id, who[i]);
                uint256 has = shares.balanceOf(who[i]);
                vm.prank(who[i]);
                shares.transfer(who[(i + 1) % 3], bound(moved[i], 0, has));
            }
        }
        for (uint256 i; i < 3; ++i) {
            if (proposals.backingOf(id, who[i]) > 0) proposals.collect(id, who[i]);
        }
        uint256 owed = shares.claimable(carol) + shares.claimable(dave) + shares.claimable(proposer);
        assertLe(owed, total < MOST ? total : MOST);
        assertGe(owed + 20, total < MOST ? total : MOST);
        uint256 paid = uint256(shares.claim(carol)) + shares.claim(dave) + shares.claim(proposer) + shares.payOwner();
        assertEq(token.balanceOf(address(shares)), total - paid);
        assertLe(total - paid, 20);
    }
}
