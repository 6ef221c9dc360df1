import { expect, test } from 'vitest';
import { earnedByKind, totalOf } from './earnedBy.ts';

const account = (digit: string): string => `0x${digit.repeat(40)}`;
const line = (digit: string, amount: bigint) => ({ address: account(digit), amount });

test('everyone who earned is told apart by what the chain says they are, and nobody is left out', () => {
  const earned = [line('a', 50n), line('b', 40n), line('c', 30n), line('d', 20n), line('e', 10n)];
  const found = earnedByKind(earned, {
    operator: [account('B')],
    developer: [account('b'), account('c')],
    parents: [account('0')],
    backers: [],
    pools: [{ id: '1', name: 'Solidity', pool: account('d') }],
  });
  expect(found).toEqual({
    contributors: [line('a', 50n), line('e', 10n)],
    pools: [{ ...line('d', 20n), datanet: { id: '1', name: 'Solidity' } }],
    builders: [
      { ...line('b', 40n), roles: ['operator', 'developer'] },
      { ...line('c', 30n), roles: ['developer'] },
    ],
  });
  expect(totalOf(found.contributors) + totalOf(found.pools) + totalOf(found.builders)).toBe(150n);
});

test('nobody has earned yet', () => {
  const none = { operator: [], developer: [], parents: [], backers: [], pools: [] };
  expect(earnedByKind([], none)).toEqual({ contributors: [], pools: [], builders: [] });
  expect(totalOf([])).toBe(0n);
});
