import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { type ReceiptBundle, receiptBundleSchema } from '../gateway/receiptBundle.ts';
import { recordsRoot } from '../records/recordsRoot.ts';
import { citationsHash } from '../retrieval/citationsHash.ts';
import { proveSources } from '../retrieval/sourceProof.ts';
import { hashJson } from '../schema/hashJson.ts';
import { toJson } from '../schema/toJson.ts';
import { seededRandom } from '../vectors/random.ts';
import { versionKey } from './checkSources.ts';
import { resign, testContext, testReceipt } from './testReceipt.ts';
import { verifyReceipt } from './verifyReceipt.ts';

/** An honest receipt whose answer cites two of three records of a datanet. */
async function testCited() {
  const random = seededRandom('cited');
  const { bundle, facts } = await testReceipt();
  const ids = [1, 2, 3].map(random.bytes32);
  const contributor = random.address();
  const proofs = proveSources([{ contributionId: 4, recordsRoot: recordsRoot(ids), records: 3 }], new Map([[4, ids]]));
  const passages = [2, 0].map((position, index) => ({
    datanetId: 9,
    version: 2,
    recordId: ids[position] as Hex,
    cluster: ids[position] as Hex,
    contributor,
    support: 4_000 - 3_000 * index,
  }));
  const sources = passages.map(({ cluster: _, ...passage }, index) => ({
    ...passage,
    n: index + 1,
    title: `Record ${index}`,
    link: 'https://example.org/a',
    licence: 'MIT',
    amount: 5n,
    proof: proofs.prove(4, index === 0 ? 2 : 0),
  }));
  const marks = { citations: [{ start: 0, end: 6, sources: [1, 2] }], unsupported: [[7, 18] as [number, number]] };
  const evidence = { ...bundle.evidence, passages };
  const trace = { ...bundle.trace, citations: citationsHash(marks) };
  const receipt = { ...bundle.receipt, evidenceHash: evidenceHash(evidence), traceHash: hashJson(trace) };
  const cited = await resign({ ...bundle, evidence, trace, receipt, sources, ...marks });
  return { bundle: cited, facts: { ...facts, versionRoots: new Map([[versionKey({ datanetId: 9, version: 2 }), proofs.root]]) } };
}

type Statuses = Record<string, string>;

async function statuses(bundle: ReceiptBundle, facts?: Awaited<ReturnType<typeof testCited>>['facts']): Promise<Statuses> {
  const { checks } = await verifyReceipt(bundle, facts ? { ...testContext, facts } : testContext);
  return Object.fromEntries(
    checks.filter(({ name }) => name === 'sources' || name === 'citations').map(({ name, status }) => [name, status]),
  );
}

test('sources and citations pass, also after a journey through JSON', async () => {
  const { bundle, facts } = await testCited();
  const parsed = receiptBundleSchema.parse(JSON.parse(JSON.stringify(toJson(bundle))));
  expect(await statuses(parsed, facts)).toEqual({ sources: 'passed', citations: 'passed' });
});

test('without the chain nothing is said of the version; without the answer nothing of its citations', async () => {
  const { bundle } = await testCited();
  const { answer: _, citations: __, unsupported: ___, ...open } = bundle;
  expect(await statuses(open)).toEqual({ sources: 'skipped', citations: 'skipped' });
  const { sources: ____, ...bare } = open;
  expect(await statuses(bare)).toEqual({ sources: 'skipped', citations: 'skipped' });
});

test('an answer without passages is not checked for them', async () => {
  const { bundle } = await testReceipt();
  expect(await statuses(bundle)).toEqual({});
});

test('a source that is another than the evidence commits to fails', async () => {
  const { bundle, facts } = await testCited();
  const [first, second] = bundle.sources ?? [];
  if (!first || !second) throw new Error('two sources');
  const withFirst = (changes: Partial<typeof first>) =>
    statuses({ ...bundle, sources: [{ ...first, ...changes }, second] }, facts);
  const failed = { sources: 'failed', citations: 'passed' };
  expect(await withFirst({ recordId: second.recordId })).toEqual(failed);
  expect(await withFirst({ contributor: bundle.developer })).toEqual(failed);
  expect(await withFirst({ support: 4_001 })).toEqual(failed);
  expect(await withFirst({ version: 1 })).toEqual(failed);
  expect(await withFirst({ proof: second.proof })).toEqual(failed);
  expect(await statuses({ ...bundle, sources: [second, first] }, facts)).toEqual(failed);
  expect(await statuses({ ...bundle, sources: [first] }, facts)).toMatchObject({ sources: 'failed' });
});

test('a version that the chain has otherwise fails', async () => {
  const { bundle, facts } = await testCited();
  expect(await statuses(bundle, { ...facts, versionRoots: new Map([['9:2', bundle.receiptHash]]) })).toMatchObject({
    sources: 'failed',
  });
  const unknown = await statuses(bundle, { ...facts, versionRoots: new Map() });
  expect(unknown).toMatchObject({ sources: 'failed' });
});

test('citations that the receipt does not bind, or that point nowhere, fail', async () => {
  const { bundle, facts } = await testCited();
  const moved = [{ start: 0, end: 5, sources: [1, 2] }];
  expect(await statuses({ ...bundle, citations: moved }, facts)).toEqual({ sources: 'passed', citations: 'failed' });
  expect(await statuses({ ...bundle, unsupported: [] }, facts)).toMatchObject({ citations: 'failed' });
  for (const wrong of [
    { start: 0, end: 99, sources: [1] },
    { start: 3, end: 3, sources: [1] },
    { start: 0, end: 6, sources: [3] },
  ]) {
    const marks = { citations: [wrong], unsupported: [] };
    const trace = { ...bundle.trace, citations: citationsHash(marks) };
    const receipt = { ...bundle.receipt, traceHash: hashJson(trace) };
    expect(await statuses(await resign({ ...bundle, ...marks, trace, receipt }), facts)).toMatchObject({ citations: 'failed' });
  }
});
