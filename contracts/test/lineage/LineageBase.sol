// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IParentsAccount} from "../../src/models/IParentsAccount.sol";
import {Lineage} from "../../src/models/Lineage.sol";
import {Derivation, Parent, Use} from "../../src/types/Lineage.sol";
import {Terms} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";

/// @notice Released models of several people that others may build on.
abstract contract LineageBase is Deployed {
    bytes32 internal constant MIT = "MIT";
    bytes32 internal constant SHARE_ALIKE = "CC-BY-SA-4.0";

    Lineage internal lineage;

    function setUp() public virtual override {
        super.setUp();
        lineage = Lineage(at("Lineage"));
    }

    function someDerivation(
        uint16 minimumBps
    ) internal pure returns (Derivation memory) {
        return Derivation({licence: MIT, minimumBps: minimumBps, allowed: true, sameLicence: false});
    }

    function state(
        uint32 modelId,
        Derivation memory conditions
    ) internal {
        vm.prank(models.ownerOf(modelId));
        lineage.stateDerivation(modelId, conditions);
    }

    function release(
        uint32 modelId
    ) internal {
        vm.prank(models.ownerOf(modelId));
        models.addRelease(modelId, someRelease(bytes32(uint256(modelId)), "data"), 0, "cid");
    }

    /// @dev A model without parents, with a release, that others may build on.
    function root(
        address owner,
        uint16 minimumBps
    ) internal returns (uint32 modelId) {
        modelId = createModel(owner);
        release(modelId);
        state(modelId, someDerivation(minimumBps));
    }

    function parent(
        uint32 modelId,
        uint16 shareBps
    ) internal view returns (Parent memory) {
        return Parent(modelId, lineage.derivationVersion(modelId), shareBps, Use.Merged);
    }

    function only(
        Parent memory a
    ) internal pure returns (Parent[] memory parents) {
        parents = new Parent[](1);
        parents[0] = a;
    }

    function both(
        Parent memory a,
        Parent memory b
    ) internal pure returns (Parent[] memory parents) {
        parents = new Parent[](2);
        (parents[0], parents[1]) = (a, b);
    }

    function declare(
        uint32 modelId,
        Parent[] memory parents
    ) internal returns (IParentsAccount) {
        vm.prank(models.ownerOf(modelId));
        return IParentsAccount(lineage.nameParents(modelId, MIT, parents));
    }

    /// @dev Terms that give the parents so much, out of the developer's and the contributors' shares.
    function termsFor(
        address account,
        uint16 bps
    ) internal view returns (Terms memory t) {
        t = someTerms();
        (t.parents, t.parentsBps) = (account, bps);
        t.developerBps = 0;
        t.contributorsBps = 6_000 - bps;
    }

    function setTerms(
        uint32 modelId,
        address account,
        uint16 bps
    ) internal {
        Terms memory t = termsFor(account, bps);
        vm.prank(models.ownerOf(modelId));
        models.setTerms(modelId, t);
    }

    /// @dev A model with parents, with a release, that others may build on.
    function derived(
        address owner,
        Parent[] memory parents
    ) internal returns (uint32 modelId, IParentsAccount account) {
        modelId = createModel(owner);
        account = declare(modelId, parents);
        if (address(account) != address(0)) {
            setTerms(modelId, address(account), lineage.declarationOf(modelId).owedBps);
        }
        release(modelId);
        state(modelId, someDerivation(0));
    }
}
