// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Channels} from "../../src/libraries/Channels.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {Voucher} from "../../src/types/Settlement.sol";
import {BatchBuilder} from "../settlement/BatchBuilder.sol";

/// @notice What `collect` accepts and refuses, entry by entry, called as the settlement.
contract PaymentEscrowCollectTest is BatchBuilder {
    uint96 private constant BALANCE = 100e18;
    Voucher private voucher;
    bytes32 private id;
    bytes32 private sessionId;

    function setUp() public override {
        super.setUp();
        _deposit(payer, operator, BALANCE);
        _authorize(payer, operator, session, 50e18, uint32(block.timestamp + 1 hours));
        voucher = _voucher(operator, Calls(payer, payerKey, 0, 0));
        id = escrow.channelId(payer, operator, payer);
        sessionId = escrow.channelId(payer, operator, session);
    }

    function _collect(
        bytes memory channels
    ) private returns (uint96, uint32) {
        vm.prank(address(settlement));
        return escrow.collect(operator, channels);
    }

    function _mine(
        uint96 collected,
        uint32 sequence
    ) private view returns (bytes memory) {
        return _signedEntry(voucher, payerKey, collected, sequence);
    }

    function _bySession(
        uint96 collected,
        uint32 sequence
    ) private view returns (bytes memory) {
        Voucher memory v = voucher;
        v.signer = session;
        return _signedEntry(v, sessionKey, collected, sequence);
    }

    function testFuzz_collect(
        uint96 first,
        uint96 second,
        uint32 calls,
        uint32 more
    ) public {
        first = uint96(bound(first, 0, BALANCE));
        second = uint96(bound(second, 0, BALANCE - first));
        calls = uint32(bound(calls, 1, 1_000));
        more = uint32(bound(more, 1, 1_000));
        (uint96 collected, uint32 counted) = _collect(_mine(first, calls));
        assertEq(collected, first);
        assertEq(counted, calls);
        (collected, counted) = _collect(_mine(second, calls + more));
        assertEq(collected, second);
        assertEq(counted, more);
        IPaymentEscrow.Channel memory c = escrow.channel(id);
        assertEq(c.collected, first + second);
        assertEq(c.sequence, calls + more);
        assertEq(c.cap, 0);
        assertEq(c.expiry, 0);
        assertEq(escrow.account(payer, operator).balance, BALANCE - first - second);
        assertEq(escrow.pending(), uint256(first) + second);
    }

    function test_collect_keepsCapExpiryAndThaw() public {
        vm.prank(payer);
        escrow.thaw(operator, 60e18);
        _collect(_bySession(45e18, 7));
        IPaymentEscrow.Channel memory c = escrow.channel(sessionId);
        assertEq(c.collected, 45e18);
        assertEq(c.sequence, 7);
        assertEq(c.cap, 50e18);
        assertEq(c.expiry, block.timestamp + 1 hours);
        IPaymentEscrow.Account memory a = escrow.account(payer, operator);
        assertEq(a.balance, 55e18);
        assertEq(a.thawing, 60e18); // still collectible until withdrawn, which then pays what is left
        assertEq(a.thawedAt, block.timestamp + THAW);
        vm.warp(a.thawedAt);
        vm.prank(payer);
        escrow.withdraw(operator);
        assertEq(token.balanceOf(payer), 55e18);
    }

    function test_collect_severalChannelsInOrder() public {
        (bytes memory low, bytes memory high) =
            id < sessionId ? (_mine(1e18, 1), _bySession(2e18, 2)) : (_bySession(2e18, 2), _mine(1e18, 1));
        (uint96 collected, uint32 calls) = _collect(bytes.concat(low, high));
        assertEq(collected, 3e18);
        assertEq(calls, 3);
    }

    function test_collect_failsOutOfOrder() public {
        (bytes memory low, bytes memory high) =
            id < sessionId ? (_mine(1e18, 1), _bySession(2e18, 2)) : (_bySession(2e18, 2), _mine(1e18, 1));
        bytes memory expected = abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_ChannelsOutOfOrder.selector, 1);
        bytes memory channels = bytes.concat(high, low);
        vm.expectRevert(expected);
        _collect(channels);
        channels = bytes.concat(low, low); // twice the same
        vm.expectRevert(expected);
        _collect(channels);
    }

    function test_collect_failsForBadLengths() public {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadEntriesLength.selector, 0));
        _collect("");
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadEntriesLength.selector, 166));
        _collect(new bytes(166));
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadEntriesLength.selector, 168));
        _collect(new bytes(168));
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_TooManyChannels.selector, 513));
        _collect(new bytes(513 * 167));
    }

    /// @dev The zero byte and the sequence behind it.
    function testFuzz_collect_failsForAnotherPreviousSequence(
        uint256 at,
        uint8 value
    ) public {
        bytes memory channels = _mine(1e18, 1);
        at = at % 5;
        channels[98 + at] = bytes1(value == 0 ? 1 : value);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentEscrow.PaymentEscrow_WrongPreviousSequence.selector,
                id,
                uint256(uint8(channels[98 + at])) << (8 * (4 - at)),
                0
            )
        );
        _collect(channels);
    }

    /// @dev Every byte that the voucher covers matters; collected and lastSequence are the operator's own statement.
    function testFuzz_collect_failsForAChangedVoucher(
        uint256 at,
        uint8 flip
    ) public {
        bytes memory channels = _mine(1e18, 1);
        at = at % 103;
        if ((at >= 40 && at < 56) || at >= 98) return;
        channels[at] = bytes1(uint8(channels[at]) ^ (flip == 0 ? 1 : flip));
        vm.expectRevert();
        _collect(channels);
    }

    function test_collect_failsForBadSignatures() public {
        bytes memory expected = abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadSignature.selector, id);
        bytes memory channels = _signedEntry(voucher, payer2Key, 1e18, 1); // another's
        vm.expectRevert(expected);
        _collect(channels);

        (bytes32 r, bytes32 vs) = _signCompact(payerKey, escrow.hashVoucher(voucher));
        channels = _entry(voucher, 1e18, 0, 1, r, 0); // none
        vm.expectRevert(expected);
        _collect(channels);

        // The mirrored signature with s above half of the order recovers to the same signer and is refused.
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        uint256 high = order - (uint256(vs) & (type(uint256).max >> 1));
        uint256 parity = uint256(vs) >> 255;
        channels = _entry(voucher, 1e18, 0, 1, r, bytes32(high ^ ((parity ^ 1) << 255)));
        vm.expectRevert(expected);
        _collect(channels);
    }

    function test_collect_failsForAVoucherToAnotherOperator() public {
        bytes memory channels = _mine(1e18, 1);
        bytes32 other = Channels.id(payer, operator2, payer);
        vm.prank(address(settlement));
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BadSignature.selector, other));
        escrow.collect(operator2, channels);
    }

    function test_collect_failsWhenTheSequenceDoesNotRise() public {
        _collect(_mine(1e18, 5));
        bytes memory channels = _mine(1e18, 5);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_SequenceNotRising.selector, id, 5, 5));
        _collect(channels);
        channels = _mine(1e18, 4);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_SequenceNotRising.selector, id, 5, 4));
        _collect(channels);
    }

    function test_collect_failsBeyondTheVoucher() public {
        voucher.maxSequence = 5;
        voucher.cumulativeCeiling = 10e18;
        bytes memory channels = _mine(1e18, 6);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondMaxSequence.selector, id, 6, 5));
        _collect(channels);
        _collect(_mine(6e18, 1));
        channels = _mine(4e18 + 1, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondCeiling.selector, id, 10e18 + 1, 10e18)
        );
        _collect(channels);
        _collect(_mine(4e18, 2));
    }

    /// @dev Amounts near 2^96 neither wrap nor spill into the neighbouring fields of a slot.
    function test_collect_failsBeyond96Bits() public {
        voucher.cumulativeCeiling = type(uint96).max;
        _collect(_mine(1, 1));
        bytes memory channels = _mine(type(uint96).max, 2);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentEscrow.PaymentEscrow_BeyondCeiling.selector, id, uint256(1) << 96, type(uint96).max
            )
        );
        _collect(channels);
    }

    function test_collect_failsBeyondTheBalance() public {
        bytes memory channels = _mine(BALANCE + 1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondBalance.selector, payer, BALANCE + 1, BALANCE)
        );
        _collect(channels);
    }

    function test_collect_failsBeyondTheSessionCap() public {
        _collect(_bySession(30e18, 1));
        bytes memory channels = _bySession(20e18 + 1, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_BeyondSessionCap.selector, sessionId, 50e18 + 1, 50e18)
        );
        _collect(channels);
        _collect(_bySession(20e18, 2));
    }

    function test_collect_failsWithoutSession() public {
        Voucher memory v = voucher;
        v.signer = payer2;
        bytes memory channels = _signedEntry(v, payer2Key, 1e18, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_NoSession.selector, payer, operator, payer2)
        );
        _collect(channels);
    }

    function test_collect_vouchersSettleThroughTheThaw() public {
        voucher.expiry = uint32(block.timestamp + 10);
        uint256 last = uint256(voucher.expiry) + THAW;
        vm.warp(last);
        _collect(_mine(1e18, 1));
        vm.warp(last + 1);
        bytes memory channels = _mine(1e18, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_VoucherExpired.selector, id, voucher.expiry)
        );
        _collect(channels);
    }

    function test_collect_sessionsSettleThroughTheThaw() public {
        vm.prank(payer);
        escrow.revokeSession(operator, session);
        uint32 revokedAt = uint32(block.timestamp);
        vm.warp(revokedAt + THAW);
        _collect(_bySession(1e18, 1));
        vm.warp(revokedAt + THAW + 1);
        bytes memory channels = _bySession(1e18, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentEscrow.PaymentEscrow_SessionExpired.selector, sessionId, revokedAt)
        );
        _collect(channels);
    }

    /// @dev A contract cannot sign, but the session key that it authorised can.
    function test_collect_aContractPaysThroughASessionKey() public {
        address wallet = address(manager);
        _give(anyone, address(escrow), BALANCE);
        vm.prank(anyone);
        escrow.deposit(wallet, operator, BALANCE);
        _authorize(wallet, operator, session, BALANCE, uint32(block.timestamp + 1 hours));
        Voucher memory v = _voucher(operator, Calls(wallet, sessionKey, 0, 0));
        (uint96 collected,) = _collect(_signedEntry(v, sessionKey, 3e18, 1));
        assertEq(collected, 3e18);
    }

    function test_channelIdAndVoucherHash() public view {
        assertEq(id, keccak256(abi.encode(payer, operator, payer)));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        bytes32 struct_ = keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher));
        assertEq(escrow.hashVoucher(voucher), keccak256(abi.encodePacked(hex"1901", domain, struct_)));
    }
}
