import { type Address, type Hex, zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { castOf, inputOf, kinds } from '../vectors/allocationVectors.ts';
import { seededRandom } from '../vectors/random.ts';
import { type AllocationInput, type AllocationResult, allocate } from './allocate.ts';
import { influenceFactor } from './channels.ts';

const account = (digit: string): Address => `0x${digit.repeat(40)}`;
const id = (digit: string): Hex => `0x${digit.repeat(64)}`;
const [alice, bob, carol, pool] = ['4', '5', '6', '7'].map(account) as [Address, Address, Address, Address];
const whole = 1_000_000n;

type Evidence = AllocationInput['evidence'];
const named = (digit: string, contributor: Address) => ({
  recordId: id(digit),
  cluster: id(digit),
  contributor,
  datanetId: 1,
});
const source = (digit: string, contributor: Address): Evidence['spans'][number]['sources'][number] => ({
  ...named(digit, contributor),
  ...{ releaseHash: id('f'), position: 0, offset: 0 },
});
const span = (start: number, length: number, ...sources: Evidence['spans'][number]['sources']) => ({ start, length, sources });
const passage = (digit: string, contributor: Address, support: number) => ({ ...named(digit, contributor), version: 1, support });
const record = (digit: string, contributor: Address, score: number): Evidence['records'][number] => ({
  ...named(digit, contributor),
  ...{ releaseHash: id('f'), position: 0, reviewer: zeroAddress, rowRoot: id('e'), partials: [score] },
});

/** All of a price of a million wei is the contributors', and influence is paid whole. */
const input: AllocationInput = {
  base: whole,
  markup: 0n,
  terms: {
    ...{ operatorBps: 0, developerBps: 0, parentsBps: 0, backersBps: 0, contributorsBps: 10_000 },
    ...{ parents: zeroAddress, backers: zeroAddress },
  },
  ...{ operator: account('1'), developer: account('2'), payer: account('3'), app: zeroAddress },
  policy: {
    ...{ protocolFeeBps: 0, burnBps: 0, contributorCapBps: 10_000 },
    ...{ verbatimBps: 2_000, retrievalBps: 3_000, fidelityFloorBps: 5_000 },
  },
  evidence: { nullThreshold: 0, records: [], spans: [], passages: [] },
  completionTokens: 100,
  fidelityBps: 5_000,
  reputation: {},
  pools: [{ datanetId: 1, pool, size: 1 }],
  dayIndex: 0,
};
const given = (evidence: Partial<Evidence>, change: Partial<AllocationInput> = {}): AllocationResult =>
  allocate({ ...input, ...change, evidence: { ...input.evidence, ...evidence } });
const amountOf = ({ allocations }: AllocationResult, who: Address): bigint =>
  allocations.find((item) => item.account === who)?.amount ?? 0n;

test('spans pay by the tokens they cover, each in equal parts to the clusters that contain it', () => {
  const spans = [span(0, 20, source('a', alice), source('b', bob)), span(30, 10, source('a', alice))];
  const result = given({ spans });
  expect(result.parts.channels.verbatim).toBe(60_000n); // 30 of 100 tokens of 2,000 bps
  expect(amountOf(result, alice)).toBe(40_000n); // 10 + 10 of 30
  expect(amountOf(result, bob)).toBe(20_000n);
  expect(amountOf(result, pool)).toBe(whole - 60_000n);
});

test('a second source of a cluster in a span adds nothing, and the cluster is its first source’s', () => {
  const copy = { ...source('a', carol), recordId: id('1') };
  const result = given({ spans: [span(0, 20, source('a', alice), copy, source('b', bob))] });
  expect(result.allocations).toEqual(given({ spans: [span(0, 20, source('a', alice), source('b', bob))] }).allocations);
});

test('passages pay by their support', () => {
  const result = given({ passages: [passage('a', alice, 5_000), passage('b', bob, 2_500), passage('c', carol, 0)] });
  expect(result.parts.channels.retrieval).toBe(225_000n); // 7,500 of 10,000 parts of 3,000 bps
  expect(amountOf(result, alice)).toBe(150_000n);
  expect(amountOf(result, bob)).toBe(75_000n);
  expect(amountOf(result, carol)).toBe(0n);
});

test('influence has what the other channels leave, and a cluster earns in all three', () => {
  const result = given({
    records: [record('a', alice, 300), record('b', bob, 100)],
    spans: [span(0, 50, source('a', alice))],
    passages: [passage('a', alice, 10_000)],
  });
  expect(result.parts.channels).toEqual({ influence: 600_000n, verbatim: 100_000n, retrieval: 300_000n, doubted: 0n });
  expect(amountOf(result, alice)).toBe(850_000n); // 450,000 + 100,000 + 300,000
  expect(amountOf(result, bob)).toBe(150_000n);
  expect(result.parts.clusters[0]?.byChannel).toEqual({ influence: 450_000n, verbatim: 100_000n, retrieval: 300_000n });
});

test('influence pays by the lower bound of the fidelity over one half, between floor and whole', () => {
  expect([undefined, 0, 2_499, 2_500, 3_000, 5_000, 9_000].map((fidelity) => influenceFactor(5_000, fidelity))).toEqual([
    5_000n,
    5_000n,
    5_000n,
    5_000n,
    6_000n,
    10_000n,
    10_000n,
  ]);
  const evidence = { records: [record('a', alice, 300)], spans: [span(0, 100, source('b', bob))] };
  const doubted = given(evidence, { fidelityBps: 3_000 });
  expect(amountOf(doubted, alice)).toBe(480_000n); // 800,000 · 0.6
  expect(amountOf(doubted, bob)).toBe(200_000n); // word for word is not in doubt
  expect(amountOf(doubted, pool)).toBe(320_000n);
  expect(amountOf(given(evidence, { fidelityBps: undefined }), alice)).toBe(400_000n);
});

test('the cap is on what a contributor earns in all channels together', () => {
  const evidence = { records: [record('a', alice, 300)], passages: [passage('c', alice, 10_000)] };
  const capped = given(evidence, { policy: { ...input.policy, contributorCapBps: 4_000 } });
  expect(amountOf(capped, alice)).toBe(400_000n);
  expect(amountOf(capped, pool)).toBe(600_000n);
});

test('evidence that nothing follows from is refused with what is wrong', () => {
  const a = source('a', alice);
  expect(() => given({ spans: [span(0, 10, a), span(9, 10, a)] })).toThrow(/none over another/);
  expect(() => given({ spans: [span(10, 10, a), span(0, 10, a)] })).toThrow(/rising start/);
  expect(() => given({ spans: [span(0, 0, a)] })).toThrow(/not empty/);
  expect(() => given({ spans: [span(91, 10, a)] })).toThrow(/ends at 101/);
  expect(() => given({ spans: [span(0, 10)] })).toThrow(/1 to 8 sources/);
  expect(() => given({ spans: [span(0, 10, ...Array.from({ length: 9 }, () => a))] })).toThrow(/1 to 8 sources/);
  expect(() => given({ spans: [span(0, 10, source('a', zeroAddress))] })).toThrow(/contributor/);
  expect(() => given({ passages: [passage('a', alice, -1)] })).toThrow(/below nothing/);
  expect(() => given({ passages: [passage('a', alice, 9_999), passage('b', bob, 2)] })).toThrow(/explain 10001/);
  expect(() => given({ passages: [passage('a', zeroAddress, 1)] })).toThrow(/contributor/);
});

// ── Properties, over evidence of every kind ─────────────────────────────────────────────────────────────────────────

const random = seededRandom('channels');
const cast = castOf(random);
const cases = Array.from({ length: 400 }, (_, number) => inputOf(random, cast, kinds[number % kinds.length] ?? 'plain'));

test('everything is given out to the wei, by channels and by clusters', () => {
  for (const one of cases) {
    const { allocations, protocolFee, parts } = allocate(one);
    expect(allocations.reduce((sum, { amount }) => sum + amount, protocolFee)).toBe(one.base + one.markup);
    const { influence, verbatim, retrieval, doubted } = parts.channels;
    const won = (channel: 'influence' | 'verbatim' | 'retrieval') =>
      parts.clusters.reduce((sum, { byChannel }) => sum + byChannel[channel], 0n);
    expect(won('influence')).toBeLessThanOrEqual(influence);
    expect(won('verbatim')).toBe(verbatim);
    expect(won('retrieval')).toBe(retrieval);
    for (const part of [influence, verbatim, retrieval, doubted]) expect(part).toBeGreaterThanOrEqual(0n);
  }
});

test('what claims nothing changes nothing and gets nothing', () => {
  const nobody = account('9');
  for (const one of cases) {
    if (one.evidence.records.length >= 32) continue;
    const score = one.evidence.nullThreshold - 5_000;
    const records = [...one.evidence.records, record('0', nobody, score)];
    const passages = [...one.evidence.passages, passage('0', nobody, 0)];
    expect(allocate({ ...one, evidence: { ...one.evidence, records, passages } }).allocations).toEqual(allocate(one).allocations);
  }
});

test('equal claims get equal amounts, up to a wei in each channel', () => {
  for (const one of cases) {
    const { clusters } = allocate(one).parts;
    for (const channel of ['influence', 'verbatim', 'retrieval'] as const) {
      const claim = { influence: 'excess', verbatim: 'quoted', retrieval: 'support' } as const;
      const byClaim = Map.groupBy(clusters, (cluster) => cluster[claim[channel]]);
      for (const alike of byClaim.values()) {
        const won = alike.map(({ byChannel }) => byChannel[channel]).sort((a, b) => (a < b ? -1 : 1));
        expect((won.at(-1) ?? 0n) - (won[0] ?? 0n)).toBeLessThanOrEqual(1n);
      }
    }
  }
});

test('the order in which passages are listed decides nothing', () => {
  for (const one of cases) {
    // Clusters that several mention belong to the first: only where each is mentioned once.
    const { records, spans, passages } = one.evidence;
    const all = [...records, ...spans.flatMap(({ sources }) => sources), ...passages].map(({ cluster }) => cluster);
    if (new Set(all).size !== all.length) continue;
    const turned = { ...one.evidence, passages: passages.toReversed() };
    expect(allocate({ ...one, evidence: turned }).allocations).toEqual(allocate(one).allocations);
  }
});

test('the same evidence gives the same allocation', () => {
  for (const one of cases) expect(allocate(structuredClone(one))).toEqual(allocate(one));
});
