// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IFaucet} from "../../src/token/IFaucet.sol";
import {Deployed} from "../Deployed.sol";

contract FaucetTest is Deployed {
    function test_drip_givesAndEmits() public {
        vm.expectEmit(address(faucet));
        emit IFaucet.Dripped(anyone, faucet.amount());
        faucet.drip(anyone);
        assertEq(token.balanceOf(anyone), faucet.amount());
        assertEq(faucet.nextDrip(anyone), block.timestamp + parameters().faucetPeriod);
    }

    function test_drip_failsBeforeThePeriodIsOver() public {
        faucet.drip(anyone);
        uint64 next = faucet.nextDrip(anyone);
        vm.warp(next - 1);
        vm.expectRevert(abi.encodeWithSelector(IFaucet.Faucet_TooSoon.selector, anyone, next));
        faucet.drip(anyone);
        vm.warp(next);
        faucet.drip(anyone);
        assertEq(token.balanceOf(anyone), 2 * faucet.amount());
    }

    function test_drip_failsWhenThePotIsEmpty() public {
        token.burn(address(faucet), token.balanceOf(address(faucet)) - 1);
        vm.expectRevert(abi.encodeWithSelector(IFaucet.Faucet_Empty.selector, 1));
        faucet.drip(anyone);
    }
}
