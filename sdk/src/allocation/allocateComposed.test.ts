import type { Address, Hex } from 'viem';
import { expect, test } from 'vitest';
import { castOf, inputOf, kinds } from '../vectors/allocationVectors.ts';
import { seededRandom } from '../vectors/random.ts';
import { allocate } from './allocate.ts';
import { allocateComposed, type ComposedInput, divideByWeight } from './allocateComposed.ts';

const random = seededRandom('allocateComposed');
const cast = castOf(random);
const [first, second] = cast.ids as [Hex, Hex];
const kindAt = (number: number) => kinds[number % kinds.length] ?? 'plain';

/** Two releases that differ in terms, owner, records, threshold and datanets. */
function composedInput(number: number, weights: [number, number]): ComposedInput {
  const common = inputOf(random, cast, kindAt(number));
  const releases = [first, second].map((releaseHash, index) => {
    const { terms, evidence, fidelityBps } = inputOf(random, cast, kindAt(number));
    const records = evidence.records.slice(0, 16).map((record) => ({ ...record, releaseHash }));
    const datanets = common.pools.slice(index).map(({ datanetId }) => datanetId);
    const developer = cast.accounts[10 + index] as Address;
    const { nullThreshold } = evidence;
    return { nullThreshold, records, releaseHash, weightBps: weights[index] ?? 0, terms, developer, datanets, fidelityBps };
  });
  const spans = common.evidence.spans.map((span) => ({
    ...span,
    sources: span.sources.map((source) => ({ ...source, releaseHash: random.pick([first, second]) })),
  }));
  const { passages } = common.evidence;
  return { ...common, releases, evidence: { records: releases.flatMap(({ records }) => records), spans, passages } };
}

test('one release alone is allocated as ever', () => {
  for (let number = 0; number < 60; number += 1) {
    const input = inputOf(random, cast, kindAt(number));
    const records = input.evidence.records.map((record) => ({ ...record, releaseHash: first }));
    const { terms, developer, pools } = input;
    const datanets = pools.map(({ datanetId }) => datanetId);
    const { nullThreshold, spans, passages } = input.evidence;
    const { fidelityBps } = input;
    const releases = [{ releaseHash: first, weightBps: 10_000, terms, developer, nullThreshold, datanets, fidelityBps }];
    expect(allocateComposed({ ...input, releases, evidence: { records, spans, passages } })).toEqual(allocate(input));
  }
});

test('everything is given out, to the wei, and in order of accounts', () => {
  for (let number = 0; number < 200; number += 1) {
    const weight = random.below(10_001);
    const input = composedInput(number, [weight, 10_000 - weight]);
    const { allocations, protocolFee } = allocateComposed(input);
    const sum = allocations.reduce((total, { amount }) => total + amount, 0n);
    expect(sum + protocolFee).toBe(input.base + input.markup);
    expect(protocolFee).toBe(((input.base + input.markup) * BigInt(input.policy.protocolFeeBps)) / 10_000n);
    expect(allocations.map(({ account }) => account)).toEqual([...new Set(allocations.map(({ account }) => account))].sort());
  }
});

test('a release without weight pays nobody, whatever it names', () => {
  for (let number = 0; number < 30; number += 1) {
    const input = composedInput(number, [10_000, 0]);
    const [only] = input.releases;
    if (!only) throw new Error('no release');
    const records = input.evidence.records.filter(({ releaseHash }) => releaseHash === first);
    const spans = input.evidence.spans.flatMap((span) => {
      const sources = span.sources.filter(({ releaseHash }) => releaseHash === first);
      return sources.length > 0 ? [{ ...span, sources }] : [];
    });
    const alone = { ...input, releases: [only], evidence: { ...input.evidence, records, spans } };
    expect(allocateComposed(input).allocations).toEqual(allocateComposed(alone).allocations);
  }
});

test('each release pays its own contributors, owner and pools only', () => {
  const input = composedInput(0, [2_500, 7_500]);
  const base = 1_000_000n;
  const terms = { operatorBps: 3_000, developerBps: 2_000, parentsBps: 0, backersBps: 0, contributorsBps: 5_000 };
  const accounts = { parents: cast.accounts[0] as Address, backers: cast.accounts[0] as Address };
  const [a, b, c] = cast.accounts.slice(30, 33) as [Address, Address, Address];
  const record = (releaseHash: Hex, contributor: Address, score: number) => {
    const [recordId] = [contributor.padEnd(66, '0') as Hex];
    return { ...input.evidence.records[0], releaseHash, recordId, cluster: recordId, contributor, partials: [score] };
  };
  const result = allocateComposed({
    ...input,
    base,
    markup: 0n,
    app: cast.accounts[0] as Address,
    reputation: {},
    policy: { ...input.policy, protocolFeeBps: 1_000, burnBps: 5_000, contributorCapBps: 10_000, fidelityFloorBps: 10_000 },
    pools: [{ datanetId: 1, pool: c, size: 5 }],
    releases: input.releases.map((release, index) => {
      return { ...release, terms: { ...terms, ...accounts }, nullThreshold: 100, datanets: index === 0 ? [1] : [] };
    }),
    evidence: {
      records: [record(first, a, 400), record(second, b, 1_000_100)] as ComposedInput['evidence']['records'],
      spans: [],
      passages: [],
    },
  });
  const amountOf = (account: Address): bigint => result.allocations.find((item) => item.account === account)?.amount ?? 0n;
  expect(amountOf(a)).toBe(84_375n); // 250,000 · 0.9 · 0.5 · 300 / 400
  expect(amountOf(c)).toBe(28_125n); // the rest of it, to the only pool of the first
  expect(amountOf(b)).toBe(337_466n); // 750,000 · 0.9 · 0.5 · 1,000,000 / 1,000,100
  expect(amountOf(input.releases[0]?.developer as Address)).toBe(45_000n);
  expect(amountOf(input.releases[1]?.developer as Address)).toBe(135_034n); // and what the second has no pool for
});

test('a price is divided in units of 10,000 wei, what is missing to the largest remainders, then to the first', () => {
  expect(divideByWeight(30_000n, [5_000, 5_000])).toEqual([20_000n, 10_000n]);
  expect(divideByWeight(30_000n, [1_000, 9_000])).toEqual([0n, 30_000n]);
  expect(divideByWeight(10_000n, [3_333, 3_333, 3_334])).toEqual([0n, 0n, 10_000n]);
  expect(divideByWeight(0n, [4_000, 6_000])).toEqual([0n, 0n]);
});

test('what is no composition is refused', () => {
  const input = composedInput(0, [4_000, 6_000]);
  const [one, other] = input.releases;
  if (!one || !other) throw new Error('no releases');
  expect(() => allocateComposed({ ...input, base: 1n })).toThrow('multiples of 10,000');
  expect(() => allocateComposed({ ...input, releases: [one] })).toThrow('sum to 10,000 bps');
  expect(() => allocateComposed({ ...input, releases: [one, { ...one, weightBps: 6_000 }] })).toThrow('each release once');
  const records = input.evidence.records.toReversed();
  expect(() => allocateComposed({ ...input, evidence: { ...input.evidence, records } })).toThrow('release by release');
  const strange = input.evidence.records.map((record) => ({ ...record, releaseHash: cast.ids[9] as Hex }));
  expect(() => allocateComposed({ ...input, evidence: { ...input.evidence, records: strange } })).toThrow('release by release');
});
