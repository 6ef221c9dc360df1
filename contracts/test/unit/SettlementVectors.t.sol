// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Test} from "forge-std/Test.sol";
import {Channels} from "../../src/libraries/Channels.sol";
import {IDataRequests} from "../../src/oracles/IDataRequests.sol";
import {IOperatorRegistry} from "../../src/oracles/IOperatorRegistry.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {IPaymentEscrow} from "../../src/settlement/IPaymentEscrow.sol";
import {IRewardPool} from "../../src/settlement/IRewardPool.sol";
import {PaymentEscrow} from "../../src/settlement/PaymentEscrow.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {BatchHeader, Receipt as SignedReceipt, Voucher} from "../../src/types/Settlement.sol";

contract ChannelsHarness {
    function read(
        bytes calldata channels,
        uint256 index,
        address operator
    ) public pure returns (Channels.VoucherWords memory words, Channels.Collection memory entry, bytes32 id) {
        words.typeHash = Channels.VOUCHER_TYPEHASH;
        words.operator = operator;
        Channels.read(channels, index, words, entry);
        id = Channels.channelOf(words);
    }

    function recover(
        bytes calldata channels,
        uint256 index,
        address operator,
        bytes32 domain
    ) external view returns (address) {
        (Channels.VoucherWords memory words, Channels.Collection memory entry,) = read(channels, index, operator);
        return Channels.recover(words, domain, entry.r, entry.vs);
    }
}

/// @notice The settlement contracts themselves hash and read what sdk/src signs and packs, byte for byte
///         (contracts/test/vectors/hashes.json).
contract SettlementVectorsTest is Test {
    string private json;
    address private at;

    function setUp() public {
        json = vm.readFile("contracts/test/vectors/hashes.json");
        at = vm.parseJsonAddress(json, ".domain.verifyingContract");
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
    }

    function _bytes32(
        string memory path
    ) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, path);
    }

    function _bytes(
        string memory path
    ) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, path);
    }

    /// @dev At the address of the vectors, which the domain names.
    function _escrow() private returns (PaymentEscrow) {
        vm.etch(at, address(new PaymentEscrow(IERC20(address(1)), address(2), address(3), 1, 1)).code);
        return PaymentEscrow(at);
    }

    function _settlement() private returns (Settlement) {
        Settlement s = new Settlement(
            IPaymentEscrow(address(1)),
            IOperatorRegistry(address(2)),
            IFeePolicy(address(3)),
            IRewardPool(address(4)),
            address(5),
            address(6),
            address(7),
            IDataRequests(address(8)),
            1,
            1,
            1
        );
        vm.etch(at, address(s).code);
        return Settlement(at);
    }

    function _domain() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                at
            )
        );
    }

    function test_theEscrowHashesVouchers() public {
        Voucher memory v = abi.decode(_bytes(".voucher.encoded"), (Voucher));
        PaymentEscrow escrow = _escrow();
        bytes32 digest = escrow.hashVoucher(v);
        assertEq(digest, _bytes32(".voucher.digest"));
        assertEq(ECDSA.recover(digest, _bytes(".voucher.signature")), v.signer);
        assertEq(escrow.channelId(v.payer, v.operator, v.signer), _bytes32(".voucher.channel"));
    }

    function test_theSettlementHashesReceipts() public {
        SignedReceipt memory r = abi.decode(_bytes(".receipt.encoded"), (SignedReceipt));
        (bytes32 structHash, bytes32 digest) = _settlement().hashReceipt(r);
        assertEq(structHash, _bytes32(".receipt.structHash"));
        assertEq(digest, _bytes32(".receipt.digest"));
        assertEq(ECDSA.recover(digest, _bytes(".receipt.signature")), vm.parseJsonAddress(json, ".domain.signer"));
    }

    function test_theSettlementHashesBatches() public {
        BatchHeader memory h = abi.decode(_bytes(".header.encoded"), (BatchHeader));
        assertEq(_settlement().hashBody(h.body), _bytes32(".header.bodyHash"));
    }

    function test_theEscrowReadsPackedEntries() public {
        bytes memory packed = _bytes(".channels.packed");
        uint256 count = vm.parseJsonAddressArray(json, ".channels.payer").length;
        assertGt(count, 1);
        assertEq(packed.length, count * Channels.ENTRY_BYTES);
        ChannelsHarness harness = new ChannelsHarness();
        address operator = vm.parseJsonAddress(json, ".channels.operator");
        uint256 last;
        for (uint256 i = 0; i < count; ++i) {
            (Channels.VoucherWords memory words, Channels.Collection memory entry, bytes32 id) =
                harness.read(packed, i, operator);
            assertEq(id, Channels.id(words.payer, operator, words.signer));
            assertGt(uint256(id) >> 64, last);
            last = uint256(id) >> 64;
            _requireEntry(words, entry);
            assertEq(harness.recover(packed, i, operator, _domain()), words.signer);
        }
    }

    /// @dev The vectors list the entries in the order in which they were made, not in that of the channels.
    function _requireEntry(
        Channels.VoucherWords memory words,
        Channels.Collection memory entry
    ) private view {
        address[] memory payers = vm.parseJsonAddressArray(json, ".channels.payer");
        uint256 i = 0;
        while (payers[i] != words.payer) ++i;
        assertEq(words.signer, vm.parseJsonAddressArray(json, ".channels.signer")[i]);
        assertEq(entry.collected, vm.parseJsonUintArray(json, ".channels.collected")[i]);
        assertEq(entry.lastSequence, vm.parseJsonUintArray(json, ".channels.lastSequence")[i]);
        assertEq(entry.previousSequence, vm.parseJsonUintArray(json, ".channels.previousSequence")[i]);
    }

    /// @dev Our recovery gives what OpenZeppelin's does, for good and bad signatures alike.
    function testFuzz_recoveryAgreesWithOpenZeppelin(
        Voucher memory v,
        uint256 key,
        bytes32 domain,
        uint256 flip,
        bytes32 noise
    ) public {
        key = bound(key, 1, 1e30);
        bytes32 structHash = keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, v));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        (uint8 parity, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes32 vs = bytes32(uint256(s) | uint256(parity - 27) << 255);
        if (flip % 4 == 1) r ^= noise;
        if (flip % 4 == 2) vs ^= noise;
        if (flip % 4 == 3) vs = bytes32(uint256(vs) ^ 1 << 255);
        address ours = new ChannelsHarness().recover(_entry(v, r, vs), 0, v.operator, domain);
        (address theirs,,) = ECDSA.tryRecover(digest, r, vs);
        assertEq(ours, theirs);
        if (flip % 4 == 0) assertEq(ours, vm.addr(key));
    }

    function _entry(
        Voucher memory v,
        bytes32 r,
        bytes32 vs
    ) private pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(v.payer, v.signer, uint96(1), uint32(1), v.cumulativeCeiling, v.maxSequence),
            abi.encodePacked(v.app, v.appMarkupBps, v.expiry, uint40(0), r, vs)
        );
    }
}
