// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModelRegistry} from "../../src/models/IModelRegistry.sol";
import {IParentsAccount} from "../../src/models/IParentsAccount.sol";
import {Terms} from "../../src/types/Release.sol";
import {LineageBase} from "./LineageBase.sol";

/// @notice What the registry asks of a model that has named its parents.
contract LineageReleaseTest is LineageBase {
    uint16 internal constant OWED = 800;

    uint32 internal child;
    IParentsAccount internal account;

    function setUp() public override {
        super.setUp();
        uint32 parentId = root(alice, OWED);
        child = createModel(developer);
        account = declare(child, only(parent(parentId, OWED)));
    }

    function test_addRelease_failsUntilTermsPayTheParents() public {
        bytes memory unpaid = _unpaid();
        vm.expectRevert(unpaid);
        vm.prank(developer);
        models.addRelease(child, someRelease("base", "data"), 0, "cid");
        vm.expectRevert(unpaid); // nor does an attested job
        vm.prank(address(jobs));
        models.addRelease(child, someRelease("base", "data"), 1, "cid");
        setTerms(child, address(account), OWED);
        release(child);
        assertEq(models.releaseCount(child), 1);
    }

    function testFuzz_setTerms_mustKeepPayingThem(
        uint16 bps,
        bool other
    ) public {
        bps = uint16(bound(bps, 0, 6_000));
        Terms memory t = termsFor(other ? mallory : address(account), bps);
        bool pays = !other && bps >= OWED;
        for (uint256 i; i < 2; ++i) {
            // before the first release and after it
            if (!pays) vm.expectRevert(_unpaid());
            vm.prank(developer);
            models.setTerms(child, t);
            if (i != 0) break;
            setTerms(child, address(account), OWED);
            release(child);
        }
    }

    function test_setTerms_bindsBuyersToo() public {
        setTerms(child, address(account), OWED);
        release(child);
        vm.prank(developer);
        models.transferFrom(developer, mallory, child);
        Terms memory t = someTerms();
        vm.expectRevert(_unpaid());
        vm.prank(mallory);
        models.setTerms(child, t);
    }

    /// @dev Otherwise an operator could bind the terms of before, and pay no parent.
    function test_isBindable_leavesOutTermsFromBefore() public {
        assertFalse(models.isBindable(child, 0));
        assertFalse(models.isBindable(child, 1));
        setTerms(child, address(account), OWED);
        assertFalse(models.isBindable(child, 1));
        assertTrue(models.isBindable(child, 2));
        assertFalse(models.isBindable(child, 3));
        uint32 plain = createModel(alice);
        assertTrue(models.isBindable(plain, 1));
        assertFalse(models.isBindable(plain, 2));
        assertFalse(models.isBindable(99, 1));
        assertEq(models.terms(child, 1).parentsBps, 0); // still to be read
    }

    function test_lockParents_failsAfterARelease() public {
        uint32 plain = createModel(alice);
        release(plain);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_Released.selector, plain));
        vm.prank(address(lineage));
        models.lockParents(plain, address(account), OWED);
    }

    function _unpaid() private view returns (bytes memory) {
        return
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_ParentsUnpaid.selector, child, address(account), OWED);
    }
}
