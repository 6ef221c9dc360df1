import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import type { IndexRows } from '../release/indexRows.ts';
import type { Calibration } from './calibration.ts';
import { halfSubset } from './halfSubset.ts';
import { floorDivide, squareRoot } from './integers.ts';
import { measureFidelity } from './measureFidelity.ts';
import { spearman } from './spearman.ts';
import { calibrationHash, verifyCalibration } from './verifyCalibration.ts';

const adapter: Hex = `0x${'ab'.repeat(32)}`;
const records = 16;
const row = (position: number): Int8Array => Int8Array.of(position - 8, 3, (position * 5) % 7);
const rows: IndexRows = {
  leaves: Array.from({ length: records }, (_, position) => ({
    position,
    recordId: adapter,
    contributor: adapter.slice(0, 42) as Hex,
    cluster: adapter,
    tokensRoot: adapter,
    scaleBits: 0,
    rowRoot: adapter,
  })),
  componentsAt: row,
};

function calibration(): Calibration {
  const questions = Array.from({ length: 16 }, (_, place) => {
    const query = Int8Array.of(place + 1, -place, 4);
    return {
      recordId: adapter,
      tokens: 40,
      tokensRoot: adapter,
      query: `0x${Buffer.from(query.buffer).toString('hex')}` as Hex,
      scores: rows.leaves.map(({ position }) => row(position).reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0)),
    };
  });
  const losses = Array.from({ length: 24 }, (_, run) => {
    const taken = halfSubset(adapter, run, records);
    return questions.map(({ scores }) => 5_000_000 - taken.reduce((sum, at) => sum + (scores[at] ?? 0), 0));
  });
  return { version: 1, adapter, records, k: 3, projectionHash: adapter, epochs: 1, questions, losses };
}

test('scores that order the runs as the losses do have a fidelity of one', () => {
  expect(verifyCalibration(calibration(), rows)).toEqual({ ldsBps: 10_000, lowBps: 9_999, highBps: 10_000 });
});

test('the order of the fields does not change the hash, a loss does', () => {
  const data = calibration();
  const turned = Object.fromEntries(Object.entries(data).reverse()) as Calibration;
  expect(calibrationHash(turned)).toBe(calibrationHash(data));
  const other = { ...data, losses: data.losses.map((run, place) => (place === 3 ? run.map((loss) => loss + 1) : run)) };
  expect(calibrationHash(other)).not.toBe(calibrationHash(data));
});

test('scores that are not the products of query and row are refused where the rows are known', () => {
  const data = calibration();
  const [first, ...others] = data.questions;
  if (!first) throw new Error('no question');
  const wrong = {
    ...data,
    questions: [{ ...first, scores: first.scores.map((score, at) => (at === 5 ? score + 1 : score)) }, ...others],
  };
  expect(() => verifyCalibration(wrong, rows)).toThrow('question 0 does not score');
  expect(verifyCalibration(wrong).ldsBps).toBeLessThanOrEqual(10_000);
  expect(() => verifyCalibration(data, { ...rows, leaves: rows.leaves.slice(1) })).toThrow('the index 15 rows');
});

test.each([
  ['fewer runs than 24', (data: Calibration) => ({ ...data, losses: data.losses.slice(2) })],
  ['half a pair of runs', (data: Calibration) => ({ ...data, losses: [...data.losses, data.losses[0] ?? []] })],
  ['fewer questions than 16', (data: Calibration) => ({ ...data, questions: data.questions.slice(1) })],
  [
    'a run without a loss',
    (data: Calibration) => ({ ...data, losses: data.losses.map((run, at) => (at === 2 ? run.slice(1) : run)) }),
  ],
  [
    'a loss that is no integer',
    (data: Calibration) => ({ ...data, losses: data.losses.map((run) => run.map((loss) => loss + 0.5)) }),
  ],
  ['a score too few', (data: Calibration) => ({ ...data, records: records + 1 })],
  ['another version', (data: Calibration) => ({ ...data, version: 2 })],
  ['a field that is not known', (data: Calibration) => ({ ...data, more: 1 })],
  ['nothing', () => null],
])('%s is refused with what to do', (_, change) => {
  expect(() => verifyCalibration(change(calibration()))).toThrow(/not the data of a calibration.*ask the operator/);
});

test('the number depends on neither the unit nor the zero of the losses', () => {
  const data = calibration();
  const noisy = { ...data, losses: data.losses.map((run, at) => run.map((loss, q) => loss + ((at * 37 + q * 11) % 50))) };
  const scaled = { ...noisy, losses: noisy.losses.map((run) => run.map((loss) => 3 * loss - 7_000)) };
  expect(measureFidelity(scaled)).toEqual(measureFidelity(noisy));
});

test('roots, floors and correlations at their edges', () => {
  for (const value of [0n, 1n, 2n, 3n, 4n, 15n, 16n, 17n, 10n ** 40n, 10n ** 40n - 1n]) {
    const root = squareRoot(value);
    expect(root * root <= value && (root + 1n) * (root + 1n) > value).toBe(true);
  }
  expect([floorDivide(-7n, 2n), floorDivide(7n, 2n), floorDivide(-8n, 2n)]).toEqual([-4n, 3n, -4n]);
  expect([spearman([1, 2, 3], [4, 5, 6]), spearman([1, 2, 3], [6, 5, 4]), spearman([1, 1, 1], [1, 2, 3])]).toEqual([
    1_000_000n,
    -1_000_000n,
    0n,
  ]);
});
