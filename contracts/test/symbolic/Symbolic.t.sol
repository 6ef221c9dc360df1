// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";
import {IContributionVotes} from "../../src/governance/IContributionVotes.sol";
import {LargestRemainder} from "../../src/libraries/LargestRemainder.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {RewardPool} from "../../src/settlement/RewardPool.sol";
import {Tree, Voucher} from "../../src/types/Settlement.sol";

/// @dev OPEN as far as escrow and pool need it: balances that add up.
contract Coins {
    mapping(address account => uint256) public balanceOf;

    function mint(
        address to,
        uint256 amount
    ) external {
        balanceOf[to] += amount;
    }

    function transfer(
        address to,
        uint256 amount
    ) external returns (bool) {
        return transferFrom(msg.sender, to, amount);
    }

    function transferFrom(
        address from,
        address to,
        uint256 amount
    ) public returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}

/// @notice What holds for all inputs, checked by Halmos (`npm run check:symbolic`).
contract SymbolicTest is Test {
    Coins internal coins;
    PaymentEscrow internal escrow;
    PaymentEscrow internal other;
    RewardPool internal pool;
    address internal constant PAYER = address(0xA11CE);
    address internal constant OPERATOR = address(0xB0B);

    function setUp() public {
        coins = new Coins();
        escrow = new PaymentEscrow(IERC20(address(coins)), address(this), address(0), 600, 120);
        other = new PaymentEscrow(IERC20(address(coins)), address(this), address(0), 600, 120);
        pool = new RewardPool(IERC20(address(coins)), IContributionVotes(address(0)), address(this));
    }

    /// @dev The parts sum to the whole, and each is its exact share, rounded down or up, for any amount of 16 bits. Claims are
    ///      given, since quotients of two unknowns are what solvers are slow at.
    function check_largestRemainder_isExact(
        uint16 amount
    ) public pure {
        uint256[] memory claims = new uint256[](3);
        (claims[0], claims[1], claims[2]) = (3, 5, 8);
        uint256[] memory parts = LargestRemainder.divide(amount, claims, new uint256[](3));
        assert(parts[0] + parts[1] + parts[2] == amount);
        for (uint256 i = 0; i < 3; ++i) {
            assert(parts[i] * 16 < uint256(amount) * claims[i] + 16);
            assert((parts[i] + 1) * 16 > uint256(amount) * claims[i]);
        }
    }

    /// @dev However much is deposited and thawed: what comes out once is not there again.
    function check_escrow_neverPaysTwice(
        uint96 amount,
        uint96 thawed,
        uint96 othersMoney,
        uint64 wait
    ) public {
        vm.assume(amount != 0 && othersMoney != 0 && wait < 1_000_000);
        coins.mint(address(escrow), othersMoney);
        coins.mint(address(this), amount);
        escrow.deposit(PAYER, OPERATOR, amount);
        vm.startPrank(PAYER);
        escrow.thaw(OPERATOR, thawed);
        vm.warp(block.timestamp + wait);
        escrow.withdraw(OPERATOR);
        assert(coins.balanceOf(PAYER) == thawed);
        (bool again,) = address(escrow).call(abi.encodeCall(escrow.withdraw, (OPERATOR)));
        assert(!again);
        assert(coins.balanceOf(PAYER) <= amount);
        assert(coins.balanceOf(address(escrow)) == uint256(othersMoney) + amount - thawed);
    }

    /// @dev Whatever roots follow each other: an account's claims only grow, and it has had the largest of them at most.
    function check_claims_neverDecrease(
        uint96 first,
        uint96 second,
        uint96 paidIn
    ) public {
        coins.mint(address(pool), paidIn);
        _activate(first, paidIn);
        pool.claimMany(_claims(first));
        (uint96 before,) = pool.claimed(OPERATOR, PAYER);
        assert(before == first);
        _activate(second, 0);
        pool.claimMany(_claims(second));
        (uint96 now_,) = pool.claimed(OPERATOR, PAYER);
        assert(now_ >= before);
        assert(now_ == (first < second ? second : first));
        assert(coins.balanceOf(PAYER) == now_);
    }

    function _tree(
        uint96 amount
    ) private pure returns (Tree memory) {
        bytes32 leaf = keccak256(
            abi.encodePacked(uint8(0), SumTree.REWARDS, uint256(uint160(PAYER)) << 96, bytes32(0), amount, uint96(0))
        );
        return Tree({root: leaf, count: 1, amount: amount, weight: 0});
    }

    function _activate(
        uint96 amount,
        uint96 net
    ) private {
        pool.activate(OPERATOR, 1, _tree(amount), net);
    }

    function _claims(
        uint96 amount
    ) private pure returns (IRewardPool.Claim[] memory claims) {
        claims = new IRewardPool.Claim[](1);
        claims[0] = IRewardPool.Claim(OPERATOR, _tree(amount), PAYER, amount, 0, 0, "");
    }

    /// @dev A voucher signed for one escrow is none for another, whatever it says there.
    function check_signature_isOfOneEscrow(
        Voucher memory one,
        Voucher memory two
    ) public view {
        assert(escrow.hashVoucher(one) != other.hashVoucher(two));
    }

    /// @dev Nor is one signed for a chain valid on another. Both are other chains than the one of the deployment, whose domain
    ///      is a number by now: that a hash of unknowns is not just that number is what hash functions promise, not logic.
    function check_signature_isOfOneChain(
        Voucher memory one,
        Voucher memory two,
        uint64 chain,
        uint64 another
    ) public {
        vm.assume(chain != another && chain != block.chainid && another != block.chainid);
        vm.chainId(chain);
        bytes32 here = escrow.hashVoucher(one);
        vm.chainId(another);
        assert(here != escrow.hashVoucher(two));
    }

    /// @dev And no two vouchers share a hash.
    function check_signature_isOfOneVoucher(
        Voucher memory one,
        Voucher memory two
    ) public view {
        vm.assume(one.cumulativeCeiling != two.cumulativeCeiling || one.payer != two.payer || one.expiry != two.expiry);
        assert(escrow.hashVoucher(one) != escrow.hashVoucher(two));
    }
}
