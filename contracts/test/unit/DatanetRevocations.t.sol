// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {Deployed} from "../Deployed.sol";

contract DatanetRevocationsTest is Deployed {
    uint32 internal id;

    function setUp() public override {
        super.setUp();
        id = createDatanet();
    }

    function test_revoke_takesDataOutOfTheNextVersionAndKeepsTheOldOne() public {
        uint32 one = contribute(id, alice, "one", 3);
        uint32 two = contribute(id, bob, "two", 4);
        accept(one);
        accept(two);
        (, bytes32 first) = publish(id);
        uint256 balance = token.balanceOf(alice);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.ContributionRevoked(one, id, alice, 3);
        _revoke(one, alice);
        assertEq(uint8(datanets.contribution(one).status), uint8(IDatanetRegistry.ContributionStatus.Revoked));
        assertEq(token.balanceOf(alice), balance); // the bond went back at acceptance
        assertEq(datanets.datanet(id).records, 4);
        uint32[] memory ids = datanets.acceptedContributions(id);
        assertEq(ids.length, 1);
        assertEq(ids[0], two);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.VersionPublished(id, 2, provider, versionRootOf(id), 1, 4, "bafkreiversion");
        publish(id);
        assertEq(datanets.versionRoot(id, 1), first);
    }

    function test_publish_worksWithAsManyContributionsAsBefore() public {
        uint32 one = contribute(id, alice, "one", 3);
        accept(one);
        (, bytes32 first) = publish(id);
        accept(contribute(id, bob, "two", 3));
        _revoke(one, alice);
        (uint32 version, bytes32 second) = publish(id);
        assertEq(version, 2);
        assertNotEq(first, second);
        assertEq(datanets.versionRoot(id, 2), second);
    }

    function test_publish_failsWhereWhatIsLeftIsTheLastVersion() public {
        accept(contribute(id, alice, "one", 3));
        (, bytes32 root) = publish(id);
        uint32 two = contribute(id, bob, "two", 4);
        accept(two);
        _revoke(two, bob);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingNew.selector, id));
        vm.prank(provider);
        datanets.publish(id, root, "cid");
    }

    function test_publish_failsWithNothingAccepted() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingAccepted.selector, id));
        vm.prank(provider);
        datanets.publish(id, 0, "cid");
        uint32 one = contribute(id, alice, "one", 3);
        accept(one);
        (, bytes32 root) = publish(id);
        _revoke(one, alice);
        assertEq(datanets.datanet(id).records, 0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingAccepted.selector, id));
        vm.prank(provider);
        datanets.publish(id, root, "cid");
        assertEq(datanets.versionRoot(id, 1), root);
    }

    function test_revoke_failsForOthersThanTheContributor() public {
        uint32 one = contribute(id, alice, "one", 3);
        accept(one);
        address[3] memory others = [provider, reviewer, mallory];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotContributor.selector, one, others[i])
            );
            vm.prank(others[i]);
            datanets.revoke(one);
        }
        assertEq(datanets.datanet(id).records, 3);
    }

    function test_revoke_failsForWhatIsNotAccepted() public {
        _expectInvalid(99, IDatanetRegistry.ContributionStatus.None);
        uint32 one = commit(id, alice, "one");
        _expectInvalid(one, IDatanetRegistry.ContributionStatus.Committed);
        reveal(one, alice, "one", 3);
        _expectInvalid(one, IDatanetRegistry.ContributionStatus.Revealed);
        vm.prank(reviewer);
        datanets.reject(one, IDatanetRegistry.Rejection.LowQuality, "evidence");
        _expectInvalid(one, IDatanetRegistry.ContributionStatus.Rejected);
        uint32 two = commit(id, alice, "two");
        vm.prank(alice);
        datanets.withdraw(two);
        _expectInvalid(two, IDatanetRegistry.ContributionStatus.Withdrawn);
        uint32 three = contribute(id, alice, "three", 3);
        accept(three);
        _revoke(three, alice);
        _expectInvalid(three, IDatanetRegistry.ContributionStatus.Revoked);
    }

    function test_accept_failsForWhatWasRevoked() public {
        uint32 one = contribute(id, alice, "one", 3);
        accept(one);
        _revoke(one, alice);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_InvalidStatus.selector,
                one,
                IDatanetRegistry.ContributionStatus.Revoked
            )
        );
        vm.prank(reviewer);
        datanets.accept(one, 1, "");
    }

    /// @dev The first of the longest list moves all others.
    function test_revoke_staysAffordableAndMakesRoomAtTheLimit() public {
        uint256 limit = datanets.MAX_CONTRIBUTIONS();
        for (uint256 i; i < limit; ++i) {
            accept(contribute(id, alice, bytes32(i + 1), 1));
        }
        vm.prank(alice);
        uint256 gas = gasleft();
        datanets.revoke(1);
        assertLt(gas - gasleft(), 2_000_000);
        accept(contribute(id, alice, "more", 1));
        assertEq(datanets.acceptedContributions(id).length, limit);
    }

    /// @param acceptOrder bits that tell which of the contributions are accepted late
    /// @param revoked bits of those that are revoked
    function testFuzz_revoke_leavesTheOthersRising(
        uint8 acceptOrder,
        uint8 revoked
    ) public {
        for (uint8 i; i < 8; ++i) {
            contribute(id, i % 2 == 0 ? alice : bob, bytes32(uint256(i) + 1), i + 1);
        }
        for (uint8 late; late < 2; ++late) {
            for (uint8 i; i < 8; ++i) {
                if ((acceptOrder >> i) & 1 == late) accept(i + 1);
            }
        }
        uint256 records;
        uint256 left;
        for (uint8 i; i < 8; ++i) {
            if ((revoked >> i) & 1 == 1) _revoke(i + 1, i % 2 == 0 ? alice : bob);
            else (records, left) = (records + i + 1, left + 1);
        }
        uint32[] memory ids = datanets.acceptedContributions(id);
        assertEq(ids.length, left);
        for (uint256 i; i < ids.length; ++i) {
            assertEq((revoked >> (ids[i] - 1)) & 1, 0);
            if (i > 0) assertGt(ids[i], ids[i - 1]);
        }
        assertEq(datanets.datanet(id).records, records);
        assertEq(poolOf(id).totalRecords(), records);
        assertEq(poolOf(id).recordsOf(alice) + poolOf(id).recordsOf(bob), records);
    }

    function _revoke(
        uint32 contributionId,
        address contributor
    ) private {
        vm.prank(contributor);
        datanets.revoke(contributionId);
    }

    function _expectInvalid(
        uint32 contributionId,
        IDatanetRegistry.ContributionStatus status
    ) private {
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidStatus.selector, contributionId, status)
        );
        vm.prank(alice);
        datanets.revoke(contributionId);
    }
}
