// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ILineage} from "../../src/models/ILineage.sol";
import {IParentsAccount} from "../../src/models/IParentsAccount.sol";
import {Lineage} from "../../src/models/Lineage.sol";
import {Declaration, Derivation, Parent, Royalty, Use} from "../../src/types/Lineage.sol";
import {LineageBase} from "./LineageBase.sol";

contract LineageTest is LineageBase {
    uint32 internal first; // alice's, asks for 500 bps
    uint32 internal second; // bob's, asks for nothing
    uint32 internal child; // developer's, not released

    function setUp() public override {
        super.setUp();
        first = root(alice, 500);
        second = root(bob, 0);
        child = createModel(developer);
    }

    // ── Conditions ──────────────────────────────────────────────────────────────────────────────────────────────────

    function test_stateDerivation_keepsEarlierVersions() public {
        assertEq(lineage.derivationVersion(child), 0);
        vm.expectEmit(address(lineage));
        emit ILineage.DerivationStated(first, 2, alice, SHARE_ALIKE, 700, false, true);
        vm.prank(alice);
        assertEq(lineage.stateDerivation(first, Derivation(SHARE_ALIKE, 700, false, true)), 2);
        assertEq(lineage.derivation(first, 1).minimumBps, 500);
        assertEq(lineage.derivation(first, 2).minimumBps, 700);
        assertEq(lineage.derivationVersion(first), 2);
    }

    function test_stateDerivation_failsForOthersThanTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(ILineage.Lineage_NotOwner.selector, first, mallory));
        vm.prank(mallory);
        lineage.stateDerivation(first, someDerivation(0));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        lineage.stateDerivation(99, someDerivation(0));
    }

    function test_stateDerivation_failsWithoutALicence() public {
        vm.expectRevert(ILineage.Lineage_NoLicence.selector);
        vm.prank(alice);
        lineage.stateDerivation(first, Derivation("", 0, true, false));
    }

    function testFuzz_stateDerivation_boundsTheMinimum(
        uint16 bps
    ) public {
        if (bps > 5_000) vm.expectRevert(abi.encodeWithSelector(ILineage.Lineage_AboveCap.selector, bps, 5_000));
        vm.prank(alice);
        lineage.stateDerivation(first, someDerivation(bps));
        assertEq(lineage.derivationVersion(first), bps > 5_000 ? 1 : 2);
    }

    function test_derivation_failsForAVersionThatIsNotThere() public {
        for (uint32 version; version <= 2; version += 2) {
            vm.expectRevert(abi.encodeWithSelector(ILineage.Lineage_UnknownConditions.selector, first, version));
            lineage.derivation(first, version);
        }
    }

    // ── Declaring ───────────────────────────────────────────────────────────────────────────────────────────────────

    function test_declare_namesParentsAndMakesTheirAccount() public {
        Parent[] memory parents = both(parent(first, 600), Parent(second, 1, 0, Use.Routed));
        vm.expectEmit(address(lineage));
        emit ILineage.ParentNamed(child, first, 1, 600, uint8(Use.Merged));
        vm.expectEmit(address(lineage));
        emit ILineage.ParentNamed(child, second, 1, 0, uint8(Use.Routed));
        IParentsAccount account = declare(child, parents);
        Declaration memory d = lineage.declarationOf(child);
        assertEq(d.account, address(account));
        assertEq(d.owedBps, 600);
        assertEq(d.depth, 1);
        assertEq(d.licence, MIT);
        assertFalse(d.sameLicence);
        assertEq(abi.encode(lineage.parentsOf(child)), abi.encode(parents));
        assertEq(account.modelId(), child);
        Royalty[] memory royalties = account.royalties();
        assertEq(royalties.length, 2);
        assertEq(royalties[0].modelId, first);
        assertEq(royalties[0].shareBps, 600);
        assertEq(royalties[0].owedBps, 0);
        assertEq(royalties[0].account, address(0));
        (address locked, uint16 bps, uint32 termsFrom) = models.parentsOf(child);
        assertEq(locked, address(account));
        assertEq(bps, 600);
        assertEq(termsFrom, 2);
    }

    function test_declare_saysSo() public {
        vm.expectEmit(true, false, true, true, address(lineage)); // the account's address is the clone's
        emit ILineage.LineageDeclared(child, address(0), developer, MIT, 500, 1, false);
        declare(child, only(parent(first, 500)));
    }

    function test_declare_ofParentsThatAskForNothing_locksNothing() public {
        assertEq(address(declare(child, only(parent(second, 0)))), address(0));
        assertEq(lineage.declarationOf(child).depth, 1);
        (address locked,,) = models.parentsOf(child);
        assertEq(locked, address(0));
        release(child);
    }

    function test_declare_knowsWhatTheParentsOwe() public {
        (uint32 middle, IParentsAccount above) = derived(developer, only(parent(first, 1_000)));
        IParentsAccount account = declare(child, both(parent(first, 500), parent(middle, 2_000)));
        Royalty[] memory royalties = account.royalties();
        assertEq(royalties[0].owedBps, 0);
        assertEq(royalties[1].owedBps, 1_000);
        assertEq(royalties[1].account, address(above));
        assertEq(lineage.declarationOf(child).depth, 2);
    }

    function test_declare_keepsTheConditionsOfThen() public {
        declare(child, only(parent(first, 500)));
        state(first, Derivation(SHARE_ALIKE, 5_000, false, true));
        setTerms(child, lineage.declarationOf(child).account, 500);
        release(child);
        assertEq(lineage.parentsOf(child)[0].derivationVersion, 1);
    }

    function test_declare_failsForOthersThanTheOwner() public {
        Parent[] memory parents = only(parent(first, 500));
        vm.expectRevert(abi.encodeWithSelector(ILineage.Lineage_NotOwner.selector, child, mallory));
        vm.prank(mallory);
        lineage.nameParents(child, MIT, parents);
    }

    function test_declare_failsTwice() public {
        declare(child, only(parent(second, 0)));
        _refuses(MIT, only(parent(first, 500)), abi.encodeWithSelector(ILineage.Lineage_Declared.selector, child));
    }

    function test_declare_failsAfterARelease() public {
        release(child);
        _refuses(MIT, only(parent(first, 500)), abi.encodeWithSelector(ILineage.Lineage_Released.selector, child));
    }

    function test_declare_failsWithoutALicence() public {
        _refuses("", only(parent(first, 500)), abi.encodeWithSelector(ILineage.Lineage_NoLicence.selector));
    }

    function test_declare_failsWithoutParentsOrWithTooMany() public {
        _refuses(MIT, new Parent[](0), abi.encodeWithSelector(ILineage.Lineage_ParentCount.selector, 0));
        _refuses(MIT, new Parent[](9), abi.encodeWithSelector(ILineage.Lineage_ParentCount.selector, 9));
    }

    function test_declare_failsOutOfOrder() public {
        bytes memory error = abi.encodeWithSelector(ILineage.Lineage_OutOfOrder.selector, first);
        _refuses(MIT, both(parent(second, 0), parent(first, 500)), error);
        _refuses(MIT, both(parent(first, 500), parent(first, 500)), error); // nobody stands in it twice
        Parent memory nobody;
        _refuses(MIT, only(nobody), abi.encodeWithSelector(ILineage.Lineage_OutOfOrder.selector, 0));
    }

    function test_declare_failsForParentsWithoutARelease() public {
        uint32 other = createModel(alice);
        state(other, someDerivation(0));
        _refuses(MIT, only(parent(other, 0)), abi.encodeWithSelector(ILineage.Lineage_NoRelease.selector, other));
        // nor is a model its own parent, nor one that is not there
        _refuses(MIT, only(parent(child, 0)), abi.encodeWithSelector(ILineage.Lineage_NoRelease.selector, child));
        _refuses(MIT, only(parent(99, 0)), abi.encodeWithSelector(ILineage.Lineage_NoRelease.selector, 99));
    }

    function test_declare_failsWhereDerivativesAreNotAllowed() public {
        bytes memory error = abi.encodeWithSelector(ILineage.Lineage_NoDerivatives.selector, first);
        state(first, Derivation(MIT, 0, false, false));
        _refuses(MIT, only(parent(first, 500)), error);
        uint32 silent = createModel(alice);
        release(silent);
        error = abi.encodeWithSelector(ILineage.Lineage_NoDerivatives.selector, silent);
        _refuses(MIT, only(Parent(silent, 0, 500, Use.Merged)), error);
    }

    function test_declare_failsForConditionsThatChangedMeanwhile() public {
        Parent[] memory parents = only(parent(first, 500));
        state(first, someDerivation(400));
        _refuses(MIT, parents, abi.encodeWithSelector(ILineage.Lineage_ConditionsChanged.selector, first, 2));
    }

    function testFuzz_declare_givesEachParentItsMinimum(
        uint16 share
    ) public {
        share = uint16(bound(share, 0, 499));
        _refuses(
            MIT,
            only(parent(first, share)),
            abi.encodeWithSelector(ILineage.Lineage_ShareTooLow.selector, first, share, 500)
        );
    }

    function testFuzz_declare_keepsHalfForTheOthers(
        uint16 a,
        uint16 b
    ) public {
        a = uint16(bound(a, 500, type(uint16).max));
        uint256 sum = uint256(a) + b;
        Parent[] memory parents = both(parent(first, a), parent(second, b));
        if (sum > 5_000) {
            _refuses(MIT, parents, abi.encodeWithSelector(ILineage.Lineage_AboveCap.selector, sum, 5_000));
        } else {
            declare(child, parents);
            assertEq(lineage.declarationOf(child).owedBps, sum);
        }
    }

    function test_declare_failsBeyondEightLevels() public {
        uint32 last = second;
        for (uint256 i; i < 8; ++i) {
            (last,) = derived(i % 2 == 0 ? alice : bob, only(parent(last, 100)));
            assertEq(lineage.declarationOf(last).depth, i + 1);
        }
        _refuses(
            MIT, both(parent(first, 500), parent(last, 0)), abi.encodeWithSelector(ILineage.Lineage_TooDeep.selector, 9)
        );
    }

    // ── Licences ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_sameLicence_bindsChildrenAndTheirs() public {
        state(first, Derivation(SHARE_ALIKE, 0, true, true));
        _refuses(
            MIT,
            only(parent(first, 0)),
            abi.encodeWithSelector(ILineage.Lineage_OtherLicence.selector, first, SHARE_ALIKE)
        );
        Parent[] memory parents = only(parent(first, 0));
        vm.startPrank(developer);
        lineage.nameParents(child, SHARE_ALIKE, parents);
        assertTrue(lineage.declarationOf(child).sameLicence);
        bytes memory bound_ = abi.encodeWithSelector(ILineage.Lineage_LicenceBound.selector, child, SHARE_ALIKE);
        vm.expectRevert(bound_);
        lineage.stateDerivation(child, someDerivation(0));
        vm.expectRevert(bound_);
        lineage.stateDerivation(child, Derivation(SHARE_ALIKE, 0, true, false));
        lineage.stateDerivation(child, Derivation(SHARE_ALIKE, 0, true, true));
    }

    function test_sameLicence_ofTwoParents_excludesOneAnother() public {
        state(first, Derivation(SHARE_ALIKE, 0, true, true));
        state(second, Derivation("GPL-3.0-only", 0, true, true));
        Parent[] memory parents = both(parent(first, 0), parent(second, 0));
        _refuses(
            SHARE_ALIKE,
            parents,
            abi.encodeWithSelector(ILineage.Lineage_OtherLicence.selector, second, bytes32("GPL-3.0-only"))
        );
    }

    // ── Rights ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_lockParents_isForTheLineageAlone() public {
        address[4] memory others = [developer, mallory, guardian, at("ModelsTimelock")];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            models.lockParents(child, mallory, 1);
        }
        vm.prank(address(lineage));
        models.lockParents(child, mallory, 1);
    }

    function test_upgrade_isForTheUpgradeTimelockAlone() public {
        Lineage next = new Lineage(models, lineage.template());
        address[3] memory others = [mallory, guardian, at("ModelsTimelock")];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            lineage.upgradeToAndCall(address(next), "");
        }
    }

    function _refuses(
        bytes32 licence,
        Parent[] memory parents,
        bytes memory error
    ) private {
        vm.expectRevert(error);
        vm.prank(developer);
        lineage.nameParents(child, licence, parents);
    }
}
