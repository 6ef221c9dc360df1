// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Artifacts} from "../../../script/Artifacts.sol";
import {IModelRegistry} from "../../src/models/IModelRegistry.sol";
import {Lineage} from "../../src/models/Lineage.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {Derivation, Parent, Use} from "../../src/types/Lineage.sol";
import {Release, Terms} from "../../src/types/Release.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice From a caller's fee to a parent's owner, through settlement, reward pool and the parents' account.
contract RoyaltiesSettledTest is FraudBase {
    uint64 private constant LINEAGE_ROLE = 9;

    Lineage private lineage;
    uint32 private parentId;
    uint32 private childId;
    address private account;
    address private ancestor = makeAddr("ancestor");

    function setUp() public override {
        super.setUp();
        lineage = Lineage(
            _proxy(
                Artifacts.create(
                    "Lineage", abi.encode(models, Artifacts.create("ParentsAccount", abi.encode(token, models)))
                ),
                abi.encodeCall(Lineage.initialize, (address(manager)))
            )
        );
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IModelRegistry.lockParents.selector;
        manager.setTargetFunctionRole(address(models), selectors, LINEAGE_ROLE);
        manager.grantRole(LINEAGE_ROLE, address(lineage), 0);
        parentId = models.modelOf(releaseHash);
        lineage.stateDerivation(parentId, Derivation("MIT", 1_000, true, false));
        models.transferFrom(address(this), ancestor, parentId);
        Terms memory terms = models.terms(parentId, 1);
        childId = models.createModel("Child", "bafkreicard", terms);
        Parent[] memory parents = new Parent[](1);
        parents[0] = Parent(parentId, 1, 1_500, Use.Trained);
        account = lineage.nameParents(childId, "MIT", parents);
        (terms.parents, terms.parentsBps, terms.contributorsBps) = (account, 1_500, 8_500);
        models.setTerms(childId, terms);
        Release memory release;
        release.baseModel = "child";
        releaseHash = models.addRelease(childId, release, 0, "bafkreimanifest");
    }

    /// @dev The parents' account stands where the developer does elsewhere.
    function _allocationsOf(
        address operator_,
        uint96 fee,
        uint32 feeVersion,
        uint256 position
    ) internal view override returns (Allocation[] memory a) {
        a = super._allocationsOf(operator_, fee, feeVersion, position);
        a[1].account = account;
    }

    function test_aFee_reachesTheParentsOwner() public {
        _settleHonest(_two());
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        pool.claim(_claimOf(operator, account));
        uint256 owed = token.balanceOf(account);
        assertGt(owed, 0);
        uint32[] memory ids = new uint32[](1);
        ids[0] = childId;
        vm.prank(anyone);
        assertEq(lineage.pay(ids), owed);
        assertEq(token.balanceOf(ancestor), owed);
        assertEq(token.balanceOf(account), 0);
        (uint96 claimed,) = pool.claimed(operator, account);
        assertEq(claimed, owed);
    }

    /// @dev `_component` binds the first version of the terms, which is from before the declaration.
    function test_termsFromBefore_areAWrongPrice() public {
        Story memory s = _tell(_two());
        _commit(s);
        assertEq(_component().termsVersion, 1);
        fraudProofs.proveWrongPrice(_accuse(s), _openReceipt(s, 0, s.opened[0]), _component(), _channel(s, 0));
        assertEq(_state().voidedFrom, 1);
    }
}
