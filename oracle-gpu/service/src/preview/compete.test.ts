import { allocateBundle, receiptBundleSchema } from '@openledger/sdk';
import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import { testReceipt } from '../../../../sdk/src/verify/testReceipt.ts';
import { compete, nobody } from './compete.ts';

const id = (digit: string): Hex => `0x${digit.repeat(64)}`;
const newcomer = (digit: string, score: number, cluster = digit) => ({ recordId: id(digit), cluster: id(cluster), score });
const { bundle } = await testReceipt(1, 3);
const sum = (paid: ReadonlyMap<Hex, bigint>): bigint => [...paid.values()].reduce((total, part) => total + part, 0n);

test('who does not pass the threshold gets nothing, and nothing changes', () => {
  expect(compete(bundle, 1, [newcomer('a', bundle.evidence.nullThreshold), newcomer('b', -5)]).size).toBe(0);
  expect(receiptBundleSchema.parse(JSON.parse(JSON.stringify(bundle, bigints))).evidence.records).toHaveLength(3);
});

test('a newcomer is paid exactly what the allocation gives it beside the others', () => {
  const paid = compete(bundle, 1, [newcomer('a', 30_000)]);
  const [first] = bundle.evidence.records;
  if (!first) throw new Error('no record');
  const records = [
    ...bundle.evidence.records,
    { ...first, recordId: id('a'), cluster: id('a'), contributor: nobody, partials: [30_000] },
  ];
  records.sort((a, b) => (b.partials[0] ?? 0) - (a.partials[0] ?? 0));
  const { allocations } = allocateBundle({ ...bundle, evidence: { ...bundle.evidence, records } });
  expect(paid.get(id('a'))).toBe(allocations.find(({ account }) => account === nobody)?.amount);
  expect(sum(paid)).toBeGreaterThan(0n);
});

test('records of one cluster are paid once, by the best of them', () => {
  const alone = compete(bundle, 1, [newcomer('a', 30_000)]);
  const copies = compete(bundle, 1, [newcomer('b', 20_000, 'a'), newcomer('a', 30_000), newcomer('c', 29_999, 'a')]);
  expect(copies).toEqual(alone);
});

test('the cap holds for all records of the file together, and the parts sum to it', () => {
  const capped = { ...bundle, fee: { ...bundle.fee, contributorCapBps: 100 } };
  const few = compete(capped, 1, [newcomer('a', 40_000)]);
  const many = compete(capped, 1, [newcomer('a', 40_000), newcomer('b', 40_000), newcomer('c', 39_000)]);
  expect(many.size).toBe(3);
  expect(sum(many)).toBe(sum(few));
});

test('the thirty-third best is not listed, so it is not paid', () => {
  const many = Array.from({ length: 40 }, (_, index) => ({
    recordId: `0x${index.toString(16).padStart(64, '0')}` as Hex,
    cluster: `0x${index.toString(16).padStart(64, '0')}` as Hex,
    score: 60_000 - index,
  }));
  const paid = compete(bundle, 1, many);
  expect(paid.size).toBe(32);
  expect(paid.has(many[32]?.recordId ?? '0x')).toBe(false);
});

test('newcomers take from others, never from outside: all is still divided to the wei', () => {
  const paid = sum(compete(bundle, 1, [newcomer('a', 50_001), newcomer('b', 9_000)]));
  const { parts } = allocateBundle(bundle);
  const contributorsPart = [...parts.contributors, ...parts.pools].reduce((total, { amount }) => total + amount, 0n);
  expect(paid).toBeLessThan(contributorsPart);
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
