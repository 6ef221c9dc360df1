import { encodeAbiParameters, keccak256, zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import type { Evidence } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { partialScores } from '../output/int8.ts';
import { int8Tree } from '../output/int8Tree.ts';
import { accuse } from '../proofs/fraudProof.ts';
import { indexTree } from '../release/indexTree.ts';
import type { IndexLeaf, Release } from '../release/release.ts';
import { releaseHash } from '../release/releaseHash.ts';
import { headerHash } from '../settlement/batch.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeId } from '../tree/treeId.ts';
import { testBatch } from '../verify/testBatch.ts';
import { readDataAnswer } from './dataAnswer.ts';
import { falseRowAnswer } from './falseRowAnswer.ts';
import { rowAnswer } from './rowAnswer.ts';
import { type RowAsked, rowRequestId } from './rowAsked.ts';

const k = 4_096 + 8; // two chunks
const vector = (seed: number): Int8Array => Int8Array.from({ length: k }, (_, at) => ((at * 31 + seed * 17) % 255) - 127);
const hash = (of: number): `0x${string}` => `0x${of.toString(16).padStart(64, '0')}`;
const rows = [vector(1), vector(2), vector(3)];
const index: IndexLeaf[] = rows.map((row, position) => ({
  ...{ position, recordId: hash(position + 1), contributor: zeroAddress, cluster: hash(position + 9), tokensRoot: zeroHash },
  ...{ scaleBits: 0, rowRoot: int8Tree(treeId.indexRow, row).root },
}));
const query = vector(2); // its own row scores highest
const row = rows[1] as Int8Array;

async function asking(evidence: Partial<Evidence> = {}) {
  const { header, bundles } = await testBatch(2);
  const release: Release = {
    ...(bundles[0] as ReceiptBundle).release,
    k,
    indexRows: rows.length,
    indexRoot: indexTree(index).root,
    nullThreshold: 5,
  };
  const scored = {
    ...{ queryRoot: int8Tree(treeId.query, query).root, nullThreshold: 5, records: [], spans: [], passages: [], parents: [] },
    ...evidence,
  };
  const asked: RowAsked = {
    ...{ headerHash: headerHash(header), releaseHash: releaseHash(release), evidenceHash: evidenceHash(scored) },
    ...{ position: 1, chunk: 1 },
  };
  return { header, accused: accuse(header, []), asked, held: { release, index, row, evidence: scored, query } };
}

function read(data: `0x${string}`) {
  const answer = readDataAnswer(data);
  if (answer?.of !== 'row') throw new Error('It is no answer for a row.');
  return answer;
}

test('a request is named by the hash of what is asked, as the contract encodes the struct', async () => {
  const { asked } = await asking();
  const { headerHash, releaseHash, evidenceHash, position, chunk } = asked;
  const types = ['bytes32', 'bytes32', 'bytes32', 'uint32', 'uint32'].map((type) => ({ type }));
  const values = [headerHash, releaseHash, evidenceHash, position, chunk];
  expect(rowRequestId(asked)).toBe(keccak256(encodeAbiParameters(types, values)));
});

test('the answer states what each chunk scores, and gives the one that was asked for', async () => {
  const { header, asked, held } = await asking();
  const answer = read(rowAnswer(header, asked, held));
  expect(answer.asked).toEqual(asked);
  expect(answer.partials).toEqual(partialScores(query, row));
  expect(answer.chunk.components).toHaveLength(2 + 2 * 8);
  expect(answer.row.leaf).toEqual(index[1]);
});

test('without a query nothing is stated that could belong into an evidence', async () => {
  const { header, accused, asked, held } = await asking({ queryRoot: zeroHash, nullThreshold: -1_000_000 });
  const answer = read(rowAnswer(header, asked, { ...held, query: null }));
  expect(answer.partials).toEqual([-(2 ** 31), -(2 ** 31)]);
  expect(falseRowAnswer(accused, answer)).toBeUndefined();
});

test('what is not what the request names is never stated', async () => {
  const { header, asked, held } = await asking();
  const answer = (changed: Partial<typeof held>) => () => rowAnswer(header, asked, { ...held, ...changed });
  expect(answer({ release: { ...held.release, k: k + 1 } })).toThrow('The release is not the one');
  expect(answer({ evidence: { ...held.evidence, nullThreshold: 6 } })).toThrow('The evidence is not the one');
  expect(answer({ index: [] })).toThrow('The index has no row 1.');
  expect(answer({ row: rows[0] as Int8Array })).toThrow('The components of row 1 are not');
  expect(answer({ query: vector(1) })).toThrow('The query is not the one');
});

test('a statement that puts a row into an evidence that lacks it proves its omission', async () => {
  const { header, accused, asked, held } = await asking();
  const proof = falseRowAnswer(accused, read(rowAnswer(header, asked, held)));
  expect([proof?.contract, proof?.fault]).toEqual(['DataRequests', 'omitted record']);
});

test('a statement that the chunk contradicts is proven false by whoever has the query, and by nobody else', async () => {
  const { header, accused, asked, held } = await asking();
  const answer = read(rowAnswer(header, asked, held));
  const silent = { ...answer, partials: [0, 0] };
  expect(falseRowAnswer(accused, silent)).toBeUndefined();
  expect(falseRowAnswer(accused, silent, { query: vector(3) })).toBeUndefined();
  expect(falseRowAnswer(accused, silent, { query })?.fault).toBe('false score');
});

test('a statement that is false elsewhere than in the chunk it gives is proven false with the published row', async () => {
  const { header, accused, asked, held } = await asking();
  const answer = read(rowAnswer(header, asked, held));
  const elsewhere = { ...answer, partials: [-(2 ** 31), answer.partials[1] as number] };
  expect(falseRowAnswer(accused, elsewhere, { query })).toBeUndefined();
  expect(falseRowAnswer(accused, elsewhere, { query, row: rows[0] as Int8Array })).toBeUndefined(); // another row
  expect(falseRowAnswer(accused, elsewhere, { query, row })?.about).toContain('for chunk 0 of row 1');
});
