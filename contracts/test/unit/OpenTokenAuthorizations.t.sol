// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {Deployed} from "../Deployed.sol";

/// @dev Transfers of OPEN that its holder signed and anyone sends (ERC-3009).
contract OpenTokenAuthorizationsTest is Deployed {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    address private payer;
    uint256 private key;
    bytes32 private domain;

    function setUp() public override {
        super.setUp();
        (payer, key) = makeAddrAndKey("payer");
        token.mint(payer, 100e18);
        domain = token.DOMAIN_SEPARATOR(); // asked here: between expectRevert and the call it would be the call
    }

    function test_transfer_isSentByAnyone() public {
        Authorization memory given = _given();
        vm.expectEmit(address(token));
        emit IERC3009.AuthorizationUsed(payer, given.nonce);
        vm.prank(mallory);
        _transfer(given, key);
        assertEq(token.balanceOf(bob), 1_000_000e18 + given.value);
        assertEq(token.balanceOf(payer), 100e18 - given.value);
        assertTrue(token.authorizationState(payer, given.nonce));
    }

    function test_transfer_onceOnly() public {
        Authorization memory given = _given();
        _transfer(given, key);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, payer, given.nonce)
        );
        _transfer(given, key);
    }

    function test_transfer_onlyInItsTime() public {
        Authorization memory given = _given();
        given.validAfter = block.timestamp;
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC3009Upgradeable.ERC3009InvalidAuthorizationTime.selector, given.validAfter, given.validBefore
            )
        );
        _transfer(given, key);
        given.validAfter = 0;
        given.validBefore = block.timestamp;
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC3009Upgradeable.ERC3009InvalidAuthorizationTime.selector, given.validAfter, given.validBefore
            )
        );
        _transfer(given, key);
    }

    function test_transfer_movesVotes() public {
        vm.prank(payer);
        token.delegate(payer);
        Authorization memory given = _given();
        _transfer(given, key);
        assertEq(token.getVotes(payer), 100e18 - given.value);
        assertEq(token.delegatedSupply(), 100e18 - given.value);
    }

    function testFuzz_transfer_bindsEveryField(
        uint256 field,
        uint256 change
    ) public {
        Authorization memory given = _given();
        (uint8 v, bytes32 r, bytes32 s) = _sign(TRANSFER, given, key);
        field = bound(field, 0, 5);
        change = bound(change, 1, 1e6);
        if (field == 0) given.from = alice;
        if (field == 1) given.to = address(uint160(given.to) ^ uint160(change));
        if (field == 2) given.value += change;
        if (field == 3) given.validAfter = bound(change, 1, block.timestamp - 1);
        if (field == 4) given.validBefore += change;
        if (field == 5) given.nonce = bytes32(uint256(given.nonce) ^ change);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        _send(given, v, r, s);
    }

    function test_receive_onlyByItsReceiver() public {
        Authorization memory given = _given();
        (uint8 v, bytes32 r, bytes32 s) = _sign(RECEIVE, given, key);
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, bob));
        _receive(given, v, r, s);
        vm.prank(bob);
        _receive(given, v, r, s);
        assertEq(token.balanceOf(bob), 1_000_000e18 + given.value);
    }

    function test_signature_ofOneKindIsNoneOfTheOther() public {
        Authorization memory given = _given();
        (uint8 v, bytes32 r, bytes32 s) = _sign(RECEIVE, given, key);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        _send(given, v, r, s);
    }

    function test_cancel_endsAnAuthorizationAndMovesNothing() public {
        Authorization memory given = _given();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digest(keccak256(abi.encode(CANCEL, payer, given.nonce))));
        vm.expectEmit(address(token));
        emit IERC3009Cancel.AuthorizationCanceled(payer, given.nonce);
        token.cancelAuthorization(payer, given.nonce, v, r, s);
        assertEq(token.balanceOf(payer), 100e18);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, payer, given.nonce)
        );
        _transfer(given, key);
    }

    function test_cancel_byAnotherFails() public {
        (, uint256 other) = makeAddrAndKey("other");
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(other, _digest(keccak256(abi.encode(CANCEL, payer, bytes32(uint256(7))))));
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.cancelAuthorization(payer, bytes32(uint256(7)), v, r, s);
    }

    function test_transfer_ofMoreThanThereIsFails() public {
        Authorization memory given = _given();
        given.value = 101e18;
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, payer, 100e18, 101e18));
        _transfer(given, key);
        assertFalse(token.authorizationState(payer, given.nonce));
    }

    function _given() private view returns (Authorization memory) {
        return Authorization({
            from: payer,
            to: bob,
            value: 3e18,
            validAfter: 0,
            validBefore: block.timestamp + 60,
            nonce: bytes32(uint256(7))
        });
    }

    function _transfer(
        Authorization memory given,
        uint256 signer
    ) private {
        (uint8 v, bytes32 r, bytes32 s) = _sign(TRANSFER, given, signer);
        _send(given, v, r, s);
    }

    function _send(
        Authorization memory given,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) private {
        token.transferWithAuthorization(
            given.from, given.to, given.value, given.validAfter, given.validBefore, given.nonce, v, r, s
        );
    }

    function _receive(
        Authorization memory given,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) private {
        token.receiveWithAuthorization(
            given.from, given.to, given.value, given.validAfter, given.validBefore, given.nonce, v, r, s
        );
    }

    function _sign(
        bytes32 kind,
        Authorization memory given,
        uint256 signer
    ) private view returns (uint8 v, bytes32 r, bytes32 s) {
        return vm.sign(signer, _digest(keccak256(abi.encode(kind, given))));
    }

    function _digest(
        bytes32 structHash
    ) private view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }
}
