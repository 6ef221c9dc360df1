// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Voucher} from "../types/Settlement.sol";

/// @notice Payers' OPEN, deposited per operator, collected through channels; session keys; withdrawal after a thaw.
interface IPaymentEscrow {
    /// @notice State of a channel in one slot. `cap` and `expiry` are the session key's (0 for the payer's own channel).
    struct Channel {
        uint96 collected;
        uint96 cap;
        uint32 sequence;
        uint32 expiry;
    }

    /// @notice What a payer has with an operator. `thawing` is still collectible until withdrawn.
    struct Account {
        uint96 balance;
        uint96 thawing;
        uint64 thawedAt;
    }

    event Deposited(address indexed payer, address indexed operator, address actor, uint96 amount, uint96 balance);
    event ThawStarted(address indexed payer, address indexed operator, uint96 amount, uint64 thawedAt);
    event Withdrawn(address indexed payer, address indexed operator, uint96 amount, uint96 balance);
    event SessionAuthorized(
        address indexed payer,
        address indexed operator,
        address indexed signer,
        bytes32 channel,
        uint96 cap,
        uint32 expiry
    );
    event SessionRevoked(
        address indexed payer, address indexed operator, address indexed signer, bytes32 channel, uint32 expiry
    );
    /// @param sequence of the channel, as before the void batch
    event Refunded(
        address indexed payer,
        address indexed operator,
        bytes32 indexed channel,
        uint96 amount,
        uint96 balance,
        uint32 sequence,
        address signer
    );

    error PaymentEscrow_NotSettlement(address caller);
    error PaymentEscrow_NotPrepayments(address caller);
    error PaymentEscrow_ZeroAddress();
    error PaymentEscrow_ZeroAmount();
    error PaymentEscrow_BadSigner(address signer);
    error PaymentEscrow_SessionEndsInPast(uint32 expiry);
    error PaymentEscrow_SessionMayOnlyGrow(uint96 cap, uint32 expiry);
    error PaymentEscrow_NoSession(address payer, address operator, address signer);
    error PaymentEscrow_ThawBeyondBalance(uint96 amount, uint96 balance);
    error PaymentEscrow_NothingThawing(address payer, address operator);
    error PaymentEscrow_StillThawing(uint64 thawedAt);
    error PaymentEscrow_BadEntriesLength(uint256 length);
    error PaymentEscrow_TooManyChannels(uint256 channels);
    error PaymentEscrow_ChannelsOutOfOrder(uint256 index);
    error PaymentEscrow_WrongPreviousSequence(bytes32 channel, uint40 given, uint32 sequence);
    error PaymentEscrow_BadSignature(bytes32 channel);
    error PaymentEscrow_SequenceNotRising(bytes32 channel, uint32 sequence, uint32 lastSequence);
    error PaymentEscrow_BeyondMaxSequence(bytes32 channel, uint32 lastSequence, uint32 maxSequence);
    error PaymentEscrow_BeyondCeiling(bytes32 channel, uint256 cumulative, uint96 ceiling);
    error PaymentEscrow_BeyondSessionCap(bytes32 channel, uint256 cumulative, uint96 cap);
    error PaymentEscrow_VoucherExpired(bytes32 channel, uint32 expiry);
    error PaymentEscrow_SessionExpired(bytes32 channel, uint32 expiry);
    error PaymentEscrow_BeyondBalance(address payer, uint96 required, uint96 balance);
    error PaymentEscrow_BadRange(uint256 from, uint256 to, uint256 channels);
    error PaymentEscrow_LaterRefundFirst(bytes32 channel, uint32 sequence, uint32 lastSequence);
    error PaymentEscrow_BeyondPending(uint256 amount, uint256 pending);

    /// @notice Adds the caller's OPEN to `payer`'s balance with `operator`.
    function deposit(
        address payer,
        address operator,
        uint96 amount
    ) external;

    /// @notice The same with an ERC-2612 permit of the caller.
    function depositWithPermit(
        address payer,
        address operator,
        uint96 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Authorises a session key for one operator; a later call may only raise cap and expiry, and may bring an
    ///         ended key back to life. The cap counts all that the channel has ever collected.
    /// @dev A payer that is a contract (ERC-1271) cannot sign vouchers itself, since a voucher is recovered from its
    ///      signature alone; it authorises a session key here and lets that sign.
    function authorizeSession(
        address operator,
        address signer,
        uint96 cap,
        uint32 expiry
    ) external;

    /// @notice Deposits the caller's OPEN for `payer` and lets `signer` spend that much more of it: a payment is a session
    ///         for what was paid. Only Prepayments, which has seen the payer's signature over the amount.
    /// @dev Brings an ended session back to life, as `authorizeSession` does; what was prepaid and not spent before counts
    ///      again then.
    function prepay(
        address payer,
        address operator,
        address signer,
        uint96 amount
    ) external;

    /// @notice Ends a session key for new calls at once; receipts made before can be settled until the thaw has passed.
    function revokeSession(
        address operator,
        address signer
    ) external;

    /// @notice Starts (or restarts) the thaw of `amount`; replaces an earlier one.
    function thaw(
        address operator,
        uint96 amount
    ) external;

    /// @notice Pays out what has thawed, at most what is left.
    function withdraw(
        address operator
    ) external;

    /// @notice Verifies and debits the channels of a batch. Only the settlement.
    /// @param channels packed entries of 167 bytes (docs/wire.md)
    /// @dev A payer or signer is only ever recovered by ECDSA. Vouchers and sessions can be settled until their expiry
    ///      plus the thaw, since receipts made in time may wait for a batch.
    /// @return collected sum over the entries; calls sum of sequence differences
    function collect(
        address operator,
        bytes calldata channels
    ) external returns (uint96 collected, uint32 calls);

    /// @notice Undoes entries of a void batch: gives back what each collected and the sequences it took. Only the
    ///         settlement, which vouches for `channels`.
    /// @dev Entries already undone are skipped. What comes back can be withdrawn only by a thaw that starts after it.
    /// @param from first entry
    /// @param to entry after the last
    /// @return entries how many were undone
    function refund(
        address operator,
        bytes calldata channels,
        uint256 from,
        uint256 to
    ) external returns (uint32 entries);

    /// @notice Moves a final batch's money: net to the reward pool, protocol fee to burn and treasury. Only the settlement.
    function release(
        address rewardPool,
        uint96 net,
        address treasury,
        uint96 toTreasury,
        uint96 toBurn
    ) external;

    function account(
        address payer,
        address operator
    ) external view returns (Account memory);
    function channel(
        bytes32 channelId
    ) external view returns (Channel memory);
    function channelId(
        address payer,
        address operator,
        address signer
    ) external pure returns (bytes32);
    function hashVoucher(
        Voucher calldata voucher
    ) external view returns (bytes32 digest);
    /// @notice Collected from payers in batches that are not final yet.
    function pending() external view returns (uint256);
    /// @return seconds between asking for money back and getting it
    function thawPeriod() external view returns (uint64);
}
