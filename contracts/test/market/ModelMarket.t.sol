// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors, IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IModelMarket} from "../../src/models/IModelMarket.sol";
import {ModelMarket} from "../../src/models/ModelMarket.sol";
import {Deployed} from "../Deployed.sol";

contract ModelMarketTest is Deployed {
    uint96 internal constant PRICE = 70e18;

    ModelMarket internal market;
    uint32 internal id;
    uint64 internal expiry;

    function setUp() public override {
        super.setUp();
        market = ModelMarket(at("ModelMarket"));
        id = createModel(developer);
        expiry = uint64(block.timestamp + 1 days);
        vm.prank(alice);
        token.approve(address(market), type(uint256).max);
    }

    function test_buy_paysTheSellerAndGivesTheModel() public {
        _list(PRICE);
        (uint256 had, uint256 paid) = (token.balanceOf(developer), token.balanceOf(alice));
        assertTrue(market.isForSale(id));
        vm.expectEmit(address(market));
        emit IModelMarket.Sold(id, developer, alice, PRICE, 1, 0);
        _buy(alice, PRICE);
        assertEq(models.ownerOf(id), alice);
        assertEq(token.balanceOf(developer), had + PRICE);
        assertEq(token.balanceOf(alice), paid - PRICE);
        assertEq(token.balanceOf(address(market)), 0);
        assertEq(models.balanceOf(address(market)), 0);
        assertFalse(market.isForSale(id));
        assertEq(market.listingOf(id).seller, address(0));
    }

    function test_list_saysWhatIsOffered() public {
        vm.prank(developer);
        models.approve(address(market), id);
        vm.expectEmit(address(market));
        emit IModelMarket.Listed(id, developer, PRICE, expiry);
        vm.prank(developer);
        market.list(id, PRICE, expiry);
        IModelMarket.Listing memory listing = market.listingOf(id);
        assertEq(listing.seller, developer);
        assertEq(listing.price, PRICE);
        assertEq(listing.expiry, expiry);
        assertEq(listing.transfers, 0);
        assertEq(models.ownerOf(id), developer);
    }

    function test_list_againChangesPriceAndExpiry() public {
        _list(PRICE);
        vm.prank(developer);
        market.list(id, PRICE / 2, expiry + 9);
        assertEq(market.listingOf(id).expiry, expiry + 9);
        uint256 paid = token.balanceOf(alice);
        _buy(alice, PRICE); // no more than asked for, though alice would have paid twice as much
        assertEq(token.balanceOf(alice), paid - PRICE / 2);
    }

    function test_list_failsForOthersThanTheOwner() public {
        bytes memory notOwner = abi.encodeWithSelector(IModelMarket.ModelMarket_NotOwner.selector, id, mallory);
        vm.prank(developer);
        models.approve(mallory, id); // one who may move the model may not set its price
        vm.startPrank(mallory);
        vm.expectRevert(notOwner);
        market.list(id, PRICE, expiry);
        vm.expectRevert(notOwner);
        market.unlist(id);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, id + 1));
        market.list(id + 1, PRICE, expiry);
    }

    function test_list_failsWithoutApproval() public {
        vm.prank(developer);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_NotApproved.selector, id));
        market.list(id, PRICE, expiry);
    }

    function test_list_takesAnApprovalForAll() public {
        vm.startPrank(developer);
        models.setApprovalForAll(address(market), true);
        market.list(id, PRICE, expiry);
        vm.stopPrank();
        _buy(alice, PRICE);
        assertEq(models.ownerOf(id), alice);
    }

    function test_list_failsForNoPriceOrAPastExpiry() public {
        vm.startPrank(developer);
        models.approve(address(market), id);
        vm.expectRevert(IModelMarket.ModelMarket_NoPrice.selector);
        market.list(id, 0, expiry);
        uint64 now_ = uint64(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_InvalidExpiry.selector, now_));
        market.list(id, PRICE, now_);
    }

    function test_unlist_takesTheOfferBack() public {
        _list(PRICE);
        vm.expectEmit(address(market));
        emit IModelMarket.Unlisted(id, developer);
        vm.prank(developer);
        market.unlist(id);
        bytes memory notListed = abi.encodeWithSelector(IModelMarket.ModelMarket_NotListed.selector, id);
        vm.prank(developer);
        vm.expectRevert(notListed);
        market.unlist(id);
        vm.expectRevert(notListed);
        _buy(alice, PRICE);
    }

    function test_unlist_isForANewOwnerToo() public {
        _list(PRICE);
        vm.prank(developer);
        models.transferFrom(developer, bob, id);
        vm.expectEmit(address(market));
        emit IModelMarket.Unlisted(id, developer);
        vm.prank(bob);
        market.unlist(id);
    }

    function test_buy_failsForAPriceRaisedInTheSameBlock() public {
        _list(PRICE);
        vm.prank(developer);
        market.list(id, PRICE + 1, expiry);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_PriceAbove.selector, PRICE + 1, PRICE));
        _buy(alice, PRICE);
    }

    function test_buy_failsForTermsOrReleasesTheBuyerDidNotSee() public {
        _list(PRICE);
        vm.startPrank(developer);
        models.setTerms(id, someTerms());
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_Changed.selector, id, 2, 0));
        _buy(alice, PRICE);
        vm.prank(developer);
        models.addRelease(id, someRelease("base", "data"), 0, "bafkreimanifest");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_Changed.selector, id, 2, 1));
        market.buy(id, IModelMarket.Seen(PRICE, 2, 0));
        vm.prank(alice);
        market.buy(id, IModelMarket.Seen(PRICE, 2, 1));
        assertEq(models.ownerOf(id), alice);
    }

    function test_buy_failsAfterTheExpiry() public {
        _list(PRICE);
        vm.warp(expiry + 1);
        assertFalse(market.isForSale(id));
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_Expired.selector, id, expiry));
        _buy(alice, PRICE);
        vm.warp(expiry);
        _buy(alice, PRICE);
    }

    function test_buy_failsForTheSellerItself() public {
        _list(PRICE);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_OwnModel.selector, id));
        _buy(developer, PRICE);
    }

    function test_buy_failsOnceTheModelChangedHands() public {
        _list(PRICE);
        vm.prank(developer);
        models.transferFrom(developer, bob, id);
        bytes memory stale = abi.encodeWithSelector(IModelMarket.ModelMarket_Stale.selector, id);
        vm.expectRevert(stale);
        _buy(alice, PRICE);
        // An old offer doesn't come back with the model, not even once the market is approved again.
        vm.prank(bob);
        models.transferFrom(bob, developer, id);
        vm.prank(developer);
        models.approve(address(market), id);
        assertFalse(market.isForSale(id));
        vm.expectRevert(stale);
        _buy(alice, PRICE);
    }

    function test_buy_failsOnceTheApprovalIsTakenBack() public {
        _list(PRICE);
        vm.prank(developer);
        models.approve(address(0), id);
        assertFalse(market.isForSale(id));
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_NotApproved.selector, id));
        _buy(alice, PRICE);
    }

    function test_buy_failsTwice() public {
        _list(PRICE);
        _buy(alice, PRICE);
        vm.prank(bob);
        token.approve(address(market), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_NotListed.selector, id));
        _buy(bob, PRICE);
    }

    function test_buy_failsWithoutTheMoneyAndLeavesTheOffer() public {
        _list(PRICE);
        vm.prank(bob);
        token.approve(address(market), PRICE - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(market), PRICE - 1, uint256(PRICE)
            )
        );
        _buy(bob, PRICE);
        uint256 all = token.balanceOf(alice);
        vm.prank(alice);
        token.transfer(bob, all);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 0, uint256(PRICE))
        );
        _buy(alice, PRICE);
        assertTrue(market.isForSale(id));
        assertEq(models.ownerOf(id), developer);
    }

    function testFuzz_buy_movesExactlyThePrice(
        uint96 price,
        uint96 maxPrice
    ) public {
        price = uint96(bound(price, 1, 1_000_000e18));
        _list(price);
        (uint256 had, uint256 paid) = (token.balanceOf(developer), token.balanceOf(alice));
        if (maxPrice < price) {
            vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_PriceAbove.selector, price, maxPrice));
            _buy(alice, maxPrice);
            assertEq(models.ownerOf(id), developer);
            return;
        }
        _buy(alice, maxPrice);
        assertEq(token.balanceOf(developer), had + price);
        assertEq(token.balanceOf(alice), paid - price);
        assertEq(models.ownerOf(id), alice);
    }

    function testFuzz_buy_failsWhateverElseWasSeen(
        uint32 termsVersion,
        uint32 releaseCount
    ) public {
        vm.assume(termsVersion != 1 || releaseCount != 0);
        _list(PRICE);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IModelMarket.ModelMarket_Changed.selector, id, 1, 0));
        market.buy(id, IModelMarket.Seen(PRICE, termsVersion, releaseCount));
    }

    function _list(
        uint96 price
    ) private {
        vm.startPrank(developer);
        models.approve(address(market), id);
        market.list(id, price, expiry);
        vm.stopPrank();
    }

    function _buy(
        address buyer,
        uint96 maxPrice
    ) private {
        vm.prank(buyer);
        market.buy(id, IModelMarket.Seen(maxPrice, 1, 0));
    }
}
