import { zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import type { Evidence } from '../evidence/evidence.ts';
import { int8Dot } from '../output/int8.ts';
import { int8Tree } from '../output/int8Tree.ts';
import { openBatch } from '../proofs/openBatch.ts';
import { indexTree } from '../release/indexTree.ts';
import type { IndexLeaf } from '../release/release.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeId } from '../tree/treeId.ts';
import { testBatch } from '../verify/testBatch.ts';
import { omittedLongRow } from './omittedLongRow.ts';

const vector = (k: number, seed: number): Int8Array =>
  Int8Array.from({ length: k }, (_, at) => ((at * 31 + seed * 17) % 255) - 127);
const hash = (of: number): `0x${string}` => `0x${of.toString(16).padStart(64, '0')}`;

/** A batch whose first receipt was scored with rows of `k` components, by the query that the second row is. */
async function scored(k: number, listed: (best: Evidence['records'][number]) => Evidence['records']) {
  const { file, header, facts, bundles } = await testBatch(2);
  const rows = [vector(k, 1), vector(k, 2), vector(k, 3)];
  const query = vector(k, 2);
  const leaves: IndexLeaf[] = rows.map((row, position) => ({
    ...{ position, recordId: hash(position + 1), contributor: zeroAddress, cluster: hash(position + 9), tokensRoot: zeroHash },
    ...{ scaleBits: 0, rowRoot: int8Tree(treeId.indexRow, row).root },
  }));
  const [bundle] = bundles;
  const releaseHash = bundle?.composition[0]?.releaseHash;
  const known = releaseHash && facts.releases.get(releaseHash);
  if (!bundle || !known) throw new Error('The test batch has a release.');
  const nullThreshold = int8Dot(query, query) - 1; // only the query's own row is above it
  const release = { ...bundle.release, k, indexRows: 3, indexRoot: indexTree(leaves).root, nullThreshold };
  const batch = openBatch(file, header, facts.channels);
  const { root } = int8Tree(treeId.query, query);
  const best = { ...{ releaseHash, position: 1, recordId: hash(2), cluster: hash(10) }, ...{ contributor: zeroAddress } };
  const records = listed({
    ...best,
    ...{ reviewer: zeroAddress, datanetId: 1, rowRoot: zeroHash, partials: [nullThreshold + 1] },
  });
  const receipts = batch.receipts.map((item, at) =>
    at === 0 ? { ...item, evidence: { ...item.evidence, queryRoot: root, records } } : item,
  );
  const held = {
    ...{ queries: new Map([[root, query]]), answers: new Map(), tokens: new Map() },
    rows: new Map([[releaseHash, { leaves, componentsAt: (position: number) => rows[position] as Int8Array }]]),
  };
  const releases = new Map([[releaseHash, { ...known, release, uses: [] }]]);
  return { batch: { ...batch, receipts }, facts: { ...facts, releases }, held };
}

test('a row of several chunks that evidence leaves out is found with the payer’s query', async () => {
  const given = await scored(4_096 + 8, () => []);
  const found = omittedLongRow(given);
  expect([found?.leaf.position, found?.score]).toEqual([1, (found?.opened.release.nullThreshold ?? 0) + 1]);
  expect(omittedLongRow({ ...given, held: { ...given.held, queries: new Map() } })).toBeUndefined();
});

test('nothing is asked about a row that is listed, nor about one that a proof shows whole', async () => {
  expect(omittedLongRow(await scored(4_096 + 8, (best) => [best]))).toBeUndefined();
  expect(omittedLongRow(await scored(4_096, () => []))).toBeUndefined();
});

test('a query of another length than the rows is another fault', async () => {
  const given = await scored(4_096 + 8, () => []);
  const [root] = given.held.queries.keys();
  const queries = new Map([[root as `0x${string}`, vector(4_096, 2)]]);
  expect(omittedLongRow({ ...given, held: { ...given.held, queries } })).toBeUndefined();
});
