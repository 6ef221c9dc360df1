// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BoundedPause} from "../libraries/BoundedPause.sol";
import {Channels} from "../libraries/Channels.sol";
import {IOpenToken} from "../token/IOpenToken.sol";
import {Voucher} from "../types/Settlement.sol";
import {IPaymentEscrow} from "./IPaymentEscrow.sol";

/// @title PaymentEscrow
/// @notice Payers' OPEN per operator, session keys, channels and the thaw.
/// @dev Restricted functions (AccessManager):
///      | function         | who                      |
///      |------------------|--------------------------|
///      | pause, unpause   | guardian                 |
///      | upgradeToAndCall | upgrade timelock (admin) |
///      A pause stops deposits only. collect, refund and release are for the Settlement contract, prepay for Prepayments, both
///      fixed at construction, so that no role can be given to move payers' money.
contract PaymentEscrow is IPaymentEscrow, BoundedPause, UUPSUpgradeable, EIP712 {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    address public immutable settlement;
    address public immutable prepayments;
    /// @inheritdoc IPaymentEscrow
    uint64 public immutable thawPeriod;

    /// @notice Seconds that a prepayment can be spent in; a later one to the same signer extends it.
    uint32 public constant PREPAID_PERIOD = 90 days;

    /// @custom:storage-location erc7201:openledger.storage.PaymentEscrow
    struct PaymentEscrowStorage {
        uint256 pending;
        mapping(address operator => mapping(address payer => Account)) accounts;
        mapping(bytes32 channelId => Channel) channels;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.PaymentEscrow")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PAYMENT_ESCROW_STORAGE =
        0x9bbfceb512d1f7c7128fc917fc6b94febd344d005e95194ed067dd01fa419500;

    /// @param token_ OPEN
    /// @param settlement_ the Settlement contract, which may not exist yet
    /// @param prepayments_ the Prepayments contract, which may not exist yet
    /// @param thawPeriod_ seconds; longer than the longest pause and a settlement period together
    /// @param longestPause_ seconds
    constructor(
        IERC20 token_,
        address settlement_,
        address prepayments_,
        uint64 thawPeriod_,
        uint64 longestPause_
    ) BoundedPause(longestPause_) EIP712("OpenLedger", "1") {
        token = token_;
        settlement = settlement_;
        prepayments = prepayments_;
        thawPeriod = thawPeriod_;
        _disableInitializers();
    }

    modifier onlySettlement() {
        if (msg.sender != settlement) revert PaymentEscrow_NotSettlement(msg.sender);
        _;
    }

    function initialize(
        address authority
    ) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IPaymentEscrow
    function deposit(
        address payer,
        address operator,
        uint96 amount
    ) public whenNotPaused {
        if (payer == address(0) || operator == address(0)) revert PaymentEscrow_ZeroAddress();
        if (amount == 0) revert PaymentEscrow_ZeroAmount();
        Account storage a = _storage().accounts[operator][payer];
        uint96 balance = a.balance + amount;
        a.balance = balance;
        emit Deposited(payer, operator, msg.sender, amount, balance);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IPaymentEscrow
    function depositWithPermit(
        address payer,
        address operator,
        uint96 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        // Anyone may have used the permit already; then the allowance is there and the deposit goes on.
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        deposit(payer, operator, amount);
    }

    /// @inheritdoc IPaymentEscrow
    function authorizeSession(
        address operator,
        address signer,
        uint96 cap,
        uint32 expiry
    ) external {
        if (operator == address(0)) revert PaymentEscrow_ZeroAddress();
        if (signer == address(0) || signer == msg.sender) revert PaymentEscrow_BadSigner(signer);
        if (cap == 0) revert PaymentEscrow_ZeroAmount();
        if (expiry <= block.timestamp) revert PaymentEscrow_SessionEndsInPast(expiry);
        bytes32 id = Channels.id(msg.sender, operator, signer);
        Channel storage c = _storage().channels[id];
        if (cap < c.cap || expiry < c.expiry) revert PaymentEscrow_SessionMayOnlyGrow(c.cap, c.expiry);
        c.cap = cap;
        c.expiry = expiry;
        emit SessionAuthorized(msg.sender, operator, signer, id, cap, expiry);
    }

    /// @inheritdoc IPaymentEscrow
    function prepay(
        address payer,
        address operator,
        address signer,
        uint96 amount
    ) external {
        if (msg.sender != prepayments) revert PaymentEscrow_NotPrepayments(msg.sender);
        if (signer == address(0) || signer == payer) revert PaymentEscrow_BadSigner(signer);
        bytes32 id = Channels.id(payer, operator, signer);
        Channel storage c = _storage().channels[id];
        // A payer may have given this signer all there is: then there is nothing to add, and the money must still arrive.
        uint96 room = type(uint96).max - c.cap;
        uint96 cap = c.cap + (amount < room ? amount : room);
        uint32 expiry = uint32(block.timestamp) + PREPAID_PERIOD;
        if (expiry < c.expiry) expiry = c.expiry;
        c.cap = cap;
        c.expiry = expiry;
        emit SessionAuthorized(payer, operator, signer, id, cap, expiry);
        deposit(payer, operator, amount);
    }

    /// @inheritdoc IPaymentEscrow
    function revokeSession(
        address operator,
        address signer
    ) external {
        bytes32 id = Channels.id(msg.sender, operator, signer);
        Channel storage c = _storage().channels[id];
        if (c.expiry == 0) revert PaymentEscrow_NoSession(msg.sender, operator, signer);
        if (c.expiry > block.timestamp) c.expiry = uint32(block.timestamp);
        emit SessionRevoked(msg.sender, operator, signer, id, c.expiry);
    }

    /// @inheritdoc IPaymentEscrow
    function thaw(
        address operator,
        uint96 amount
    ) external {
        if (amount == 0) revert PaymentEscrow_ZeroAmount();
        Account storage a = _storage().accounts[operator][msg.sender];
        if (amount > a.balance) revert PaymentEscrow_ThawBeyondBalance(amount, a.balance);
        uint64 thawedAt = uint64(block.timestamp) + thawPeriod;
        a.thawing = amount;
        a.thawedAt = thawedAt;
        emit ThawStarted(msg.sender, operator, amount, thawedAt);
    }

    /// @inheritdoc IPaymentEscrow
    function withdraw(
        address operator
    ) external {
        Account storage a = _storage().accounts[operator][msg.sender];
        uint96 balance = a.balance;
        uint96 amount = a.thawing < balance ? a.thawing : balance;
        if (amount == 0) revert PaymentEscrow_NothingThawing(msg.sender, operator);
        if (block.timestamp < a.thawedAt) revert PaymentEscrow_StillThawing(a.thawedAt);
        balance -= amount;
        a.balance = balance;
        a.thawing = 0;
        a.thawedAt = 0;
        emit Withdrawn(msg.sender, operator, amount, balance);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IPaymentEscrow
    function collect(
        address operator,
        bytes calldata channels
    ) external onlySettlement returns (uint96 collected, uint32 calls) {
        uint256 count = channels.length / Channels.ENTRY_BYTES;
        if (count == 0 || channels.length % Channels.ENTRY_BYTES != 0) {
            revert PaymentEscrow_BadEntriesLength(channels.length);
        }
        if (count > Channels.MAX_ENTRIES) revert PaymentEscrow_TooManyChannels(count);

        PaymentEscrowStorage storage $ = _storage();
        mapping(address payer => Account) storage accounts = $.accounts[operator];
        bytes32 domain = _domainSeparatorV4();
        // slither-disable-next-line uninitialized-local (read overwrites it; zero until then)
        Channels.VoucherWords memory words; // one buffer for all entries
        words.typeHash = Channels.VOUCHER_TYPEHASH;
        words.operator = operator;
        // slither-disable-next-line uninitialized-local (read overwrites it; zero until then)
        Channels.Collection memory entry;
        // slither-disable-next-line uninitialized-local (the first key is above 0)
        uint256 lastKey;
        // slither-disable-next-line uninitialized-local (sums start at 0)
        uint256 sum; // at most 512 amounts of 96 bits, as below
        // slither-disable-next-line uninitialized-local (sums start at 0)
        uint256 sequences;
        // What expired before this can no longer be settled.
        uint256 oldest = block.timestamp > thawPeriod ? block.timestamp - thawPeriod : 0;
        for (uint256 i = 0; i < count; ++i) {
            Channels.read(channels, i, words, entry);
            bytes32 id = Channels.channelOf(words);
            uint256 key = uint256(id) >> 64; // channel192
            if (key <= lastKey) revert PaymentEscrow_ChannelsOutOfOrder(i);
            lastKey = key;
            if (words.expiry < oldest) revert PaymentEscrow_VoucherExpired(id, words.expiry);
            address recovered = Channels.recover(words, domain, entry.r, entry.vs);
            if (recovered == address(0) || recovered != words.signer) revert PaymentEscrow_BadSignature(id);
            uint256 added = _advance($.channels[id], id, words, entry, oldest);
            _debit(accounts[words.payer], words.payer, entry.collected);
            unchecked {
                sum += entry.collected;
                sequences += added;
            }
        }
        // Debited from balances that the token's supply, below 96 bits, stands behind.
        collected = uint96(sum);
        calls = SafeCast.toUint32(sequences);
        $.pending += sum;
    }

    /// @inheritdoc IPaymentEscrow
    function release(
        address rewardPool,
        uint96 net,
        address treasury,
        uint96 toTreasury,
        uint96 toBurn
    ) external onlySettlement {
        PaymentEscrowStorage storage $ = _storage();
        uint256 amount = uint256(net) + toTreasury + toBurn;
        if (amount > $.pending) revert PaymentEscrow_BeyondPending(amount, $.pending);
        $.pending -= amount;
        if (net != 0) token.safeTransfer(rewardPool, net);
        if (toTreasury != 0) token.safeTransfer(treasury, toTreasury);
        if (toBurn != 0) IOpenToken(address(token)).burn(toBurn);
    }

    /// @inheritdoc IPaymentEscrow
    function refund(
        address operator,
        bytes calldata channels,
        uint256 from,
        uint256 to
    ) external onlySettlement returns (uint32 entries) {
        uint256 count = channels.length / Channels.ENTRY_BYTES;
        if (from >= to || to > count) revert PaymentEscrow_BadRange(from, to, count);
        // slither-disable-next-line uninitialized-local (read overwrites it; zero until then)
        Channels.VoucherWords memory words;
        words.operator = operator;
        // slither-disable-next-line uninitialized-local (read overwrites it; zero until then)
        Channels.Collection memory entry;
        for (uint256 i = from; i < to; ++i) {
            Channels.read(channels, i, words, entry);
            if (_undo(words, entry)) ++entries;
        }
    }

    /// @inheritdoc IPaymentEscrow
    function account(
        address payer,
        address operator
    ) external view returns (Account memory) {
        return _storage().accounts[operator][payer];
    }

    /// @inheritdoc IPaymentEscrow
    function channel(
        bytes32 id
    ) external view returns (Channel memory) {
        return _storage().channels[id];
    }

    /// @inheritdoc IPaymentEscrow
    function channelId(
        address payer,
        address operator,
        address signer
    ) external pure returns (bytes32) {
        return Channels.id(payer, operator, signer);
    }

    /// @inheritdoc IPaymentEscrow
    function hashVoucher(
        Voucher calldata voucher
    ) external view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher)));
    }

    /// @inheritdoc IPaymentEscrow
    function pending() external view returns (uint256) {
        return _storage().pending;
    }

    /// @dev Moves the channel on to the entry's cumulative amount and sequence, within voucher and session.
    /// @param oldest expiry of the oldest session that can still be settled
    /// @return calls sequences that the entry adds
    function _advance(
        Channel storage channel_,
        bytes32 id,
        Channels.VoucherWords memory words,
        Channels.Collection memory entry,
        uint256 oldest
    ) private returns (uint256 calls) {
        // One load and one store of the packed slot: collected 0–95, cap 96–191, sequence 192–223, expiry 224–255.
        uint256 slot;
        assembly ("memory-safe") {
            slot := sload(channel_.slot)
        }
        uint256 last = entry.lastSequence;
        uint256 previous = entry.previousSequence;
        if (previous != uint32(slot >> 192)) {
            revert PaymentEscrow_WrongPreviousSequence(id, uint40(previous), uint32(slot >> 192));
        }
        if (last <= previous) revert PaymentEscrow_SequenceNotRising(id, uint32(previous), uint32(last));
        if (last > words.maxSequence) revert PaymentEscrow_BeyondMaxSequence(id, uint32(last), words.maxSequence);
        unchecked {
            uint256 cumulative = uint256(uint96(slot)) + entry.collected;
            if (cumulative > words.cumulativeCeiling) {
                revert PaymentEscrow_BeyondCeiling(id, cumulative, words.cumulativeCeiling);
            }
            if (words.signer != words.payer) {
                uint256 expiry = slot >> 224;
                if (expiry == 0) revert PaymentEscrow_NoSession(words.payer, words.operator, words.signer);
                if (expiry < oldest) revert PaymentEscrow_SessionExpired(id, uint32(expiry));
                if (cumulative > uint96(slot >> 96)) {
                    revert PaymentEscrow_BeyondSessionCap(id, cumulative, uint96(slot >> 96));
                }
            }
            calls = last - previous;
            // Neither field spills over: the sums are `last` and `cumulative`, which is within a ceiling of 96 bits.
            slot += calls << 192 | entry.collected;
        }
        assembly ("memory-safe") {
            sstore(channel_.slot, slot)
        }
    }

    function _debit(
        Account storage a,
        address payer,
        uint96 amount
    ) private {
        // One load and one store, as above: balance 0–95, the thaw above it.
        uint256 slot;
        assembly ("memory-safe") {
            slot := sload(a.slot)
        }
        if (amount > uint96(slot)) revert PaymentEscrow_BeyondBalance(payer, amount, uint96(slot));
        assembly ("memory-safe") {
            sstore(a.slot, sub(slot, amount))
        }
    }

    /// @dev Takes the channel back to where it was before the entry.
    /// @return undone false if that has been done already
    function _undo(
        Channels.VoucherWords memory words,
        Channels.Collection memory entry
    ) private returns (bool undone) {
        PaymentEscrowStorage storage $ = _storage();
        bytes32 id = Channels.channelOf(words);
        Channel storage c = $.channels[id];
        uint32 previous = uint32(entry.previousSequence);
        // The sequence tells: nothing of this operator settles while refunds are pending, so it only falls.
        if (c.sequence <= previous) return false;
        if (c.sequence != entry.lastSequence) {
            revert PaymentEscrow_LaterRefundFirst(id, c.sequence, entry.lastSequence);
        }
        uint96 amount = entry.collected;
        c.sequence = previous;
        c.collected -= amount;
        $.pending -= amount;
        uint96 balance = _credit($.accounts[words.operator][words.payer], amount);
        emit Refunded(words.payer, words.operator, id, amount, balance, previous, words.signer);
        return true;
    }

    /// @dev A thaw that runs already does not reach what comes back: it must stay for a thaw of its own, in which honest
    ///      receipts can be settled again.
    function _credit(
        Account storage a,
        uint96 amount
    ) private returns (uint96 balance) {
        balance = a.balance;
        if (a.thawing > balance) a.thawing = balance;
        balance += amount;
        a.balance = balance;
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}

    function _storage() private pure returns (PaymentEscrowStorage storage $) {
        assembly ("memory-safe") {
            $.slot := PAYMENT_ESCROW_STORAGE
        }
    }
}
