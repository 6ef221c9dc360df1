import { type Address, encodeAbiParameters, type Hex, keccak256, parseAbiParameters } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { agentRelease } from '../agents/agentRelease.ts';
import { allocationHash } from '../evidence/allocationHash.ts';
import type { Allocation, Evidence } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { int8Tree } from '../output/int8Tree.ts';
import { outputHash, outputTree } from '../output/outputHash.ts';
import { promptHash } from '../output/promptHash.ts';
import { recordTokensTree } from '../output/recordTokensTree.ts';
import { contributionCommitment } from '../records/contributionCommitment.ts';
import { indexLeafHash, indexTree } from '../release/indexTree.ts';
import { adaptersHash, datanetsHash, evaluationHash, parentsHash, releaseHash } from '../release/releaseHash.ts';
import { trainingLogRoot } from '../release/trainingLog.ts';
import { versionTree } from '../release/versionTree.ts';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { hashJson } from '../schema/hashJson.ts';
import { toJson } from '../schema/toJson.ts';
import { apiKeyHash, apiKeyOf } from '../session/apiKey.ts';
import {
  allocationKey,
  bodyHash,
  dataCommitment,
  headerHash,
  parametersHash,
  rewardKey,
  rewardsHash,
} from '../settlement/batch.ts';
import { packChannelEntries } from '../settlement/channelEntries.ts';
import { channelId, receiptKey } from '../settlement/channelId.ts';
import { compositionHash } from '../settlement/composition.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { computeFee } from '../settlement/fee.ts';
import { receiptDigest, receiptHash, signReceipt } from '../settlement/receipt.ts';
import { hashVoucher, signVoucher } from '../settlement/voucher.ts';
import { treeId } from '../tree/treeId.ts';
import { parametersVector } from './parametersVector.ts';
import { seededRandom } from './random.ts';
import { roundVector } from './roundVector.ts';

const voucherAbi = parseAbiParameters([
  'Voucher v',
  'struct Voucher { address payer; address operator; address signer; uint96 cumulativeCeiling; uint32 maxSequence; address app; uint16 appMarkupBps; uint32 expiry; }',
]);
const receiptAbi = parseAbiParameters([
  'Receipt r',
  'struct Receipt { bytes32 channel; uint32 sequence; bytes32 compositionHash; uint32 promptTokens; uint32 completionTokens; uint32 retrievalTokens; uint32 agentSteps; uint96 fee; uint32 feeVersion; bytes32 promptHash; bytes32 outputHash; bytes32 evidenceHash; bytes32 allocationHash; bytes32 traceHash; bytes32 parentReceipt; uint32 timestamp; }',
]);
const componentsAbi = parseAbiParameters([
  'Component[] c',
  'struct Component { bytes32 releaseHash; uint32 termsVersion; uint16 weightBps; }',
]);
const evidenceAbi = parseAbiParameters([
  'Evidence e',
  'struct Evidence { bytes32 queryRoot; int32 nullThreshold; RecordScore[] records; Span[] spans; Passage[] passages; ParentShare[] parents; }',
  'struct RecordScore { bytes32 releaseHash; uint32 position; bytes32 recordId; bytes32 cluster; address contributor; address reviewer; uint32 datanetId; bytes32 rowRoot; int32[] partials; }',
  'struct Span { uint32 start; uint32 length; SpanSource[] sources; }',
  'struct SpanSource { bytes32 releaseHash; uint32 position; bytes32 recordId; bytes32 cluster; address contributor; uint32 datanetId; uint32 offset; }',
  'struct Passage { uint32 datanetId; uint32 version; bytes32 recordId; bytes32 cluster; address contributor; int32 support; }',
  'struct ParentShare { bytes32 releaseHash; uint32 termsVersion; uint32 share; }',
]);
const allocationsAbi = parseAbiParameters([
  'Allocation[] a',
  'struct Allocation { address account; uint96 amount; uint96 weight; }',
]);
const releaseAbi = parseAbiParameters([
  'Release r',
  'struct Release { bytes32 baseModel; bytes32 adaptersHash; bytes32 tokenizerHash; bytes32 datanetsHash; bytes32 trainingLogRoot; bytes32 indexRoot; uint32 indexRows; uint32 k; bytes32 seed; bytes32 projectionHash; int32 nullThreshold; bytes32 parentsHash; bytes32 evaluationHash; }',
]);
const adaptersAbi = parseAbiParameters(['Adapter[] a', 'struct Adapter { bytes32 adapterId; uint16 weightBps; }']);
const datanetsAbi = parseAbiParameters([
  'DatanetUse[] d',
  'struct DatanetUse { uint32 datanetId; uint32 version; bytes32 root; }',
]);
const headerAbi = parseAbiParameters([
  'BatchHeader h',
  'struct BatchHeader { BatchBody body; Tree rewards; uint64 settledAt; }',
  'struct BatchBody { address operator; uint32 batchIndex; bytes32 previousHash; Tree receipts; Tree allocations; uint96 protocolFee; uint32 feeVersion; uint32 dayIndex; bytes32 parametersHash; bytes32 channelsHash; bytes32 dataHash; }',
  'struct Tree { bytes32 root; uint32 count; uint96 amount; uint96 weight; }',
]);

