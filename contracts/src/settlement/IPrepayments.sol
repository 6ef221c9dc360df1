// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Turns an authorised transfer of OPEN (ERC-3009), as x402's `exact` scheme pays with, into a channel that needs no
///         voucher of its payer: what was paid is in the payer's account with the operator, and the operator's signer may
///         spend it by receipts.
interface IPrepayments {
    /// @notice A payment to an operator's vault.
    struct Payment {
        address payer;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    event VaultOpened(address indexed operator, address vault);
    /// @param signer of the channel; 0 if the operator had none, or it was the payer: then it is a deposit only
    event Prepaid(
        address indexed payer, address indexed operator, address signer, bytes32 nonce, uint96 amount, address actor
    );

    error Prepayments_ZeroAddress();
    error Prepayments_NotPaid(address payer, bytes32 nonce);
    error Prepayments_PaidElsewhere(address payer, bytes32 nonce, address to);
    error Prepayments_AlreadyCredited(address payer, bytes32 nonce);

    /// @notice Makes the operator's vault, which else comes with its first payment. Anyone.
    function open(
        address operator
    ) external returns (address vault);

    /// @notice Sends the payer's authorised transfer to the operator's vault, unless somebody has, and credits it. Anyone.
    function pay(
        address operator,
        Payment calldata payment,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Credits a payment that has arrived, once. What was cancelled never moved and is never credited. Anyone.
    function credit(
        address operator,
        address payer,
        bytes32 nonce
    ) external;

    /// @return where payments to the operator go, whether it has been opened or not
    function vaultOf(
        address operator
    ) external view returns (address);
    function isCredited(
        address payer,
        bytes32 nonce
    ) external view returns (bool);
}
