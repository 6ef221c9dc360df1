import { beforeAll, expect, test } from 'vitest';
import { allocationHash } from '../evidence/allocationHash.ts';
import { type ReceiptBundle, receiptBundleSchema } from '../gateway/receiptBundle.ts';
import { toJson } from '../schema/toJson.ts';
import { honestBatch, type MadeBatch } from '../testing/honestBatch.ts';
import { honestBundle } from '../testing/honestBundle.ts';
import { recomputeBatch } from './recomputeBatch.ts';
import { resign, testContext } from './testReceipt.ts';
import { type ReceiptFacts, verifyReceipt } from './verifyReceipt.ts';

let batch: MadeBatch;
let bundle: ReceiptBundle;
let facts: ReceiptFacts;
beforeAll(async () => {
  batch = await honestBatch('bundles', { receipts: 60, channels: 5, releases: 6 });
  const at = batch.file.receipts.findIndex(
    ({ composition, evidence }) =>
      composition.length > 2 && new Set(evidence.records.map(({ releaseHash }) => releaseHash)).size > 1,
  );
  ({ bundle, facts } = honestBundle(batch, at));
});

async function notPassed(changed: Partial<ReceiptBundle>, known: ReceiptFacts | undefined = facts): Promise<string[]> {
  const context = known ? { ...testContext, facts: known } : testContext;
  const { checks } = await verifyReceipt({ ...bundle, ...changed }, context);
  return checks.flatMap(({ name, status }) => (status === 'passed' ? [] : [`${name} ${status}`]));
}
const unread = ['prompt skipped', 'answer skipped'];
/** A batch holds the passages of an answer, but not where they stand in their datanets. */
const unsourced = ['sources skipped', 'citations skipped'];
/** Scores are recomputed for receipts of a single release, from a query that only payers hold. */
const unscored = ['query skipped', 'scores skipped', 'ranking skipped'];

test('every receipt of a mixed batch passes, of one release or of several', async () => {
  const lengths = new Set<number>();
  for (const [position, { composition }] of batch.file.receipts.entries()) {
    const made = honestBundle(batch, position);
    const { checks } = await verifyReceipt(made.bundle, { ...testContext, facts: made.facts });
    expect(
      checks.filter(
        ({ status, name }) =>
          status !== 'passed' && !['prompt', 'answer', 'sources', 'citations', 'query', 'scores', 'ranking'].includes(name),
      ),
    ).toEqual([]);
    lengths.add(composition.length);
  }
  expect(lengths.size).toBeGreaterThan(2);
}, 60_000);

test('a journey through JSON changes nothing', async () => {
  const parsed = receiptBundleSchema.parse(JSON.parse(JSON.stringify(toJson(bundle))));
  expect(await notPassed(parsed)).toEqual([...unread, ...unsourced, ...unscored]);
});

test('a bundle that does not show each release is refused', async () => {
  const [first, ...others] = bundle.components ?? [];
  if (!first) throw new Error('no components');
  const failed = ['release failed', 'index failed', 'terms failed', 'fee failed', 'allocation failed'];
  const { components: _, ...single } = bundle;
  const { checks } = await verifyReceipt(single, { ...testContext, facts });
  expect(checks.filter(({ status }) => status === 'failed').map(({ name }) => `${name} failed`)).toEqual(failed);
  expect(await notPassed({ components: others })).toEqual([
    ...unread,
    ...failed.slice(0, 2),
    ...unsourced,
    ...failed.slice(2),
    ...unscored,
  ]);
});

test('another release, owner, datanet or price of one of them is found', async () => {
  const { components = [] } = bundle;
  const changed = (part: Partial<(typeof components)[number]>) => ({
    components: components.map((one, index) => (index === 1 ? { ...one, ...part } : one)),
  });
  const [, second] = components;
  if (!second) throw new Error('no second release');
  const release = { ...second.release, k: second.release.k + 1 };
  expect(await notPassed(changed({ release }))).toEqual([...unread, 'release failed', ...unsourced, ...unscored]);
  const datanets = second.datanets.slice(1);
  expect(await notPassed(changed({ datanets }))).toContain('release failed');
  const terms = { ...second.terms, completionPrice: second.terms.completionPrice + 10n ** 18n };
  expect(await notPassed(changed({ terms }))).toEqual([
    ...unread,
    ...unsourced,
    'terms failed',
    'fee failed',
    'allocation failed',
    ...unscored,
  ]);
  expect(await notPassed({}, { ...facts, components: facts.components?.slice(1) ?? [] })).toEqual([
    ...unread,
    'release failed',
    ...unsourced,
    'terms failed',
    ...unscored,
  ]);
});

test('a split that the operator signs, but that the evidence does not give, is found', async () => {
  const [first, second, ...rest] = bundle.allocations;
  if (!first || !second) throw new Error('no allocations');
  const allocations = [{ ...first, weight: first.weight + 1n }, second, ...rest];
  const signed = await resign({
    ...bundle,
    allocations,
    receipt: { ...bundle.receipt, allocationHash: allocationHash(allocations) },
  });
  expect(await notPassed(signed)).toEqual([...unread, ...unsourced, 'allocation failed', ...unscored]);
});

test('of a release whose datanets cannot be fetched the split is said to be unchecked, not passed', async () => {
  const hash = bundle.composition[1]?.releaseHash;
  const releases = new Map(
    [...batch.facts.releases].map(([name, { datanets, ...known }]) => [
      name,
      name === hash || !datanets ? known : { ...known, datanets },
    ]),
  );
  const { checks } = await recomputeBatch(batch.file, batch.header, { ...batch.facts, releases });
  const found = checks.filter(({ status }) => status !== 'passed').map(({ name, status }) => `${name} ${status}`);
  expect(found).toEqual(['policy skipped', 'allocation skipped']);
});
