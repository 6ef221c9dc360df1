import { type AllocationInput, allocate } from '@openledger/sdk';
import { type Address, type Hex, zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { earningsOf } from './earningsOf.ts';

const account = (digit: string): Address => `0x${digit.repeat(40)}`;
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const parties = {
  operator: account('1'),
  developer: account('2'),
  parents: zeroAddress,
  backers: zeroAddress,
  app: account('9'),
};

function record(
  digit: string,
  contributor: Address,
  datanetId: number,
  score: number,
): AllocationInput['evidence']['records'][number] {
  return {
    releaseHash: hash('a'),
    position: 0,
    recordId: hash(digit),
    cluster: hash(digit),
    contributor,
    reviewer: account('5'),
    datanetId,
    rowRoot: hash('b'),
    partials: [score],
  };
}

const input = (contributorCapBps: number): AllocationInput => ({
  base: 1_000_000n,
  markup: 100_000n,
  terms: {
    operatorBps: 3_000,
    developerBps: 2_000,
    parentsBps: 0,
    backersBps: 0,
    contributorsBps: 5_000,
    parents: zeroAddress,
    backers: zeroAddress,
  },
  operator: parties.operator,
  developer: parties.developer,
  payer: account('8'),
  app: parties.app,
  policy: {
    ...{ protocolFeeBps: 1_000, burnBps: 5_000, contributorCapBps },
    ...{ verbatimBps: 2_000, retrievalBps: 3_000, fidelityFloorBps: 5_000 },
  },
  evidence: {
    nullThreshold: 100,
    records: [record('1', account('3'), 1, 900), record('2', account('3'), 2, 500), record('3', account('4'), 2, 300)],
    spans: [],
    passages: [],
  },
  completionTokens: 20,
  reputation: {},
  pools: [
    { datanetId: 1, pool: account('6'), size: 3 },
    { datanetId: 2, pool: account('7'), size: 1 },
  ],
  dayIndex: 0,
});

test.each([10_000, 5_000])('sources sum to the allocation of every account (cap %i)', (cap) => {
  const { allocations, parts } = allocate(input(cap));
  const sources = earningsOf(parts, parties);
  for (const { account: who, amount } of allocations) {
    const sum = sources.filter((source) => source.account === who).reduce((total, source) => total + source.amount, 0n);
    expect(sum).toBe(amount);
  }
  expect(sources.every(({ amount }) => amount > 0n)).toBe(true);
});

test('a contributor to two datanets earns from each', () => {
  const { parts } = allocate(input(10_000));
  const mine = earningsOf(parts, parties).filter((source) => source.account === account('3'));
  expect(mine.map(({ role, datanetId }) => [role, datanetId])).toEqual([
    ['contributor', 1],
    ['contributor', 2],
  ]);
  expect((mine[0]?.amount ?? 0n) > (mine[1]?.amount ?? 0n)).toBe(true);
});
