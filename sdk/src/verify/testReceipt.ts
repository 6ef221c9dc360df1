import { type Address, keccak256, zeroAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { allocationHash } from '../evidence/allocationHash.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { int8ToHex } from '../output/int8.ts';
import { int8Tree } from '../output/int8Tree.ts';
import { outputHash } from '../output/outputHash.ts';
import { promptHash } from '../output/promptHash.ts';
import { type IndexRows, openIndexRows } from '../release/indexRows.ts';
import { indexTree } from '../release/indexTree.ts';
import { adaptersHash, datanetsHash, evaluationHash, parentsHash, releaseHash } from '../release/releaseHash.ts';
import { hashJson } from '../schema/hashJson.ts';
import { channelId } from '../settlement/channelId.ts';
import { compositionHash } from '../settlement/composition.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { computeFee } from '../settlement/fee.ts';
import { restatedPolicy } from '../settlement/feePolicy.ts';
import { receiptHash, signReceipt } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeId } from '../tree/treeId.ts';
import { treeProof } from '../tree/treeProof.ts';
import { seededRandom } from '../vectors/random.ts';
import { allocateBundle, type ReceiptFacts } from './verifyReceipt.ts';

export const testOperator = privateKeyToAccount(keccak256('0x0a'));
export const testContext = { chainId: 31_337, settlement: '0x00000000000000000000000000000000000000aa' as Address };

const open = 10n ** 18n;

/** Components of a row that its score is made of: a query can give each row any score up to 4 · 127². */
const perRow = 5;
const largest = 127;

/** A query with these scores of the rows at these positions, and none of the others. */
function queryOf(scores: ReadonlyMap<number, number>, rows: number): Int8Array {
  const query = new Int8Array(perRow * rows);
  for (const [position, score] of scores) {
    let left = Math.floor(score / largest);
    for (let at = 0; at < perRow - 1; at += 1) {
      const part = Math.min(left, largest);
      query[perRow * position + at] = part;
      left -= part;
    }
    query[perRow * position + perRow - 1] = score % largest;
  }
  return query;
}

/** The index behind `testReceipt`, with its components. */
export function testIndex(records = 3) {
  const fixed = seededRandom('release');
  const people = Array.from({ length: 7 }, fixed.address) as [Address, Address, Address, Address, Address, Address, Address];
  const count = Math.max(9, records);
  const file = new Uint8Array(count * perRow * count);
  const rows = Array.from({ length: count }, (_, position) => {
    const recordId = fixed.bytes32();
    const contributor = position % 2 === 0 ? people[0] : people[1];
    const row = new Int8Array(file.buffer, position * perRow * count, perRow * count);
    row.fill(largest, perRow * position, perRow * position + perRow - 1);
    row[perRow * position + perRow - 1] = 1;
    return {
      position,
      recordId,
      contributor,
      cluster: recordId,
      tokensRoot: fixed.bytes32(),
      scaleBits: fixed.below(2 ** 32),
      rowRoot: int8Tree(treeId.indexRow, row).root,
    };
  });
  return { fixed, people, rows, file };
}

