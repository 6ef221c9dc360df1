// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {
    ERC20VotesUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20VotesUpgradeable.sol";
import {IOpenToken} from "../../src/token/IOpenToken.sol";
import {IOptimismMintableERC20} from "../../src/token/IOptimismMintableERC20.sol";
import {Deployed} from "../Deployed.sol";

contract OpenTokenTest is Deployed {
    function test_mint_onlyForTheBridge() public {
        vm.expectEmit(address(token));
        emit IOpenToken.BridgeMinted(anyone, 5);
        token.mint(anyone, 5);
        assertEq(token.balanceOf(anyone), 5);
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        token.mint(mallory, 5);
    }

    function test_burn_byTheBridge() public {
        uint256 before = token.totalSupply();
        vm.expectEmit(address(token));
        emit IOpenToken.BridgeBurned(alice, 5);
        token.burn(alice, 5);
        assertEq(token.totalSupply(), before - 5);
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        token.burn(alice, 5);
    }

    function test_burn_ofOnesOwn() public {
        vm.prank(alice);
        token.burn(1e18);
        assertEq(token.balanceOf(alice), 999_999e18);
    }

    function test_crosschainMintAndBurn_onlyForABridge() public {
        token.crosschainMint(anyone, 7);
        token.crosschainBurn(anyone, 3);
        assertEq(token.balanceOf(anyone), 4);
        vm.startPrank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        token.crosschainMint(mallory, 7);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        token.crosschainBurn(alice, 7);
    }

    function test_mint_failsBeyondWhatL1Has() public {
        uint256 left = token.MAX_SUPPLY() - token.totalSupply();
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC20VotesUpgradeable.ERC20ExceededSafeSupply.selector, token.MAX_SUPPLY() + 1, token.MAX_SUPPLY()
            )
        );
        token.mint(anyone, left + 1);
        token.mint(anyone, left);
    }

    function test_supportsInterface_ofBothBridges() public view {
        assertTrue(token.supportsInterface(type(IERC165).interfaceId));
        assertTrue(token.supportsInterface(type(IERC7802).interfaceId));
        assertTrue(token.supportsInterface(type(IOptimismMintableERC20).interfaceId));
        assertFalse(token.supportsInterface(0xffffffff));
        assertEq(token.bridge(), parameters().bridge);
        assertEq(token.remoteToken(), address(0));
    }

    function test_permit_letsASignatureApprove() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19\x01",
                token.DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                        owner,
                        bob,
                        5,
                        0,
                        block.timestamp
                    )
                )
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        token.permit(owner, bob, 5, block.timestamp, v, r, s);
        assertEq(token.allowance(owner, bob), 5);
        assertEq(token.nonces(owner), 1);
    }

    function test_delegatedSupply_followsDelegationTransferMintAndBurn() public {
        assertEq(token.delegatedSupply(), 0);
        vm.prank(alice);
        token.delegate(alice);
        assertEq(token.delegatedSupply(), 1_000_000e18);
        vm.prank(alice);
        token.transfer(bob, 1e18); // bob delegates to nobody
        assertEq(token.delegatedSupply(), 999_999e18);
        vm.prank(bob);
        token.delegate(alice);
        assertEq(token.delegatedSupply(), 2_000_000e18);
        vm.prank(bob);
        token.transfer(alice, 1e18); // both delegate
        assertEq(token.delegatedSupply(), 2_000_000e18);
        token.mint(alice, 5);
        token.burn(bob, 3);
        assertEq(token.delegatedSupply(), 2_000_000e18 + 2);
        vm.prank(alice);
        token.delegate(address(0));
        assertEq(token.delegatedSupply(), token.balanceOf(bob));
    }

    function test_getPastDelegatedSupply_tellsThePastOnly() public {
        vm.prank(alice);
        token.delegate(alice);
        tick();
        vm.prank(alice);
        token.delegate(address(0));
        assertEq(token.getPastDelegatedSupply(block.timestamp - 1), 1_000_000e18);
        tick();
        assertEq(token.getPastDelegatedSupply(block.timestamp - 1), 0);
        vm.expectRevert();
        token.getPastDelegatedSupply(block.timestamp);
    }

    function test_clock_countsSeconds() public view {
        assertEq(token.clock(), block.timestamp);
        assertEq(token.CLOCK_MODE(), "mode=timestamp");
    }
}
