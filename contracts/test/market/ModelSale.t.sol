// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModelMarket} from "../../src/models/IModelMarket.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {MarketBase} from "./MarketBase.sol";

/// @notice Who is paid for answers around a sale. That a batch which pays somebody else loses: EvidenceProofs.t.sol.
contract ModelSaleTest is MarketBase {
    uint96 private constant PAID = 50e18;
    uint256 private constant DEVELOPER = 2_500; // bps of the net fee, as `_allocationsOf` gives

    address private seller = makeAddr("seller");
    address private buyer = makeAddr("buyer");

    function setUp() public override {
        super.setUp();
        models.transferFrom(address(this), seller, modelId);
        _give(buyer, address(market), PAID);
    }

    /// @dev As an operator does: the developer is who owns the model when the answer is given.
    function _allocationsOf(
        address operator_,
        uint96 fee,
        uint32 feeVersion,
        uint256 position
    ) internal view override returns (Allocation[] memory a) {
        a = super._allocationsOf(operator_, fee, feeVersion, position);
        a[1].account = models.ownerOf(modelId);
    }

    function test_sale_leavesWhatWasEarnedBeforeToTheSeller() public {
        _settleHonest(_two()); // answered and settled before the sale, claimed after it
        _sell();
        _passWindow();
        uint256 earned = _net(7 * FEE) * DEVELOPER / 10_000;
        assertEq(token.balanceOf(seller), PAID);
        pool.claim(_claimOf(operator, seller));
        assertEq(token.balanceOf(seller), PAID + earned);
        vm.expectRevert("no leaf");
        this.claimOf(buyer);

        // Nor is it changed by what comes later, which is the buyer's.
        _settleHonest(_two());
        _passWindow();
        assertEq(_claimOf(operator, seller).amount, earned);
        pool.claim(_claimOf(operator, buyer));
        assertEq(token.balanceOf(buyer), earned);
        assertEq(token.balanceOf(seller), PAID + earned);
    }

    function test_sale_leavesContributorsAndOperatorUntouched() public {
        _settleHonest(_two());
        _passWindow();
        uint256 contributor = _claimOf(operator, _contributor(0)).amount;
        uint256 operators = _claimOf(operator, operator).amount;
        _sell();
        _settleHonest(_two());
        _passWindow();
        assertEq(_claimOf(operator, _contributor(0)).amount, 2 * contributor);
        assertEq(_claimOf(operator, operator).amount, 2 * operators);
        assertEq(models.termsVersion(modelId), 1);
    }

    function claimOf(
        address account
    ) external view {
        _claimOf(operator, account);
    }

    function _sell() private {
        vm.startPrank(seller);
        models.approve(address(market), modelId);
        market.list(modelId, PAID, uint64(block.timestamp + 1 days));
        vm.stopPrank();
        vm.prank(buyer);
        market.buy(modelId, IModelMarket.Seen(PAID, 1, 1));
    }

    function _net(
        uint256 fees
    ) private pure returns (uint256) {
        return fees - fees * PROTOCOL_FEE_BPS / 10_000;
    }
}
