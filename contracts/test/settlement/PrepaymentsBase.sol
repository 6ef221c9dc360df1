// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Artifacts} from "../../../script/Artifacts.sol";
import {IPrepayments} from "../../src/settlement/IPrepayments.sol";
import {Prepayments} from "../../src/settlement/Prepayments.sol";
import {BatchBuilder} from "./BatchBuilder.sol";

/// @notice Prepayments where the escrow knows it, and payers who sign authorised transfers.
abstract contract PrepaymentsBase is BatchBuilder {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    Prepayments internal prepayments;
    bytes32 private domain;

    struct Signature {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    function setUp() public virtual override {
        super.setUp();
        Prepayments implementation =
            Prepayments(Artifacts.create("Prepayments", abi.encode(IERC20(address(token)), escrow, registry)));
        bytes memory init = abi.encodeCall(Prepayments.initialize, (address(manager)));
        deployCodeTo("out/ERC1967Proxy.sol/ERC1967Proxy.json", abi.encode(implementation, init), prepaymentsAddress);
        prepayments = Prepayments(prepaymentsAddress);
        domain = token.DOMAIN_SEPARATOR(); // asked here: between expectRevert and the call it would be the call
        token.mint(payer, 1_000e18);
        token.mint(payer2, 1_000e18);
    }

    function _payment(
        address from,
        uint96 value,
        bytes32 nonce
    ) internal view returns (IPrepayments.Payment memory) {
        return IPrepayments.Payment(from, value, 0, block.timestamp + 60, nonce);
    }

    function _signTransfer(
        IPrepayments.Payment memory p,
        address to,
        uint256 key
    ) internal view returns (Signature memory) {
        return _sign(key, abi.encode(TRANSFER, p.payer, to, p.value, p.validAfter, p.validBefore, p.nonce));
    }

    function _sign(
        uint256 key,
        bytes memory words
    ) private view returns (Signature memory sig) {
        (sig.v, sig.r, sig.s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, keccak256(words))));
    }

    function _pay(
        address to,
        IPrepayments.Payment memory p,
        uint256 key
    ) internal {
        Signature memory sig = _signTransfer(p, prepayments.vaultOf(to), key);
        vm.prank(anyone);
        prepayments.pay(to, p, sig.v, sig.r, sig.s);
    }

    /// @dev Somebody else sends the transfer, to whomever it was signed for.
    function _sendOutside(
        address to,
        IPrepayments.Payment memory p,
        uint256 key
    ) internal {
        Signature memory sig = _signTransfer(p, to, key);
        vm.prank(makeAddr("stranger"));
        token.transferWithAuthorization(p.payer, to, p.value, p.validAfter, p.validBefore, p.nonce, sig.v, sig.r, sig.s);
    }

    function _cancel(
        address from,
        uint256 key,
        bytes32 nonce
    ) internal {
        Signature memory sig = _sign(key, abi.encode(CANCEL, from, nonce));
        token.cancelAuthorization(from, nonce, sig.v, sig.r, sig.s);
    }
}
