// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Test} from "forge-std/Test.sol";
import {AgentRelease} from "../../src/agents/AgentRelease.sol";
import {Channels} from "../../src/libraries/Channels.sol";
import {Allocation, Evidence} from "../../src/types/Evidence.sol";
import {Adapter, DatanetUse, Release} from "../../src/types/Release.sol";
import {BatchHeader, Component, Receipt as CallReceipt, Voucher} from "../../src/types/Settlement.sol";

/// @notice Solidity hashes and signs what the SDK hashes and signs (docs/wire.md, sdk/src/vectors/hashVectors.ts).
contract HashVectorsTest is Test {
    string private json;

    bytes32 private constant RECEIPT_TYPEHASH = keccak256(
        "Receipt(bytes32 channel,uint32 sequence,bytes32 compositionHash,uint32 promptTokens,uint32 completionTokens,uint32 retrievalTokens,uint32 agentSteps,uint96 fee,uint32 feeVersion,bytes32 promptHash,bytes32 outputHash,bytes32 evidenceHash,bytes32 allocationHash,bytes32 traceHash,bytes32 parentReceipt,uint32 timestamp)"
    );

    function setUp() public {
        json = vm.readFile("contracts/test/vectors/hashes.json");
    }

    function _bytes(
        string memory key
    ) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, key);
    }

    function _bytes32(
        string memory key
    ) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, key);
    }

    function _digest(
        bytes32 structHash
    ) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                vm.parseJsonUint(json, ".domain.chainId"),
                vm.parseJsonAddress(json, ".domain.verifyingContract")
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _assertSigned(
        bytes32 digest,
        bytes memory signature
    ) private view {
        assertEq(ECDSA.recover(digest, signature), vm.parseJsonAddress(json, ".domain.signer"));
        uint256 key = vm.parseJsonUint(json, ".domain.privateKey");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        assertEq(signature, abi.encodePacked(r, s, v), "signatures are deterministic");
    }

    function test_vouchers() public view {
        Voucher memory voucher = abi.decode(_bytes(".voucher.encoded"), (Voucher));
        bytes32 digest = _digest(keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher)));
        assertEq(digest, _bytes32(".voucher.digest"));
        assertEq(Channels.id(voucher.payer, voucher.operator, voucher.signer), _bytes32(".voucher.channel"));
        _assertSigned(digest, _bytes(".voucher.signature"));
    }

    function test_receipts() public view {
        CallReceipt memory receipt = abi.decode(_bytes(".receipt.encoded"), (CallReceipt));
        bytes32 structHash = keccak256(abi.encode(RECEIPT_TYPEHASH, receipt));
        assertEq(structHash, _bytes32(".receipt.structHash"));
        assertEq(_digest(structHash), _bytes32(".receipt.digest"));
        _assertSigned(_digest(structHash), _bytes(".receipt.signature"));
        uint256 channel192 = uint256(receipt.channel) >> 64;
        assertEq(channel192 << 64 | receipt.sequence, uint256(_bytes32(".receipt.key")));
    }

    function test_whatAReceiptBinds() public view {
        Component[] memory composition = abi.decode(_bytes(".composition.encoded"), (Component[]));
        assertEq(keccak256(abi.encode(composition)), _bytes32(".composition.hash"));
        Evidence memory evidence = abi.decode(_bytes(".evidence.encoded"), (Evidence));
        assertEq(keccak256(abi.encode(evidence)), _bytes32(".evidence.hash"));
        assertEq(evidence.records[2].partials.length, 3);
        Evidence memory none = abi.decode(_bytes(".emptyEvidence.encoded"), (Evidence));
        assertEq(keccak256(abi.encode(none)), _bytes32(".emptyEvidence.hash"));
        Allocation[] memory allocations = abi.decode(_bytes(".allocations.encoded"), (Allocation[]));
        assertEq(keccak256(abi.encode(allocations)), _bytes32(".allocations.hash"));
    }

    function test_releases() public view {
        Release memory release = abi.decode(_bytes(".release.encoded"), (Release));
        assertEq(keccak256(abi.encode(release)), _bytes32(".release.hash"));
        assertEq(release.evaluationHash, keccak256(bytes(vm.parseJsonString(json, ".release.evaluationCid"))));
        Adapter[] memory adapters = abi.decode(_bytes(".adapters.encoded"), (Adapter[]));
        assertEq(keccak256(abi.encode(adapters)), _bytes32(".adapters.hash"));
        DatanetUse[] memory datanets = abi.decode(_bytes(".datanets.encoded"), (DatanetUse[]));
        assertEq(keccak256(abi.encode(datanets)), _bytes32(".datanets.hash"));
        assertEq(
            keccak256(abi.encode(vm.parseJsonBytes32Array(json, ".parents.releaseHashes"))), _bytes32(".parents.hash")
        );
        assertEq(keccak256(abi.encode(new bytes32[](0))), _bytes32(".parents.emptyHash"));
    }

    function test_releasesOfAgents() public view {
        bytes32 manifestHash = _bytes32(".agentRelease.manifestHash");
        uint32 agentId = uint32(vm.parseJsonUint(json, ".agentRelease.agentId"));
        uint32 version = uint32(vm.parseJsonUint(json, ".agentRelease.version"));
        Release memory expected = abi.decode(_bytes(".agentRelease.encoded"), (Release));
        assertEq(abi.encode(AgentRelease.release(manifestHash, agentId, version)), abi.encode(expected));
        assertEq(AgentRelease.hash(manifestHash, agentId, version), _bytes32(".agentRelease.hash"));
    }

    function test_indexLeaves() public view {
        uint256[] memory positions = vm.parseJsonUintArray(json, ".index.position");
        bytes32[] memory hashes = vm.parseJsonBytes32Array(json, ".index.leafHash");
        for (uint256 i = 0; i < positions.length; ++i) {
            bytes32 hash = keccak256(
                abi.encode(
                    uint32(positions[i]),
                    vm.parseJsonBytes32Array(json, ".index.recordId")[i],
                    vm.parseJsonAddressArray(json, ".index.contributor")[i],
                    vm.parseJsonBytes32Array(json, ".index.cluster")[i],
                    vm.parseJsonBytes32Array(json, ".index.tokensRoot")[i],
                    uint32(vm.parseJsonUintArray(json, ".index.scaleBits")[i]),
                    vm.parseJsonBytes32Array(json, ".index.rowRoot")[i]
                )
            );
            assertEq(hash, hashes[i]);
        }
    }

    function test_batchHeaders() public view {
        BatchHeader memory header = abi.decode(_bytes(".header.encoded"), (BatchHeader));
        bytes32 bodyHash = keccak256(abi.encode(header.body));
        bytes32 rewardsHash = keccak256(abi.encode(header.rewards));
        assertEq(bodyHash, _bytes32(".header.bodyHash"));
        assertEq(rewardsHash, _bytes32(".header.rewardsHash"));
        assertEq(keccak256(abi.encode(bodyHash, rewardsHash, header.settledAt)), _bytes32(".header.hash"));
        assertEq(keccak256(bytes(vm.parseJsonString(json, ".header.parameters"))), header.body.parametersHash);
        assertEq(keccak256(_bytes(".header.dataCommitment")), header.body.dataHash);
        assertEq(keccak256(_bytes(".channels.packed")), header.body.channelsHash);
    }

    function test_keysAndCommitments() public view {
        uint256 account = uint160(vm.parseJsonAddress(json, ".keys.account"));
        assertEq(account << 96, uint256(_bytes32(".keys.reward")));
        assertEq(account << 96 | 5, uint256(_bytes32(".keys.allocationAt5")));
        bytes32 commitment = keccak256(
            abi.encode(
                _bytes32(".contribution.recordsRoot"),
                _bytes32(".contribution.salt"),
                vm.parseJsonAddress(json, ".contribution.contributor")
            )
        );
        assertEq(commitment, _bytes32(".contribution.commitment"));
    }

    function test_promptsAnswersAndLogs() public view {
        bytes memory salt = _bytes(".output.salt");
        assertEq(
            keccak256(abi.encodePacked(salt, vm.parseJsonString(json, ".output.messages"))),
            _bytes32(".output.promptHash")
        );
        bytes32 text = keccak256(abi.encodePacked(salt, vm.parseJsonString(json, ".output.answer")));
        assertEq(keccak256(abi.encode(text, _bytes32(".output.chunksRoot"))), _bytes32(".output.hash"));
        assertEq(keccak256(abi.encode(keccak256(salt), bytes32(0))), _bytes32(".output.emptyHash"));
        string[] memory entries = vm.parseJsonStringArray(json, ".trainingLog.entries");
        bytes32 head;
        for (uint256 i = 0; i < entries.length; ++i) {
            head = keccak256(abi.encode(head, keccak256(bytes(entries[i]))));
        }
        assertEq(head, _bytes32(".trainingLog.root"));
    }
}
