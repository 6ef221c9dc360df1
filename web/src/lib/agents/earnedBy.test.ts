import { expect, test } from 'vitest';
import { earnedBy } from './earnedBy.ts';

test('sums by account, exactly, most first, without those who got nothing', () => {
  const most = (2n ** 80n).toString();
  expect(
    earnedBy([
      { address: '0xb', amount: '5' },
      { address: '0xa', amount: most },
      { address: '0xa', amount: '1' },
      { address: '0xc', amount: '0' },
    ]),
  ).toEqual([
    { address: '0xa', amount: 2n ** 80n + 1n },
    { address: '0xb', amount: 5n },
  ]);
  expect(earnedBy([])).toEqual([]);
});
