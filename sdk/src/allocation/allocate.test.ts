import { type Address, type Hex, zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { allocationVectors } from '../vectors/allocationVectors.ts';
import { type AllocationInput, allocate } from './allocate.ts';

const account = (digit: string): Address => `0x${digit.repeat(40)}`;
const id = (digit: string): Hex => `0x${digit.repeat(64)}`;
const [operator, developer, payer, alice, bob, reviewer, pool] = [...'1234567'].map(account) as [
  Address,
  Address,
  Address,
  Address,
  Address,
  Address,
  Address,
];

const record = (
  digit: string,
  contributor: Address,
  score: number,
  cluster = id(digit),
): AllocationInput['evidence']['records'][number] => ({
  releaseHash: id('f'),
  position: 0,
  recordId: id(digit),
  cluster,
  contributor,
  reviewer,
  datanetId: 1,
  rowRoot: id('e'),
  partials: [score],
});

const evidenceOf = (records: AllocationInput['evidence']['records']): AllocationInput['evidence'] => ({
  nullThreshold: 100,
  records,
  spans: [],
  passages: [],
});

const input: AllocationInput = {
  base: 1_000_000n,
  markup: 0n,
  terms: {
    operatorBps: 3_000,
    developerBps: 2_000,
    parentsBps: 0,
    backersBps: 0,
    contributorsBps: 5_000,
    parents: zeroAddress,
    backers: zeroAddress,
  },
  operator,
  developer,
  payer,
  app: zeroAddress,
  policy: {
    ...{ protocolFeeBps: 1_000, burnBps: 5_000, contributorCapBps: 10_000 },
    ...{ verbatimBps: 2_000, retrievalBps: 3_000, fidelityFloorBps: 5_000 },
  },
  evidence: evidenceOf([record('a', alice, 400), record('b', bob, 200)]),
  completionTokens: 100,
  fidelityBps: 5_000, // influence is paid whole
  reputation: {},
  pools: [{ datanetId: 1, pool, size: 10 }],
  dayIndex: 0,
};

const amountOf = (result: ReturnType<typeof allocate>, who: Address): bigint =>
  result.allocations.find((item) => item.account === who)?.amount ?? 0n;
const weightOf = (result: ReturnType<typeof allocate>, who: Address): bigint =>
  result.allocations.find((item) => item.account === who)?.weight ?? 0n;

test('splits by terms, then by excess over the threshold, with the pools competing at the threshold', () => {
  const result = allocate(input);
  expect(result.protocolFee).toBe(100_000n);
  expect(amountOf(result, operator)).toBe(270_000n);
  expect(amountOf(result, developer)).toBe(180_000n);
  expect(amountOf(result, alice)).toBe(270_000n); // 450,000 · 300 / 500
  expect(amountOf(result, bob)).toBe(90_000n);
  expect(amountOf(result, pool)).toBe(90_000n);
});

test('mints 80 % of the votes to contributors and developer, 10 % to the payer, 10 % to the reviewers', () => {
  const result = allocate({ ...input, base: 10_000_000_000n }); // burned 500,000,000: 50,000 votes
  expect(weightOf(result, payer)).toBe(5_000n);
  expect(weightOf(result, reviewer)).toBe(5_000n);
  expect(weightOf(result, alice)).toBe(17_142n); // 40,000 · 2.7 / 6.3
  expect(weightOf(result, developer)).toBe(11_428n);
  expect(weightOf(result, pool)).toBe(0n);
});

test('a second record of a cluster adds nothing', () => {
  const twice = allocate({
    ...input,
    evidence: evidenceOf([record('a', alice, 400), record('c', bob, 390, id('a')), record('b', bob, 200)]),
  });
  expect(twice.allocations).toEqual(allocate(input).allocations);
});

test('a hundred copies earn what one earns', () => {
  const copies = Array.from({ length: 30 }, (_, index) => ({
    ...record('a', alice, 400, id('a')),
    recordId: `0x${index.toString(16).padStart(64, '0')}` as Hex,
  }));
  const result = allocate({ ...input, evidence: evidenceOf([...copies, record('b', bob, 200)]) });
  expect(amountOf(result, alice)).toBe(amountOf(allocate(input), alice));
});

test('what reputation and cap take away goes to the pools', () => {
  const reduced = allocate({ ...input, reputation: { [alice]: 5_000 } });
  expect(amountOf(reduced, alice)).toBe(135_000n);
  expect(amountOf(reduced, pool)).toBe(225_000n);
  const capped = allocate({ ...input, policy: { ...input.policy, contributorCapBps: 1_000 } });
  expect(amountOf(capped, alice)).toBe(45_000n);
  expect(amountOf(capped, bob)).toBe(45_000n);
  expect(amountOf(capped, pool)).toBe(360_000n);
});

test('without evidence the pools get all of it, without pools the developer', () => {
  const none = { ...input, evidence: evidenceOf([]) };
  expect(amountOf(allocate(none), pool)).toBe(450_000n);
  expect(amountOf(allocate({ ...none, pools: [] }), developer)).toBe(630_000n);
});

test('input that cannot be allocated is refused with what to do', () => {
  expect(() => allocate({ ...input, base: 1n })).toThrow(/ceil10k/);
  expect(() => allocate({ ...input, markup: 10_000n })).toThrow(/application/);
  expect(() => allocate({ ...input, terms: { ...input.terms, operatorBps: 0 } })).toThrow(/10,000 bps/);
  expect(() => allocate({ ...input, reputation: { [alice]: 10_001 } })).toThrow(/reputation/);
  const unsorted = [...input.evidence.records].reverse();
  expect(() => allocate({ ...input, evidence: evidenceOf(unsorted) })).toThrow(/falling score/);
});

test('every vector sums exactly to the net fee, increases by account and never mints more than was burned for', () => {
  const { calls, allocations } = allocationVectors();
  calls.base.forEach((base, index) => {
    const fee = BigInt(base) + BigInt(calls.markup[index] ?? 0);
    const from = Number(calls.firstAllocation[index]);
    const to = Number(calls.firstAllocation[index + 1] ?? allocations.amount.length);
    const sum = allocations.amount.slice(from, to).reduce<bigint>((total, amount) => total + BigInt(amount), 0n);
    expect(sum).toBe(fee - BigInt(calls.protocolFee[index] ?? 0));
    const weight = allocations.weight.slice(from, to).reduce<bigint>((total, each) => total + BigInt(each), 0n);
    const day = Number(calls.dayIndex[index]);
    expect(Number(weight)).toBeLessThanOrEqual((Number(calls.burned[index]) / 10_000) * 2 ** (day / 365) * 1.000001 + 1);
  });
});
