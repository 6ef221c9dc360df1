import { expect, test } from 'vitest';
import { findProofs } from '../proofs/findProofs.ts';
import { recomputeBatch } from '../verify/recomputeBatch.ts';
import { verifyBatch } from '../verify/verifyBatch.ts';
import { caseOf } from './falseBatch.ts';
import { honestBatch, type Shape } from './honestBatch.ts';

/** `npm run test:deep` makes as many more, of random shapes. */
const deep = Number(process.env.OPENLEDGER_DEEP_BATCHES ?? 0);

const shapes: Shape[] = [
  { receipts: 1, channels: 1, releases: 1 },
  { receipts: 2, channels: 1, releases: 2 },
  { receipts: 3, channels: 3, releases: 3 },
  { receipts: 64, channels: 1, releases: 4 },
  { receipts: 100, channels: 64, releases: 5 },
  { receipts: 1_024, channels: 1, releases: 1 },
  { receipts: 1_024, channels: 64, releases: 6 },
  ...Array.from({ length: deep }, (_, number) => {
    const receipts = 1 + ((number * 389) % 1_024);
    return { receipts, channels: 1 + ((number * 23) % Math.min(64, receipts)), releases: 1 + (number % 6) };
  }),
];

test.each(shapes.map((shape, number) => ({ ...shape, number })))(
  'an honest batch of $receipts receipts, $channels channels and $releases releases passes every check and loses to no proof',
  async ({ number, ...shape }) => {
    const batch = await honestBatch(String(number), shape);
    expect(batch.file.receipts).toHaveLength(shape.receipts);
    expect(batch.entries).toHaveLength(shape.channels);
    const { file, header, context, facts } = batch;
    const verified = await verifyBatch(file, header, context);
    const recomputed = await recomputeBatch(file, header, facts);
    expect([...verified.checks, ...recomputed.checks].filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(findProofs(caseOf(batch))).toEqual([]);
  },
  120_000,
);

test('such a batch has all that batches have', async () => {
  const { file, entries, releases } = await honestBatch('6', { receipts: 1_024, channels: 64, releases: 6 });
  const compositions = file.receipts.map(({ composition }) => composition);
  for (const count of [1, 2, 3, 4]) expect(compositions.some(({ length }) => length === count)).toBe(true);
  expect(new Set(compositions.flat().map(({ releaseHash }) => releaseHash)).size).toBe(6);
  expect(new Set(compositions.flat().map(({ termsVersion }) => termsVersion))).toEqual(new Set([1, 2]));
  expect(file.receipts.filter(({ receipt }) => receipt.agentSteps > 0).length).toBeGreaterThan(50);
  expect(file.receipts.filter(({ receipt }) => BigInt(receipt.parentReceipt) > 0n).length).toBeGreaterThan(50);
  expect(entries.some(({ app }) => BigInt(app) > 0n)).toBe(true);
  expect(entries.some(({ previousSequence }) => previousSequence > 0)).toBe(true);
  expect(entries.some(({ payer, signer }) => payer !== signer)).toBe(true);
  const terms = releases.flatMap(({ facts }) => [...facts.terms.values()]);
  expect(terms.some(({ parents, parentsBps }) => BigInt(parents) > 0n && parentsBps > 0)).toBe(true);
  const firstDays = new Set(file.receipts.map(({ receipt }) => Math.floor(receipt.timestamp / 86_400)));
  expect(firstDays.size).toBeGreaterThan(1);
}, 120_000);
