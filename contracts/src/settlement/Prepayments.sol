// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {IOperatorRegistry} from "../oracles/IOperatorRegistry.sol";
import {IOpenToken} from "../token/IOpenToken.sol";
import {IPaymentEscrow} from "./IPaymentEscrow.sol";
import {IPrepayments} from "./IPrepayments.sol";
import {PrepaymentVault} from "./PrepaymentVault.sol";

/// @title Prepayments
/// @notice Credits authorised transfers to operators' vaults as sessions of their payers.
/// @dev Holds nothing between calls: what a vault receives goes on to the escrow, in the payer's name, in the call that
///      credits it. Only upgrades are restricted (AccessManager: upgrade timelock).
contract Prepayments is AccessManagedUpgradeable, UUPSUpgradeable, IPrepayments {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    IPaymentEscrow public immutable escrow;
    IOperatorRegistry public immutable registry;

    /// @custom:storage-location erc7201:openledger.storage.Prepayments
    struct PrepaymentsStorage {
        mapping(address payer => mapping(bytes32 nonce => bool)) credited;
        mapping(address operator => address) vaults; // opened; an upgrade may compute other addresses than these
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Prepayments")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PREPAYMENTS_STORAGE = 0xc55d049463cfc96adb2a755fe7da9aacc5c293ca1d4ab15f1ac345d079bc1e00;

    /// @param token_ OPEN
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IERC20 token_,
        IPaymentEscrow escrow_,
        IOperatorRegistry registry_
    ) {
        token = token_;
        escrow = escrow_;
        registry = registry_;
        _disableInitializers();
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IPrepayments
    function open(
        address operator
    ) public returns (address vault) {
        if (operator == address(0)) revert Prepayments_ZeroAddress();
        PrepaymentsStorage storage $ = _prepayments();
        vault = $.vaults[operator];
        if (vault != address(0)) return vault;
        vault = vaultOf(operator);
        $.vaults[operator] = vault;
        emit VaultOpened(operator, vault);
        // slither-disable-next-line unused-return (it is the address computed above)
        Create2.deploy(0, _salt(operator), _vaultCode());
    }

    /// @inheritdoc IPrepayments
    function pay(
        address operator,
        Payment calldata payment,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        IERC3009 open_ = IERC3009(address(token));
        (address payer, bytes32 nonce) = (payment.payer, payment.nonce);
        // Anyone may have sent it already: then it has arrived, and whether it did is looked at below.
        if (!open_.authorizationState(payer, nonce)) {
            address vault = vaultOf(operator);
            // slither-disable-next-line reentrancy-no-eth (OPEN calls nobody, and a payment is marked before it is credited)
            open_.transferWithAuthorization(
                payer, vault, payment.value, payment.validAfter, payment.validBefore, nonce, v, r, s
            );
        }
        credit(operator, payer, nonce);
    }

    /// @inheritdoc IPrepayments
    function credit(
        address operator,
        address payer,
        bytes32 nonce
    ) public {
        PrepaymentsStorage storage $ = _prepayments();
        if ($.credited[payer][nonce]) revert Prepayments_AlreadyCredited(payer, nonce);
        $.credited[payer][nonce] = true;
        (address to, uint96 amount) = IOpenToken(address(token)).authorizedTransfer(payer, nonce);
        if (to == address(0)) revert Prepayments_NotPaid(payer, nonce);
        address vault = open(operator);
        if (to != vault) revert Prepayments_PaidElsewhere(payer, nonce, to);

        address signer = registry.signerOf(operator);
        if (signer == payer) signer = address(0);
        emit Prepaid(payer, operator, signer, nonce, amount, msg.sender);
        // slither-disable-next-line arbitrary-send-erc20 (the vault is this contract's own, and holds what is credited)
        token.safeTransferFrom(vault, address(this), amount);
        token.forceApprove(address(escrow), amount);
        if (signer == address(0)) escrow.deposit(payer, operator, amount);
        else escrow.prepay(payer, operator, signer, amount);
    }

    /// @inheritdoc IPrepayments
    function vaultOf(
        address operator
    ) public view returns (address vault) {
        vault = _prepayments().vaults[operator];
        if (vault == address(0)) vault = Create2.computeAddress(_salt(operator), keccak256(_vaultCode()));
    }

    /// @inheritdoc IPrepayments
    function isCredited(
        address payer,
        bytes32 nonce
    ) external view returns (bool) {
        return _prepayments().credited[payer][nonce];
    }

    function _salt(
        address operator
    ) private pure returns (bytes32) {
        return bytes32(uint256(uint160(operator)));
    }

    function _vaultCode() private view returns (bytes memory) {
        return abi.encodePacked(type(PrepaymentVault).creationCode, abi.encode(token));
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}

    function _prepayments() private pure returns (PrepaymentsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := PREPAYMENTS_STORAGE
        }
    }
}