/** hashes.json. Format: generate.ts. */
export async function hashVectors(): Promise<Record<string, object>> {
  const random = seededRandom('openledger hashes');
  const number = (): number => random.below(2 ** 32);
  const amount = (): bigint => random.upTo(2n ** 90n);
  const key = keccak256('0x01');
  const account = privateKeyToAccount(key);
  const chainId = 31_337;
  const contract: Address = random.address();
  const domain = openLedgerDomain(chainId, contract);

  const voucher = {
    payer: random.address(),
    operator: random.address(),
    signer: account.address.toLowerCase() as Address,
    cumulativeCeiling: amount(),
    maxSequence: number(),
    app: random.address(),
    appMarkupBps: 250,
    expiry: number(),
  };
  const voucherSignature = await signVoucher(account, voucher, domain);
  const channel = channelId(voucher);

  const releaseId = random.bytes32();
  const composition = [
    { releaseHash: releaseId, termsVersion: 1, weightBps: 7_000 },
    { releaseHash: random.bytes32(), termsVersion: 3, weightBps: 3_000 },
  ];
  const evidence: Evidence = {
    queryRoot: random.bytes32(),
    nullThreshold: -12_345,
    records: [1, 2, 3].map((position) => ({
      releaseHash: releaseId,
      position,
      recordId: random.bytes32(),
      cluster: random.bytes32(),
      contributor: random.address(),
      reviewer: random.address(),
      datanetId: position,
      rowRoot: random.bytes32(),
      partials: Array.from({ length: position }, () => random.below(2 ** 32) - 2 ** 31),
    })),
    spans: [
      {
        start: 4,
        length: 12,
        sources: [
          {
            releaseHash: releaseId,
            position: 9,
            recordId: random.bytes32(),
            cluster: random.bytes32(),
            contributor: random.address(),
            datanetId: 1,
            offset: 7,
          },
        ],
      },
    ],
    passages: [
      {
        datanetId: 2,
        version: 1,
        recordId: random.bytes32(),
        cluster: random.bytes32(),
        contributor: random.address(),
        support: -7,
      },
    ],
    parents: [{ releaseHash: random.bytes32(), termsVersion: 2, share: 500 }],
  };
  const plainEvidence: Evidence = {
    queryRoot: random.bytes32(),
    nullThreshold: 1,
    records: [],
    spans: [],
    passages: [],
    parents: [],
  };
  const allocations: Allocation[] = Array.from({ length: 5 }, () => ({
    account: random.address(),
    amount: amount(),
    weight: random.upTo(2n ** 60n),
  })).sort((a, b) => (a.account < b.account ? -1 : 1));

  const receipt = {
    channel,
    sequence: 7,
    compositionHash: compositionHash(composition),
    promptTokens: number(),
    completionTokens: number(),
    retrievalTokens: number(),
    agentSteps: number(),
    fee: amount(),
    feeVersion: 2,
    promptHash: random.bytes32(),
    outputHash: random.bytes32(),
    evidenceHash: evidenceHash(evidence),
    allocationHash: allocationHash(allocations),
    traceHash: random.bytes32(),
    parentReceipt: random.bytes32(),
    timestamp: number(),
  };

  const adapters = [{ adapterId: random.bytes32(), weightBps: 10_000 }];
  const datanets = [1, 2].map((datanetId) => ({ datanetId, version: 3, root: random.bytes32() }));
  const parents = [random.bytes32(), random.bytes32()];
  const evaluationCid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
  const rows = Array.from({ length: 5 }, (_, position) => ({
    position,
    recordId: random.bytes32(),
    contributor: random.address(),
    cluster: random.bytes32(),
    tokensRoot: random.bytes32(),
    scaleBits: number(),
    rowRoot: random.bytes32(),
  }));
  const release = {
    baseModel: random.bytes32(),
    adaptersHash: adaptersHash(adapters),
    tokenizerHash: random.bytes32(),
    datanetsHash: datanetsHash(datanets),
    trainingLogRoot: random.bytes32(),
    indexRoot: indexTree(rows).root,
    indexRows: rows.length,
    k: 200,
    seed: random.bytes32(),
    projectionHash: random.bytes32(),
    nullThreshold: -5,
    parentsHash: parentsHash([]),
    evaluationHash: evaluationHash(evaluationCid),
  };

  const agent = { manifestHash: keccak256('0x05'), agentId: 7, version: 3 };
  const ofAgent = agentRelease(agent.manifestHash, agent.agentId, agent.version);

  const tree = () => ({ root: random.bytes32(), count: number(), amount: amount(), weight: amount() });
  const parameters = {
    reputation: { [evidence.records[0]?.contributor as Address]: 9_500 },
    channelWeights: { influence: 5_000, verbatim: 2_000, retrieval: 3_000 },
    poolSizes: [{ datanetId: 1, pool: random.address(), size: 240 }],
    contributorCapBps: 8_000,
    burnBps: 5_000,
    fidelity: { [releaseHash(release)]: 4_000 },
    fidelityFloorBps: 5_000,
  };
  const entries = await Promise.all(
    ['0x02', '0x03', '0x04'].map(async (seed) => {
      const signer = privateKeyToAccount(keccak256(seed as Hex));
      const own = { ...voucher, payer: random.address(), signer: signer.address.toLowerCase() as Address };
      const collected = amount();
      const lastSequence = number();
      const signature = await signVoucher(signer, own, domain);
      return { ...own, collected, previousSequence: Math.floor(lastSequence / 2), lastSequence, signature };
    }),
  );
  const channels = packChannelEntries(voucher.operator, entries);
  const body = {
    operator: voucher.operator,
    batchIndex: 4,
    previousHash: random.bytes32(),
    receipts: tree(),
    allocations: tree(),
    protocolFee: amount(),
    feeVersion: 2,
    dayIndex: 77,
    parametersHash: parametersHash(parameters),
    channelsHash: keccak256(channels),
    dataHash: keccak256(dataCommitment(evaluationCid)),
  };
  const header = { body, rewards: tree(), settledAt: 1_800_000_000 };

  const salt = random.bytes32();
  const answer = 'Queues a proposal. 排入佇列。';
  const tokenIds = Array.from({ length: 150 }, () => random.below(49_152));
  const messages = [{ role: 'user', content: 'What does `queue` do? — 佇列?' }];
  const vector = Int8Array.from({ length: 5_000 }, () => random.below(256) - 128);
  const card = { promptPrice: 3n, completionPrice: 1_000_000_007n, retrievalPrice: 11n, agentStepPrice: 13n };
  const usage = { promptTokens: 123, completionTokens: 45, retrievalTokens: 6, agentSteps: 7 };
  const parts = [
    { card, weightBps: 7_000 },
    { card: { ...card, completionPrice: 999n }, weightBps: 3_000 },
  ];
  const entriesOfLog = [
    { type: 'start', base: random.bytes32(), method: { kind: 'lora', rank: 8 }, training: { epochs: 3 }, seed: 1 },
    { type: 'step', step: 1, recordIds: [random.bytes32()], weights: [1], learningRateNanos: 1_000_000, lossMicros: [3_100_000] },
    { type: 'checkpoint', step: 1, digest: random.bytes32() },
  ].map(canonicalJson);
  const sessionKey = random.bytes32();
  const recordsRoot = random.bytes32();
  const versionEntries = [3, 5, 9].map((contributionId) => ({
    contributionId,
    recordsRoot: random.bytes32(),
    records: contributionId * 10,
  }));

  return {
    domain: {
      name: 'OpenLedger',
      version: '1',
      chainId,
      verifyingContract: contract,
      privateKey: key,
      signer: account.address.toLowerCase(),
    },
    voucher: {
      ...toJson(voucher),
      encoded: encodeAbiParameters(voucherAbi, [voucher]),
      digest: hashVoucher(voucher, domain),
      signature: voucherSignature,
      channel,
    },
    receipt: {
      ...toJson(receipt),
      encoded: encodeAbiParameters(receiptAbi, [receipt]),
      structHash: receiptHash(receipt),
      digest: receiptDigest(receipt, domain),
      signature: await signReceipt(account, receipt, domain),
      key: `0x${receiptKey(channel, receipt.sequence).toString(16).padStart(64, '0')}`,
    },
    composition: {
      encoded: encodeAbiParameters(componentsAbi, [composition]),
      hash: compositionHash(composition),
      components: composition,
    },
    evidence: { encoded: encodeAbiParameters(evidenceAbi, [evidence]), hash: evidenceHash(evidence) },
    emptyEvidence: { encoded: encodeAbiParameters(evidenceAbi, [plainEvidence]), hash: evidenceHash(plainEvidence) },
    allocations: { encoded: encodeAbiParameters(allocationsAbi, [allocations]), hash: allocationHash(allocations) },
    release: { ...release, encoded: encodeAbiParameters(releaseAbi, [release]), hash: releaseHash(release), evaluationCid },
    agentRelease: { ...agent, encoded: encodeAbiParameters(releaseAbi, [ofAgent]), hash: releaseHash(ofAgent) },
    adapters: { encoded: encodeAbiParameters(adaptersAbi, [adapters]), hash: adaptersHash(adapters) },
    datanets: { encoded: encodeAbiParameters(datanetsAbi, [datanets]), hash: datanetsHash(datanets) },
    parents: { releaseHashes: parents, hash: parentsHash(parents), emptyHash: parentsHash([]) },
    index: {
      position: rows.map((row) => row.position),
      recordId: rows.map((row) => row.recordId),
      contributor: rows.map((row) => row.contributor),
      cluster: rows.map((row) => row.cluster),
      tokensRoot: rows.map((row) => row.tokensRoot),
      scaleBits: rows.map((row) => row.scaleBits),
      rowRoot: rows.map((row) => row.rowRoot),
      leafHash: rows.map(indexLeafHash),
      root: indexTree(rows).root,
    },
    version: {
      contributionId: versionEntries.map((entry) => entry.contributionId),
      recordsRoot: versionEntries.map((entry) => entry.recordsRoot),
      records: versionEntries.map((entry) => entry.records),
      root: versionTree(versionEntries).root,
    },
    header: {
      encoded: encodeAbiParameters(headerAbi, [{ ...header, settledAt: BigInt(header.settledAt) }]),
      bodyHash: bodyHash(body),
      rewardsHash: rewardsHash(header.rewards),
      hash: headerHash(header),
      parameters: canonicalJson(parameters),
      parametersHash: body.parametersHash,
      dataCommitment: dataCommitment(evaluationCid),
      dataHash: body.dataHash,
    },
    parameters: parametersVector(),
    channels: {
      operator: voucher.operator,
      packed: channels,
      hash: body.channelsHash,
      payer: entries.map((entry) => entry.payer),
      signer: entries.map((entry) => entry.signer),
      collected: entries.map((entry) => entry.collected.toString()),
      previousSequence: entries.map((entry) => entry.previousSequence),
      lastSequence: entries.map((entry) => entry.lastSequence),
      signature: entries.map((entry) => entry.signature),
    },
    keys: {
      account: voucher.payer,
      reward: `0x${rewardKey(voucher.payer).toString(16).padStart(64, '0')}`,
      allocationAt5: `0x${allocationKey(voucher.payer, 5).toString(16).padStart(64, '0')}`,
    },
    contribution: {
      recordsRoot,
      salt,
      contributor: voucher.payer,
      commitment: contributionCommitment(recordsRoot, salt, voucher.payer),
    },
    round: roundVector(voucher.payer, salt),
    output: {
      salt,
      answer,
      tokenIds,
      chunksRoot: outputTree(salt, tokenIds).root,
      hash: outputHash(salt, answer, tokenIds),
      emptyHash: outputHash(salt, '', []),
      messages: canonicalJson(messages),
      promptHash: promptHash(salt, messages),
      tokensRoot: recordTokensTree(tokenIds).root,
    },
    vector: {
      int8: `0x${Array.from(new Uint8Array(vector.buffer), (byte) => byte.toString(16).padStart(2, '0')).join('')}`,
      rowRoot: int8Tree(treeId.indexRow, vector).root,
      queryRoot: int8Tree(treeId.query, vector).root,
    },
    trace: {
      json: canonicalJson({ engine: '0.1.0', temperature: 0.7, topP: 1, seed: 1, stop: ['\n'] }),
      hash: hashJson({ engine: '0.1.0', temperature: 0.7, topP: 1, seed: 1, stop: ['\n'] }),
    },
    trainingLog: { entries: entriesOfLog, root: trainingLogRoot(entriesOfLog) },
    apiKey: { sessionKey, apiKey: apiKeyOf(sessionKey), hash: apiKeyHash(apiKeyOf(sessionKey)) },
    fee: {
      ...usage,
      promptPrice: parts.map((part) => part.card.promptPrice.toString()),
      completionPrice: parts.map((part) => part.card.completionPrice.toString()),
      retrievalPrice: parts.map((part) => part.card.retrievalPrice.toString()),
      agentStepPrice: parts.map((part) => part.card.agentStepPrice.toString()),
      weightBps: parts.map((part) => part.weightBps),
      appMarkupBps: 250,
      ...toJson(computeFee(parts, usage, 250)),
    },
  };
}
