// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModelMarket} from "../../src/models/IModelMarket.sol";
import {ModelMarket} from "../../src/models/ModelMarket.sol";
import {Deployed} from "../Deployed.sol";

/// @notice Three people own, offer, give away and buy two models, approve and take approvals back, and change terms.
contract MarketHandler is Deployed {
    ModelMarket public market;
    address[3] internal people;
    uint32[2] internal ids;
    uint256 public sales;
    /// @dev What should lie with whom by the sales alone.
    mapping(address person => uint256) public expected;

    constructor() {
        setUp();
        market = ModelMarket(at("ModelMarket"));
        people = [alice, bob, developer];
        ids = [createModel(alice), createModel(bob)];
        for (uint256 i; i < people.length; ++i) {
            expected[people[i]] = token.balanceOf(people[i]);
            vm.prank(people[i]);
            token.approve(address(market), type(uint256).max);
        }
    }

    function list(
        uint256 who,
        uint256 what,
        uint96 price,
        uint32 for_
    ) external {
        (address person, uint32 id) = _pick(who, what);
        vm.prank(person);
        try market.list(id, uint96(bound(price, 1, 2_000_000e18)), uint64(block.timestamp + for_)) {} catch {}
    }

    function unlist(
        uint256 who,
        uint256 what
    ) external {
        (address person, uint32 id) = _pick(who, what);
        vm.prank(person);
        try market.unlist(id) {} catch {}
    }

    function approve(
        uint256 what,
        bool for_
    ) external {
        (, uint32 id) = _pick(0, what);
        vm.prank(models.ownerOf(id));
        models.approve(for_ ? address(market) : address(0), id);
    }

    function giveModel(
        uint256 who,
        uint256 what
    ) external {
        (address person, uint32 id) = _pick(who, what);
        address owner = models.ownerOf(id);
        vm.prank(owner);
        models.transferFrom(owner, person, id);
    }

    function setTerms(
        uint256 what
    ) external {
        (, uint32 id) = _pick(0, what);
        vm.prank(models.ownerOf(id));
        models.setTerms(id, someTerms());
    }

    function wait_(
        uint16 seconds_
    ) external {
        vm.warp(block.timestamp + seconds_);
    }

    function buy(
        uint256 who,
        uint256 what,
        uint96 maxPrice,
        bool looked
    ) external {
        (address person, uint32 id) = _pick(who, what);
        (address owner, uint96 price) = (models.ownerOf(id), market.listingOf(id).price);
        bool forSale = market.isForSale(id);
        uint32 version = models.termsVersion(id);
        if (!looked) --version;
        uint96 most = looked ? type(uint96).max : maxPrice;
        vm.prank(person);
        try market.buy(id, IModelMarket.Seen(most, version, 0)) {
            require(forSale && looked && person != owner, "sold what was not for sale");
            require(models.ownerOf(id) == person, "paid for nothing");
            expected[owner] += price;
            expected[person] -= price;
            ++sales;
        } catch {
            require(models.ownerOf(id) == owner, "moved without a sale");
        }
    }

    function _pick(
        uint256 who,
        uint256 what
    ) private view returns (address, uint32) {
        return (people[who % 3], ids[what % 2]);
    }

    /// @return wei and models that lie in the market
    function held() external view returns (uint256, uint256) {
        return (token.balanceOf(address(market)), models.balanceOf(address(market)));
    }

    /// @return whether everybody has what the sales say, to the wei
    function isExact() external view returns (bool) {
        for (uint256 i; i < people.length; ++i) {
            if (token.balanceOf(people[i]) != expected[people[i]]) return false;
        }
        return true;
    }
}
