// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {INamedReviewers} from "../../src/datanets/INamedReviewers.sol";
import {Deployed} from "../Deployed.sol";

contract DatanetRegistryTest is Deployed {
    uint32 internal id;

    function setUp() public override {
        super.setUp();
        id = createDatanet();
    }

    function test_create_makesADatanetWithItsPool() public view {
        IDatanetRegistry.Datanet memory d = datanets.datanet(id);
        assertEq(d.provider, provider);
        assertEq(d.reviewPolicy, address(reviewers));
        assertEq(d.bond, BOND);
        assertTrue(d.retrievalAllowed);
        assertEq(poolOf(id).registry(), address(datanets));
        assertEq(address(poolOf(id).token()), address(token));
        assertEq(datanets.datanetCount(), 1);
    }

    function test_create_failsWithoutNameOrPolicy() public {
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_EmptyName.selector);
        datanets.create(IDatanetRegistry.Policy.Open, true, 0, address(reviewers), "", "", "", "");
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidReviewPolicy.selector, anyone));
        datanets.create(IDatanetRegistry.Policy.Open, true, 0, anyone, "a", "", "", "");
    }

    function test_contribution_goesFromCommitToAcceptance() public {
        uint256 before = token.balanceOf(alice);
        uint32 c = commit(id, alice, "root");
        assertEq(token.balanceOf(alice), before - BOND);
        reveal(c, alice, "root", 12);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.ContributionAccepted(c, id, reviewer, alice, 12, 9_000, "good");
        accept(c);
        assertEq(token.balanceOf(alice), before);
        IDatanetRegistry.Contribution memory got = datanets.contribution(c);
        assertEq(uint8(got.status), uint8(IDatanetRegistry.ContributionStatus.Accepted));
        assertEq(got.reviewer, reviewer);
        assertEq(got.records, 12);
        assertEq(datanets.datanet(id).records, 12);
        assertEq(poolOf(id).recordsOf(alice), 12);
    }

    function test_commit_failsForAnUnknownDatanet() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownDatanet.selector, 99));
        datanets.commit(99, "x");
    }

    function test_commit_failsWithoutTheBond() public {
        vm.prank(anyone);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(datanets), 0, uint256(BOND)
            )
        );
        datanets.commit(id, "x");
    }

    function test_commit_failsForWhoIsNotAllowed() public {
        uint32 closed = createDatanet(IDatanetRegistry.Policy.Allowlist, true);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotAllowed.selector, closed, alice));
        vm.prank(alice);
        datanets.commit(closed, "x");
        vm.prank(provider);
        datanets.allow(closed, alice, true);
        commit(closed, alice, "x");
        vm.prank(provider);
        datanets.allow(closed, alice, false);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotAllowed.selector, closed, alice));
        vm.prank(alice);
        datanets.commit(closed, "x");
    }

    function test_allow_failsForOthersThanTheProvider() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotProvider.selector, id, mallory));
        vm.prank(mallory);
        datanets.allow(id, mallory, true);
    }

    function test_reveal_failsInTheBlockOfTheCommit() public {
        uint32 c = commit(id, alice, "root");
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_TooEarly.selector, c));
        vm.prank(alice);
        datanets.reveal(c, "root", "salt", "cid", 1, 1);
    }

    function test_reveal_failsForWhatWasNotCommitted() public {
        uint32 c = commit(id, alice, "root");
        vm.roll(block.number + 1);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongCommitment.selector, c));
        datanets.reveal(c, "other", "salt", "cid", 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongCommitment.selector, c));
        datanets.reveal(c, "root", "pepper", "cid", 1, 1);
    }

    function test_reveal_failsForOthersWhoSawTheSalt() public {
        uint32 c = commit(id, alice, "root");
        vm.prank(mallory); // copies the commitment and is bound to fail: it names alice
        uint32 copy = datanets.commit(id, commitmentOf("root", "salt", alice));
        vm.roll(block.number + 1);
        vm.startPrank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotContributor.selector, c, mallory));
        datanets.reveal(c, "root", "salt", "cid", 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongCommitment.selector, copy));
        datanets.reveal(copy, "root", "salt", "cid", 1, 1);
    }

    function test_reveal_failsBeyondTheLimits() public {
        uint32 c = commit(id, alice, "root");
        vm.roll(block.number + 1);
        uint32[2][4] memory sizes = [[uint32(0), 1], [uint32(1), 0], [uint32(20_001), 1], [uint32(1), (16 << 20) + 1]];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidSize.selector, sizes[i][0], sizes[i][1])
            );
            vm.prank(alice);
            datanets.reveal(c, "root", "salt", "cid", sizes[i][0], sizes[i][1]);
        }
        vm.prank(alice);
        datanets.reveal(c, "root", "salt", "cid", 20_000, 16 << 20);
    }

    function test_reveal_failsTwice() public {
        uint32 c = contribute(id, alice, "root", 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_InvalidStatus.selector, c, IDatanetRegistry.ContributionStatus.Revealed
            )
        );
        vm.prank(alice);
        datanets.reveal(c, "root", "salt", "cid", 1, 1);
    }

    function test_accept_failsForWhoIsNoReviewer() public {
        uint32 c = contribute(id, alice, "root", 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotReviewer.selector, c, mallory));
        vm.prank(mallory);
        datanets.accept(c, 1, "");
    }

    function test_accept_failsForOnesOwn() public {
        vm.prank(provider);
        reviewers.setReviewer(id, alice, true);
        uint32 c = contribute(id, alice, "root", 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotReviewer.selector, c, alice));
        vm.prank(alice);
        datanets.accept(c, 1, "");
    }

    function test_accept_failsWithoutAValidScore() public {
        uint32 c = contribute(id, alice, "root", 1);
        for (uint256 i; i < 2; ++i) {
            uint16 score = i == 0 ? 0 : 10_001;
            vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidScore.selector, score));
            vm.prank(reviewer);
            datanets.accept(c, score, "");
        }
    }

    function test_accept_failsBeforeTheReveal() public {
        uint32 c = commit(id, alice, "root");
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_InvalidStatus.selector,
                c,
                IDatanetRegistry.ContributionStatus.Committed
            )
        );
        vm.prank(reviewer);
        datanets.accept(c, 1, "");
    }

    function test_reject_slashesByTheGradeOfTheReason() public {
        uint96[3] memory slashed = [0, BOND / 2, BOND];
        for (uint8 reason; reason < 3; ++reason) {
            uint256 before = token.balanceOf(alice);
            uint256 pooled = token.balanceOf(address(poolOf(id)));
            uint32 c = contribute(id, alice, "root", 1);
            vm.expectEmit(address(datanets));
            emit IDatanetRegistry.ContributionRejected(
                c, id, reviewer, alice, IDatanetRegistry.Rejection(reason), slashed[reason], "bafkreievidence"
            );
            vm.prank(reviewer);
            datanets.reject(c, IDatanetRegistry.Rejection(reason), "bafkreievidence");
            assertEq(token.balanceOf(alice), before - slashed[reason]);
            assertEq(token.balanceOf(address(poolOf(id))), pooled + slashed[reason]);
            assertEq(uint8(datanets.contribution(c).status), uint8(IDatanetRegistry.ContributionStatus.Rejected));
        }
        assertEq(datanets.datanet(id).records, 0);
    }

    function test_withdraw_returnsTheBondOfWhatWasNeverRevealed() public {
        uint256 before = token.balanceOf(alice);
        uint32 c = commit(id, alice, "root");
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotContributor.selector, c, mallory));
        vm.prank(mallory);
        datanets.withdraw(c);
        vm.prank(alice);
        datanets.withdraw(c);
        assertEq(token.balanceOf(alice), before);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_InvalidStatus.selector,
                c,
                IDatanetRegistry.ContributionStatus.Withdrawn
            )
        );
        vm.prank(alice);
        datanets.withdraw(c);
    }

    function test_withdraw_waitsForTheReviewPeriod() public {
        uint256 before = token.balanceOf(alice);
        uint32 c = contribute(id, alice, "root", 1);
        uint64 until = uint64(block.timestamp) + datanets.reviewPeriod();
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnderReview.selector, c, until));
        vm.prank(alice);
        datanets.withdraw(c);
        vm.warp(until);
        vm.prank(alice);
        datanets.withdraw(c);
        assertEq(token.balanceOf(alice), before);
    }

    function test_publish_keepsTheRootOfEachVersion() public {
        accept(contribute(id, alice, "one", 3));
        (uint32 first, bytes32 firstRoot) = publish(id);
        accept(contribute(id, bob, "two", 4));
        bytes32 root = versionRootOf(id);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.VersionPublished(id, 2, provider, root, 2, 7, "bafkreiversion");
        (uint32 second,) = publish(id);
        assertEq(first, 1);
        assertEq(second, 2);
        assertEq(datanets.versionRoot(id, 1), firstRoot);
        assertEq(datanets.versionRoot(id, 2), root);
        assertEq(datanets.versionRoot(id, 3), 0);
    }

    /// @dev The tree of docs/wire.md written out for three leaves: the odd one is promoted.
    function test_publish_ordersLeavesByIdAndPromotesTheOdd() public {
        uint32 a = contribute(id, alice, "one", 3);
        uint32 b = contribute(id, bob, "two", 4);
        uint32 c = contribute(id, alice, "three", 5);
        accept(c);
        accept(a);
        accept(b);
        bytes memory left = abi.encodePacked(_leaf(a, "one", 3), uint96(3), uint96(0));
        bytes memory right = abi.encodePacked(_leaf(b, "two", 4), uint96(4), uint96(0));
        bytes32 node = keccak256(abi.encodePacked(uint8(1), uint8(5), left, right));
        bytes32 root = keccak256(
            abi.encodePacked(uint8(1), uint8(5), node, uint96(7), uint96(0), _leaf(c, "three", 5), uint96(5), uint96(0))
        );
        vm.prank(provider);
        datanets.publish(id, root, "cid");
        assertEq(datanets.versionRoot(id, 1), root);
        uint32[] memory ids = datanets.acceptedContributions(id);
        assertEq(ids[0], a);
        assertEq(ids[1], b);
        assertEq(ids[2], c);
    }

    function test_publish_failsWithAnotherRoot() public {
        accept(contribute(id, alice, "one", 3));
        bytes32 expected = versionRootOf(id);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongRoot.selector, expected, bytes32("other"))
        );
        vm.prank(provider);
        datanets.publish(id, "other", "cid");
    }

    function test_publish_failsWithoutAnythingNew() public {
        accept(contribute(id, alice, "one", 3));
        (, bytes32 root) = publish(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingNew.selector, id));
        vm.prank(provider);
        datanets.publish(id, root, "cid");
    }

    function test_publish_failsForOthersThanTheProvider() public {
        accept(contribute(id, alice, "one", 3));
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotProvider.selector, id, mallory));
        vm.prank(mallory);
        datanets.publish(id, 0, "cid");
    }

    function test_accept_stopsAtTheLimitAndPublishStaysAffordable() public {
        uint256 limit = datanets.MAX_CONTRIBUTIONS();
        for (uint256 i; i < limit; ++i) {
            accept(contribute(id, alice, bytes32(i + 1), 1));
        }
        uint32 c = contribute(id, alice, "more", 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_TooManyContributions.selector, id, limit)
        );
        accept(c);
        bytes32 root = versionRootOf(id);
        vm.prank(provider);
        uint256 gas = gasleft();
        datanets.publish(id, root, "cid");
        assertLt(gas - gasleft(), 12_000_000);
    }

    function test_setReviewer_failsForOthersThanTheProvider() public {
        vm.expectRevert(abi.encodeWithSelector(INamedReviewers.NamedReviewers_NotProvider.selector, id, mallory));
        vm.prank(mallory);
        reviewers.setReviewer(id, mallory, true);
    }

    function test_setReviewer_mayTakeTheNameBack() public {
        assertTrue(reviewers.isReviewer(id, reviewer));
        vm.prank(provider);
        reviewers.setReviewer(id, reviewer, false);
        assertFalse(reviewers.mayDecide(id, 1, alice, reviewer));
    }

    function _leaf(
        uint32 key,
        bytes32 data,
        uint96 records
    ) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), uint8(5), uint256(key), data, records, uint96(0)));
    }
}
