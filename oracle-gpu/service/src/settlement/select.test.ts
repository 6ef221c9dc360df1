import { expect, test } from 'vitest';
import { type OpenReceipt, type SelectionLimits, selectReceipts } from './select.ts';

function receipt(channel: string, sequence: number, changes: Partial<OpenReceipt> = {}): OpenReceipt {
  return {
    hash: `${channel}${sequence}`,
    channel,
    sequence,
    payer: channel,
    fee: 10n,
    feeVersion: 1,
    dayIndex: 0,
    parametersHash: 'p',
    created: sequence,
    ...changes,
  };
}

const wide = (changes: Partial<SelectionLimits> = {}): SelectionLimits => ({
  receipts: 100,
  channels: 100,
  value: 1_000n,
  channelValue: new Map([['a', 1_000n], ['b', 1_000n], ['c', 1_000n]]), // biome-ignore format: a table
  payerValue: new Map([['a', 1_000n], ['b', 1_000n], ['c', 1_000n]]), // biome-ignore format: a table
  ...changes,
});
const names = (chosen: readonly OpenReceipt[]): string[] => chosen.map(({ hash }) => hash).sort();

test('everything goes in when it fits', () => {
  expect(names(selectReceipts([receipt('a', 1), receipt('a', 2), receipt('b', 1)], wide()))).toEqual(['a1', 'a2', 'b1']);
});

test('a channel is never entered in the middle', () => {
  const open = [receipt('a', 1), receipt('a', 2, { parametersHash: 'q' }), receipt('a', 3)];
  expect(names(selectReceipts(open, wide()))).toEqual(['a1']);
});

test('the group is that of the oldest first receipt, others wait', () => {
  const open = [receipt('a', 5, { feeVersion: 2 }), receipt('b', 1), receipt('c', 2, { dayIndex: 1 })];
  expect(names(selectReceipts(open, wide()))).toEqual(['b1']);
});

test('no limit is passed: receipts, channels, stake, ceiling of a channel, money of a payer', () => {
  const open = [receipt('a', 1), receipt('a', 2), receipt('b', 3, { payer: 'a' })];
  expect(names(selectReceipts(open, wide({ receipts: 1 })))).toEqual(['a1']);
  expect(names(selectReceipts(open, wide({ channels: 1 })))).toEqual(['a1', 'a2']);
  expect(names(selectReceipts(open, wide({ value: 20n })))).toEqual(['a1', 'a2']);
  expect(names(selectReceipts(open, wide({ channelValue: new Map([['a', 15n]]) })))).toEqual(['a1']);
  expect(names(selectReceipts(open, wide({ payerValue: new Map([['a', 25n]]) })))).toEqual(['a1', 'a2']);
});

test('a channel of which nothing can be collected does not hold up the others', () => {
  const limits = wide({ channelValue: new Map([['b', 100n]]) });
  expect(names(selectReceipts([receipt('a', 1), receipt('b', 2)], limits))).toEqual(['b2']);
});
