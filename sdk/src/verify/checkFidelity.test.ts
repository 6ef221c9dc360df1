import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import { checkFidelity } from './checkFidelity.ts';
import { testReceipt } from './testReceipt.ts';
import { verifyReceipt } from './verifyReceipt.ts';

const release: Hex = `0x${'1f'.repeat(32)}`;
const other: Hex = `0x${'2f'.repeat(32)}`;
const time = 1_800_000_000;
const statusOf = (stated: Record<Hex, number>, lowBps?: number, attestedAt = time - 10_000) =>
  checkFidelity([release], stated, time, new Map(lowBps === undefined ? [] : [[release, { lowBps, attestedAt }]])).status;

test('the attested lower bound passes, and nothing where nothing was attested', () => {
  expect(statusOf({ [release]: 4_000 }, 4_000)).toBe('passed');
  expect(statusOf({}, undefined)).toBe('passed');
  expect(statusOf({ [release]: 0 }, -1_200)).toBe('passed');
  expect(statusOf({ [release]: 4_000, [other]: 9_000 }, 4_000)).toBe('passed'); // it pays nothing by another's
});

test('a number that nobody attested fails, as does one that is left out', () => {
  expect(statusOf({ [release]: 4_001 }, 4_000)).toBe('failed');
  expect(statusOf({ [release]: 10_000 }, undefined)).toBe('failed');
  expect(statusOf({}, 4_000)).toBe('failed');
});

test('of what was attested since, the number before is not known', () => {
  expect(statusOf({}, 4_000, time + 1)).toBe('skipped');
  expect(statusOf({ [release]: 3_000 }, 4_000, time - 599)).toBe('skipped');
  expect(statusOf({ [release]: 3_000 }, 4_000, time - 600)).toBe('failed');
  expect(statusOf({ [release]: 4_000 }, 4_000, time + 1)).toBe('passed');
});

test('one wrong release of several is enough', () => {
  const facts = new Map([
    [release, { lowBps: 4_000, attestedAt: time + 1 }],
    [other, { lowBps: 5_000, attestedAt: time - 10_000 }],
  ]);
  expect(checkFidelity([release, other], { [other]: 4_000 }, time, facts).status).toBe('failed');
});

test('a receipt that is paid by a number of its operator’s own is told apart', async () => {
  const { bundle, facts } = await testReceipt();
  const hash = bundle.composition[0]?.releaseHash ?? '0x';
  const measured = { ...facts, fidelities: new Map([[hash, { lowBps: 3_000, attestedAt: 1 }]]) };
  const { checks } = await verifyReceipt(bundle, { facts: measured });
  expect(checks.find(({ name }) => name === 'fidelity')?.status).toBe('failed');
});
