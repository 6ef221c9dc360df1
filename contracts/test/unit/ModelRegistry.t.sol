// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IModelRegistry} from "../../src/models/IModelRegistry.sol";
import {Release, Terms} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";

contract ModelRegistryTest is Deployed {
    uint32 internal id;

    function setUp() public override {
        super.setUp();
        id = createModel(developer);
    }

    function test_createModel_mintsToItsDeveloperWithTerms() public view {
        assertEq(models.ownerOf(id), developer);
        assertEq(models.termsVersion(id), 1);
        assertEq(models.terms(id, 1).contributorsBps, 4_000);
        assertEq(models.terms(id, 1).backers, bob);
        assertEq(models.tokenURI(id), "ipfs://bafkreicard");
        assertEq(models.modelCount(), 1);
        assertFalse(models.isListed(id));
    }

    function test_createModel_failsWithoutAName() public {
        vm.expectRevert(IModelRegistry.ModelRegistry_EmptyName.selector);
        models.createModel("", "cid", someTerms());
    }

    function testFuzz_terms_mustSplitAllOfIt(
        uint16[5] memory bps
    ) public {
        Terms memory t = someTerms();
        (t.operatorBps, t.developerBps, t.parentsBps, t.backersBps, t.contributorsBps) =
        (bps[0], bps[1], bps[2], bps[3], bps[4]);
        uint256 sum = uint256(bps[0]) + bps[1] + bps[2] + bps[3] + bps[4];
        vm.assume(sum != 10_000);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_InvalidSplit.selector, sum));
        vm.prank(developer);
        models.setTerms(id, t);
    }

    function test_setTerms_keepsEarlierVersions() public {
        Terms memory t = someTerms();
        t.promptPrice = 77;
        vm.prank(developer);
        assertEq(models.setTerms(id, t), 2);
        assertEq(models.terms(id, 1).promptPrice, 1e14);
        assertEq(models.terms(id, 2).promptPrice, 77);
    }

    function test_terms_failForAVersionThatIsNotThere() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownTerms.selector, id, 0));
        models.terms(id, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownTerms.selector, id, 2));
        models.terms(id, 2);
    }

    function test_changes_failForOthersThanTheOwner() public {
        bytes memory notOwner = abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, id, mallory);
        vm.startPrank(mallory);
        vm.expectRevert(notOwner);
        models.setCard(id, "cid");
        vm.expectRevert(notOwner);
        models.setListed(id, true);
        vm.expectRevert(notOwner);
        models.setTerms(id, someTerms());
        vm.expectRevert(notOwner);
        models.addRelease(id, someRelease("base", "data"), 0, "cid");
    }

    function test_changes_followASale() public {
        vm.prank(developer);
        models.transferFrom(developer, alice, id);
        vm.prank(alice);
        models.setCard(id, "bafkreinew");
        assertEq(models.tokenURI(id), "ipfs://bafkreinew");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, id, developer));
        vm.prank(developer);
        models.setCard(id, "cid");
    }

    function test_transfersOf_countsHands() public {
        assertEq(models.transfersOf(id), 0); // a mint is none
        vm.prank(developer);
        models.transferFrom(developer, alice, id);
        vm.prank(alice);
        models.transferFrom(alice, developer, id);
        assertEq(models.transfersOf(id), 2);
        assertEq(models.transfersOf(id + 1), 0);
    }

    function test_addRelease_namesItByItsHash() public {
        Release memory r = someRelease("base", "data");
        vm.prank(developer);
        bytes32 hash = models.addRelease(id, r, 0, "bafkreimanifest");
        assertEq(hash, keccak256(abi.encode(r)));
        assertEq(models.modelOf(hash), id);
        assertEq(models.releaseAt(id, 0), hash);
        assertEq(models.releaseCount(id), 1);
        assertEq(models.modelOf("other"), 0);
    }

    function test_addRelease_failsTwice() public {
        Release memory r = someRelease("base", "data");
        vm.startPrank(developer);
        bytes32 hash = models.addRelease(id, r, 0, "cid");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_ReleaseExists.selector, hash, id));
        models.addRelease(id, r, 0, "cid");
    }

    function test_addRelease_ofAJobNeedsTheTrainingContract() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, developer));
        vm.prank(developer);
        models.addRelease(id, someRelease("base", "data"), 1, "cid");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        vm.prank(address(jobs));
        models.addRelease(99, someRelease("base", "data"), 1, "cid");
        vm.prank(address(jobs));
        models.addRelease(id, someRelease("base", "data"), 1, "cid");
    }

    function test_setListed_needsARelease() public {
        vm.startPrank(developer);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NoRelease.selector, id));
        models.setListed(id, true);
        models.addRelease(id, someRelease("base", "data"), 0, "cid");
        models.setListed(id, true);
        assertTrue(models.isListed(id));
        models.setListed(id, false);
        assertFalse(models.isListed(id));
    }

    function test_releaseAt_failsBeyondTheLast() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NoRelease.selector, id));
        models.releaseAt(id, 0);
    }

    function test_ownedBetween_knowsFormerOwners() public {
        uint256 made = block.timestamp;
        vm.warp(made + 100);
        vm.prank(developer);
        models.transferFrom(developer, alice, id);
        assertTrue(models.ownedBetween(id, developer, made, made));
        assertTrue(models.ownedBetween(id, developer, made + 100, made + 200));
        assertFalse(models.ownedBetween(id, developer, made + 101, made + 200));
        assertFalse(models.ownedBetween(id, developer, 0, made - 1));
        assertFalse(models.ownedBetween(id, alice, made, made + 99));
        assertTrue(models.ownedBetween(id, alice, made, made + 100));
        assertTrue(models.ownedBetween(id, alice, made + 500, made + 900)); // still does
        assertFalse(models.ownedBetween(id, bob, 0, type(uint64).max));
        assertFalse(models.ownedBetween(id + 1, address(0), 0, type(uint64).max));
    }

    /// @dev What lies between two ownerships counts as the owner's.
    function test_ownedBetween_spansFromTheFirstTimeToTheLast() public {
        vm.warp(block.timestamp + 100);
        vm.prank(developer);
        models.transferFrom(developer, alice, id);
        vm.warp(block.timestamp + 100);
        vm.prank(alice);
        models.transferFrom(alice, developer, id);
        assertTrue(models.ownedBetween(id, developer, block.timestamp - 50, block.timestamp - 50));
        assertFalse(models.ownedBetween(id, alice, block.timestamp + 1, block.timestamp + 1));
    }
}
