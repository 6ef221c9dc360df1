// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {BatchParameters} from "../../src/libraries/BatchParameters.sol";
import {ImpliedAllocation} from "../../src/libraries/ImpliedAllocation.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IFeePolicy} from "../../src/settlement/IFeePolicy.sol";
import {Allocation, Evidence, Passage, RecordScore, Span, SpanSource} from "../../src/types/Evidence.sol";
import {Derivation, OpenedEvidence, OpenedOutput, OpenedRow} from "../../src/types/Proofs.sol";
import {DatanetUse, Release, Terms} from "../../src/types/Release.sol";
import {Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {TestTree} from "../settlement/TestTree.sol";
import {HonestAllocation} from "./HonestAllocation.sol";
import {Mutations} from "./Mutations.sol";
import {TestIndex} from "./TestIndex.sol";

/// @notice Batches whose receipts carry whole evidence: an index, a query, a span, passages, frozen parameters, and the
///         allocation that follows. Every receipt has the same evidence.
abstract contract EvidenceBase is Mutations {
    using TestTree for TestTree.Built;

    uint32 internal constant OUTPUT_TOKENS = 80; // two chunks
    uint32 internal constant POOL_SIZE = 240;
    uint32 internal constant SPAN_START = 50;
    uint32 internal constant SPAN_LENGTH = 25; // ends in the second chunk of the answer
    uint32 internal constant SOURCE_OFFSET = 45; // ends in the second chunk of the record
    uint16 internal constant REPUTATION = 7_777; // bps, of the contributor of row 1
    uint16 internal constant FIDELITY = 3_456; // bps, the release's lower bound: influence pays 69.12 %
    string internal constant WEIGHTS = '{"influence":5000,"retrieval":3000,"verbatim":2000}';
    bytes32 internal constant SALT = "salt";
    bytes32 internal constant TEXT_HASH = "text";

    HonestAllocation internal honest;
    Release internal release;
    uint32 internal modelId;
    uint32 internal datanetId;
    address internal datanetPool;
    uint32 internal votesDay; // day of the calls
    bytes internal query;
    bytes private evidenceData;
    bytes[] private rowData; // each row of the index, opened: building the tree anew each time takes too long
    bytes32 private outputHash;

    /// @dev Components of query and rows.
    function _k() internal pure virtual returns (uint32) {
        return 64;
    }

    /// @dev About half of the rows score above it.
    function _nullThreshold() internal pure virtual returns (int32) {
        return 1_000;
    }

    function setUp() public virtual override {
        super.setUp();
        honest = new HonestAllocation();
        datanetId = datanets.create(
            IDatanetRegistry.Policy.Open, true, 10e18, address(this), "Solidity", "code", "MIT", "bafkreimetadata"
        );
        datanetPool = datanets.datanet(datanetId).pool;
        modelId = models.createModel("Evidence", "bafkreicard", _terms());
        release.baseModel = "base of evidence";
        release.indexRoot = _makeRows();
        release.indexRows = TestIndex.ROWS;
        release.k = _k();
        release.nullThreshold = _nullThreshold();
        release.datanetsHash = keccak256(abi.encode(_uses()));
        releaseHash = models.addRelease(modelId, release, 0, "bafkreimanifest");
        query = TestIndex.vector(1_000, _k());
        evidenceData = abi.encode(_made());
        outputHash = keccak256(abi.encode(TEXT_HASH, _outputTree().commitment.root));
    }

    function _terms() internal returns (Terms memory terms) {
        terms.operatorBps = 1_000;
        terms.developerBps = 2_000;
        terms.parentsBps = 500;
        terms.backersBps = 1_500;
        terms.contributorsBps = 5_000;
        terms.backers = makeAddr("backers"); // the parents' share is the developer's
        terms.promptPrice = PRICE;
    }

    function _uses() internal view returns (DatanetUse[] memory uses) {
        uses = new DatanetUse[](1);
        uses[0] = DatanetUse(datanetId, 1, "version");
    }

    function _parameters() internal view override returns (bytes memory) {
        return _parametersOf(CONTRIBUTOR_CAP_BPS, BURN_BPS, datanetPool);
    }

    function _parametersOf(
        uint16 cap,
        uint16 burn,
        address pool_
    ) internal view returns (bytes memory) {
        return _parametersOf(cap, burn, pool_, WEIGHTS, FIDELITY, FIDELITY_FLOOR_BPS);
    }

    function _parametersOf(
        uint16 cap,
        uint16 burn,
        address pool_,
        string memory weights,
        uint16 fidelity,
        uint16 floor
    ) internal view returns (bytes memory) {
        string memory reputed = vm.toLowercase(vm.toString(TestIndex.contributorOf(1)));
        string memory head = string.concat(
            '{"burnBps":', vm.toString(burn), ',"channelWeights":', weights, ',"contributorCapBps":', vm.toString(cap)
        );
        string memory middle = string.concat(
            ',"fidelity":{"',
            vm.toString(releaseHash),
            '":',
            vm.toString(fidelity),
            '},"fidelityFloorBps":',
            vm.toString(floor),
            ',"poolSizes":[{"datanetId":1,"pool":"'
        );
        return bytes(
            string.concat(
                head,
                middle,
                vm.toLowercase(vm.toString(pool_)),
                '","size":',
                vm.toString(POOL_SIZE),
                '}],"reputation":{"',
                reputed,
                '":',
                vm.toString(REPUTATION),
                "}}"
            )
        );
    }

    // ── Evidence ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _evidence() internal view returns (Evidence memory) {
        return abi.decode(evidenceData, (Evidence));
    }

    function _made() private view returns (Evidence memory e) {
        e.queryRoot = TestIndex.vectorTree(SumTree.QUERY, query).commitment.root;
        e.nullThreshold = _nullThreshold();
        RecordScore[] memory ranked = TestIndex.rank(query, e.nullThreshold, releaseHash, datanetId);
        e.records = new RecordScore[](ranked.length < 32 ? ranked.length : 32);
        for (uint256 i = 0; i < e.records.length; ++i) {
            e.records[i] = ranked[i];
        }
        RecordScore memory source = TestIndex.record(3, query, releaseHash, datanetId);
        e.spans = new Span[](1);
        e.spans[0] = Span(SPAN_START, SPAN_LENGTH, new SpanSource[](1));
        e.spans[0].sources[0] =
            SpanSource(releaseHash, 3, source.recordId, source.cluster, source.contributor, datanetId, SOURCE_OFFSET);
        _addChannels(e);
    }

    /// @dev Passages: a record that is listed as well, and one of somebody else's.
    function _addChannels(
        Evidence memory e
    ) internal view virtual {
        e.passages = new Passage[](2);
        RecordScore memory known = TestIndex.record(5, query, releaseHash, datanetId);
        e.passages[0] = Passage(datanetId, 1, known.recordId, known.cluster, known.contributor, 2_500);
        e.passages[1] = Passage(datanetId, 1, "passage", "cluster of the passage", address(0x9a55a9e), 4_000);
    }

    /// @dev The answer's tokens: its own, but for those of the span.
    function _output() internal pure returns (bytes memory tokens) {
        bytes memory source = TestIndex.recordTokens(3);
        for (uint256 i = 0; i < OUTPUT_TOKENS; ++i) {
            bool quoted = i >= SPAN_START && i < SPAN_START + SPAN_LENGTH;
            tokens = bytes.concat(
                tokens,
                quoted
                    ? TestIndex.slice(source, 4 * (SOURCE_OFFSET + i - SPAN_START), 4)
                    : abi.encodePacked(uint32(50_000 + i)) // no token of any record
            );
        }
    }

    function _chunkSalt(
        uint32 chunk
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(SALT, chunk));
    }

    function _outputTree() internal pure returns (TestTree.Built memory) {
        bytes memory tokens = _output();
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](2);
        for (uint32 i = 0; i < 2; ++i) {
            bytes memory part = TestIndex.slice(tokens, 256 * i, 256);
            bytes32 data = keccak256(bytes.concat(_chunkSalt(i), part));
            leaves[i] = SumTree.Leaf(i, data, uint96(part.length / 4), 0);
        }
        return TestTree.build(SumTree.OUTPUT_CHUNKS, leaves);
    }

    function _openOutput(
        uint32 chunk
    ) internal pure returns (OpenedOutput memory o) {
        TestTree.Built memory tree = _outputTree();
        o.textHash = TEXT_HASH;
        o.root = tree.commitment.root;
        o.salt = _chunkSalt(chunk);
        o.tokens = TestIndex.slice(_output(), 256 * chunk, 256);
        o.proof = tree.proof(chunk);
    }

    // ── Batches ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _receiptOf(
        address operator_,
        bytes32 id,
        uint32 sequence,
        uint96 fee,
        uint256 position
    ) internal view override returns (SignedReceipt memory r) {
        r = super._receiptOf(operator_, id, sequence, fee, position);
        r.completionTokens = OUTPUT_TOKENS;
        r.evidenceHash = keccak256(evidenceData);
        r.outputHash = outputHash;
    }

    /// @dev Who pays is told by the fee: the second payer's are even.
    function _payerOf(
        uint96 fee
    ) internal view returns (address) {
        return fee / FEE % 2 == 0 ? payer2 : payer;
    }

    function _allocationsOf(
        address operator_,
        uint96 fee,
        uint32 feeVersion,
        uint256
    ) internal view override returns (Allocation[] memory) {
        IFeePolicy.Fee memory policy = feePolicy.fee(feeVersion);
        ImpliedAllocation.Answer memory a;
        (a.base, a.operator, a.payer) = (fee, operator_, _payerOf(fee));
        (a.protocolFeeBps, a.contributorCapBps) = (policy.protocolFeeBps, policy.contributorCapBps);
        (a.verbatimBps, a.retrievalBps) = (policy.verbatimBps, policy.retrievalBps);
        (a.fidelityFloorBps, a.fidelityBps) = (policy.fidelityFloorBps, FIDELITY);
        a.completionTokens = OUTPUT_TOKENS;
        a.terms = models.terms(modelId, 1);
        BatchParameters.Pool[] memory pools = new BatchParameters.Pool[](1);
        pools[0] = BatchParameters.Pool(datanetId, datanetPool, POOL_SIZE);
        uint256 burned = uint256(fee) * policy.protocolFeeBps / 10_000 * policy.burnBps / 10_000;
        return
            honest.allocate(
                a, pools, _evidence(), TestIndex.contributorOf(1), REPUTATION, address(this), burned, votesDay
            );
    }

    // ── Proofs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _openEvidence(
        Story memory s,
        uint256 position,
        Evidence memory e
    ) internal view returns (OpenedEvidence memory) {
        return OpenedEvidence(_openReceipt(s, position, s.opened[position]), _component(), release, e);
    }

    function _derivation(
        Story memory s,
        uint256 position,
        bytes memory parameters,
        Allocation[] memory stated
    ) internal view returns (Derivation memory) {
        uint256 channel;
        for (uint256 n = s.calls[0].calls; n <= position; n += s.calls[channel].calls) {
            ++channel;
        }
        return Derivation(_channel(s, channel), parameters, _uses(), stated);
    }

    function _derivation(
        Story memory s,
        uint256 position
    ) internal view returns (Derivation memory) {
        return _derivation(s, position, _parameters(), _stated(operator, s.opened[position].fee, position));
    }

    function _treeRoot(
        uint8 treeId,
        SumTree.Leaf[] memory leaves
    ) internal pure returns (bytes32) {
        return TestTree.build(treeId, leaves).commitment.root;
    }

    function _treeProof(
        uint8 treeId,
        SumTree.Leaf[] memory leaves,
        uint256 index
    ) internal pure returns (bytes memory) {
        return TestTree.build(treeId, leaves).proof(index);
    }

    function _row(
        uint32 position
    ) internal view returns (OpenedRow memory) {
        return abi.decode(rowData[position], (OpenedRow));
    }

    function _makeRows() private returns (bytes32 root) {
        TestTree.Built memory tree = TestIndex.tree(_k());
        for (uint32 i = 0; i < TestIndex.ROWS; ++i) {
            rowData.push(abi.encode(OpenedRow(TestIndex.leaf(i, _k()), tree.proof(i))));
        }
        return tree.commitment.root;
    }

    /// @dev Settles the batch with other evidence of its first receipt.
    function _commitWith(
        Story memory s,
        Evidence memory e
    ) internal {
        s.opened[0].evidenceHash = keccak256(abi.encode(e));
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
    }

    /// @dev The call to EvidenceProofs reverts with exactly that error.
    function _evidenceRefused(
        bytes memory call,
        bytes memory error
    ) internal {
        (bool done, bytes memory reason) = address(evidenceProofs).call(call);
        assertFalse(done, "the proof succeeded");
        assertEq(reason, error);
    }

    function _evidenceHolds(
        bytes memory call
    ) internal {
        _evidenceRefused(call, abi.encodeWithSelector(BatchFaults.FraudProofs_NoFault.selector));
    }
}
