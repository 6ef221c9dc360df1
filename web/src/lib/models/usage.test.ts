import { expect, test } from 'vitest';
import { earners, totalUsage } from './usage.ts';

test('usage is summed over batches', () => {
  expect(
    totalUsage([
      { callCount: 2, fees: '10' },
      { callCount: 3, fees: '5' },
    ]),
  ).toEqual({ calls: 5, fees: 15n });
  expect(totalUsage([])).toEqual({ calls: 0, fees: 0n });
});

test('earnings of one account in several batches are one line, most first; votes alone are none', () => {
  expect(
    earners([
      { address: '0xAA', amount: '1' },
      { address: '0xbb', amount: '5' },
      { address: '0xaa', amount: '2' },
      { address: '0xcc', amount: '0' },
    ]),
  ).toEqual([
    { address: '0xbb', amount: 5n },
    { address: '0xaa', amount: 3n },
  ]);
});
