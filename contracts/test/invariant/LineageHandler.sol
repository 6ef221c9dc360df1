// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IParentsAccount} from "../../src/models/IParentsAccount.sol";
import {Declaration, Derivation, Parent, Royalty, Use} from "../../src/types/Lineage.sol";
import {LineageBase} from "../lineage/LineageBase.sol";

/// @notice Three people make, declare, release, sell and pay models, and change the conditions of building on them.
contract LineageHandler is LineageBase {
    address[3] internal people;
    uint32[] public ids;
    /// @dev Wei that came into parents' accounts from outside.
    uint256 public earned;
    uint256 public declared;
    uint256 public deepest;
    uint256 internal atStart;

    constructor() {
        setUp();
        people = [alice, bob, developer];
        for (uint256 i; i < people.length; ++i) {
            ids.push(root(people[i], uint16(100 * i)));
            atStart += token.balanceOf(people[i]);
        }
    }

    function make(
        uint256 who
    ) external {
        ids.push(createModel(people[who % 3]));
    }

    /// @dev Names any two models there are, itself and those without a release included.
    function declare(
        uint256 which,
        uint256 a,
        uint256 b,
        uint16[2] memory shares,
        bool sameLicence
    ) external {
        uint32 id = _pick(which);
        (uint32 low, uint32 high) = (_pick(a), _pick(b));
        if (low > high) (low, high) = (high, low);
        Parent memory p = Parent(low, lineage.derivationVersion(low), uint16(bound(shares[0], 0, 3_000)), Use.Merged);
        Parent memory q = Parent(high, lineage.derivationVersion(high), uint16(bound(shares[1], 0, 3_000)), Use.Member);
        bytes32 licence = sameLicence ? SHARE_ALIKE : MIT;
        vm.prank(models.ownerOf(id));
        try lineage.nameParents(id, licence, low == high ? only(p) : both(p, q)) returns (address account) {
            ++declared;
            uint8 depth = lineage.declarationOf(id).depth;
            if (depth > deepest) deepest = depth;
            if (account != address(0)) setTerms(id, account, lineage.declarationOf(id).owedBps);
        } catch {}
    }

    function addRelease(
        uint256 which
    ) external {
        uint32 id = _pick(which);
        if (models.releaseCount(id) == 0) release(id);
    }

    function stateConditions(
        uint256 which,
        uint16 minimumBps,
        bool allowed,
        bool sameLicence
    ) external {
        uint32 id = _pick(which);
        Derivation memory d =
            Derivation(sameLicence ? SHARE_ALIKE : MIT, uint16(bound(minimumBps, 0, 1_000)), allowed, sameLicence);
        vm.prank(models.ownerOf(id));
        try lineage.stateDerivation(id, d) {} catch {}
    }

    function sell(
        uint256 which,
        uint256 who
    ) external {
        uint32 id = _pick(which);
        address owner = models.ownerOf(id);
        vm.prank(owner);
        models.transferFrom(owner, people[who % 3], id);
    }

    /// @dev As a claim from the reward pool comes.
    function earn(
        uint256 which,
        uint96 amount
    ) external {
        address account = lineage.declarationOf(_pick(which)).account;
        if (account == address(0)) return;
        amount = uint96(bound(amount, 0, 1e24));
        token.mint(account, amount);
        earned += amount;
    }

    function pay(
        uint256 which
    ) external {
        address account = lineage.declarationOf(_pick(which)).account;
        if (account == address(0)) return;
        uint256 had = token.balanceOf(account);
        require(IParentsAccount(account).pay() == had, "kept something back");
        require(token.balanceOf(account) == 0, "something is left");
    }

    function count() external view returns (uint256) {
        return ids.length;
    }

    /// @return owners wei beyond what they began with
    /// @return accounts wei still in the parents' accounts
    function held() external view returns (uint256 owners, uint256 accounts) {
        for (uint256 i; i < people.length; ++i) {
            owners += token.balanceOf(people[i]);
        }
        owners -= atStart;
        for (uint256 i; i < ids.length; ++i) {
            address account = lineage.declarationOf(ids[i]).account;
            if (account != address(0)) accounts += token.balanceOf(account);
        }
    }

    /// @dev Every declared model stands exactly one level below its deepest parent, at most eight in all, owes what its
    ///      parents' shares sum to, and its account divides by just these.
    function isSound(
        uint32 id
    ) external view returns (bool) {
        Declaration memory d = lineage.declarationOf(id);
        if (d.licence == 0) return d.depth == 0 && d.owedBps == 0 && d.account == address(0);
        Parent[] memory parents = lineage.parentsOf(id);
        uint256 sum;
        uint256 depth;
        for (uint256 i; i < parents.length; ++i) {
            Declaration memory above = lineage.declarationOf(parents[i].modelId);
            // a level of its own, so that nobody can come back to itself
            if (above.depth >= d.depth || models.releaseCount(parents[i].modelId) == 0) return false;
            if (above.depth > depth) depth = above.depth;
            sum += parents[i].shareBps;
            if (parents[i].shareBps < lineage.derivation(parents[i].modelId, parents[i].derivationVersion).minimumBps) {
                return false;
            }
        }
        if (d.depth != depth + 1 || d.depth > 8 || d.owedBps != sum || sum > 5_000) return false;
        if (sum == 0) return d.account == address(0);
        (address locked, uint16 bps,) = models.parentsOf(id);
        Royalty[] memory royalties = IParentsAccount(d.account).royalties();
        return locked == d.account && bps == sum && royalties.length == parents.length;
    }

    function _pick(
        uint256 which
    ) private view returns (uint32) {
        return ids[which % ids.length];
    }
}