/** An honest receipt with everything that opens it, signed by `testOperator`; for tests and benchmarks. */
export async function testReceipt(
  sequence = 1,
  records = 3,
): Promise<{ bundle: ReceiptBundle; facts: ReceiptFacts; index: IndexRows }> {
  const random = seededRandom(`receipt ${sequence}`);
  const { fixed, people, rows, file } = testIndex(records);
  const [, bob, reviewer, developer, payer, signer, pool] = people;
  const index = indexTree(rows);
  const release = {
    baseModel: fixed.bytes32(),
    adaptersHash: adaptersHash([{ adapterId: fixed.bytes32(), weightBps: 10_000 }]),
    tokenizerHash: fixed.bytes32(),
    datanetsHash: datanetsHash([{ datanetId: 1, version: 1, root: fixed.bytes32() }]),
    trainingLogRoot: fixed.bytes32(),
    indexRoot: index.root,
    indexRows: rows.length,
    k: perRow * rows.length,
    seed: fixed.bytes32(),
    projectionHash: fixed.bytes32(),
    nullThreshold: 1_000,
    parentsHash: parentsHash([]),
    evaluationHash: evaluationHash('bafy'),
  };
  const composition = [{ releaseHash: releaseHash(release), termsVersion: 1, weightBps: 10_000 }];
  const positions = [4, 7, 0, ...[...rows.keys()].filter((position) => ![4, 7, 0].includes(position))].slice(0, records);
  const used = positions.map((position) => rows[position] as (typeof rows)[number]);
  const scoreAt = (rank: number): number => 50_000 - Math.floor(40_000 / records) * rank;
  const query = queryOf(new Map(positions.map((position, rank) => [position, scoreAt(rank)])), rows.length);
  const evidence = {
    queryRoot: int8Tree(treeId.query, query).root,
    nullThreshold: 1_000,
    records: used.map(({ position, recordId, cluster, contributor, rowRoot }, rank) => ({
      releaseHash: composition[0]?.releaseHash ?? zeroHash,
      position,
      recordId,
      cluster,
      contributor,
      reviewer,
      datanetId: 1,
      rowRoot,
      partials: [scoreAt(rank)],
    })),
    spans: [],
    passages: [],
    parents: [],
  };
  const terms = {
    operatorBps: 3_000,
    developerBps: 2_000,
    parentsBps: 0,
    backersBps: 0,
    contributorsBps: 5_000,
    parents: zeroAddress,
    backers: zeroAddress,
    promptPrice: open / 1_000n,
    completionPrice: open / 100n,
    retrievalPrice: 0n,
    agentStepPrice: 0n,
  };
  const fee = {
    ...{ protocolFeeBps: 1_000, burnBps: 5_000, contributorCapBps: 8_000 },
    ...{ verbatimBps: 2_000, retrievalBps: 3_000, fidelityFloorBps: 5_000 },
  };
  const channel = { payer, operator: testOperator.address.toLowerCase() as Address, signer };
  const salt = random.bytes32();
  const messages = [{ role: 'user', content: 'What does `queue` do?' }];
  const answer = 'Queues a proposal.';
  const tokenIds = [5, 6, 7];
  const trace = { engine: '0.1.0', seed: sequence, temperature: 0 };
  const usage = { promptTokens: 30, completionTokens: tokenIds.length, retrievalTokens: 0, agentSteps: 0 };
  const draft = {
    channel,
    salt,
    messages,
    answer,
    tokenIds,
    query: int8ToHex(query),
    composition,
    evidence,
    allocations: [],
    trace,
    terms,
    developer,
    fee,
    parameters: {
      reputation: { [bob]: 9_000 },
      ...restatedPolicy(fee),
      fidelity: {},
      poolSizes: [{ datanetId: 1, pool, size: 9 }],
    },
    app: { address: zeroAddress, markupBps: 0 },
    dayIndex: 3,
    release,
    indexProofs: used.map((leaf) => ({
      recordId: leaf.recordId,
      leaf,
      index: leaf.position,
      count: rows.length,
      proof: treeProof(index, leaf.position),
    })),
    records: [],
    status: 'signed' as const,
  };
  const receipt = {
    channel: channelId(channel),
    sequence,
    compositionHash: compositionHash(composition),
    ...usage,
    fee: computeFee([{ card: terms, weightBps: 10_000 }], usage).fee,
    feeVersion: 1,
    promptHash: promptHash(salt, messages),
    outputHash: outputHash(salt, answer, tokenIds),
    evidenceHash: evidenceHash(evidence),
    allocationHash: zeroHash,
    traceHash: hashJson(trace),
    parentReceipt: zeroHash,
    timestamp: 1_800_000_000,
  };
  const unsigned: ReceiptBundle = { ...draft, receipt, receiptHash: zeroHash, signature: '0x' };
  const { allocations } = allocateBundle(unsigned);
  const bundle = await resign({ ...unsigned, allocations, receipt: { ...receipt, allocationHash: allocationHash(allocations) } });
  const facts = { signer: testOperator.address, terms, policy: fee, modelId: 1, fidelities: new Map() };
  return { bundle, facts, index: openIndexRows(file, rows, release) };
}

/** The bundle with its receipt signed anew: what a lying operator would hand out. */
export async function resign(bundle: ReceiptBundle): Promise<ReceiptBundle> {
  const domain = openLedgerDomain(testContext.chainId, testContext.settlement);
  return {
    ...bundle,
    receiptHash: receiptHash(bundle.receipt),
    signature: await signReceipt(testOperator, bundle.receipt, domain),
  };
}
