import { type Address, type Hex, zeroAddress } from 'viem';
import { type AllocationInput, allocate } from '../allocation/allocate.ts';
import { ceil10k } from '../settlement/fee.ts';
import { type Random, seededRandom } from './random.ts';

const cases = 840;
const open = 10n ** 18n;

/** How a case is made; each comes up in turn. */
export const kinds = [
  'plain',
  'oneRecord',
  'full',
  'ties',
  'zeroScores',
  'oneContributor',
  'dust',
  'tightCap',
  'noPools',
  'clusters',
  'markup',
  'noRecords',
  'bigFee',
  'zeroThreshold',
  'selfDealing',
  'spans',
  'passages',
  'channels',
  'sameClusters',
  'fidelity',
  'fullChannels',
] as const;
export type Kind = (typeof kinds)[number];

export type Cast = { accounts: Address[]; ids: Hex[] };

export function castOf(random: Random): Cast {
  return {
    accounts: [zeroAddress, ...Array.from({ length: 40 }, random.address)],
    ids: Array.from({ length: 64 }, random.bytes32).sort(),
  };
}

function splitOf(random: Random, cast: Cast, kind: Kind): AllocationInput['terms'] {
  const cuts = Array.from({ length: 4 }, () => random.below(10_001)).sort((a, b) => a - b) as [number, number, number, number];
  const usual = kind === 'plain' || kind === 'full' || kind === 'tightCap';
  const account = (): Address => (random.below(2) === 0 ? zeroAddress : random.pick(cast.accounts));
  return {
    operatorBps: usual ? 3_000 : cuts[0],
    developerBps: usual ? 2_000 : cuts[1] - cuts[0],
    parentsBps: usual ? 0 : cuts[2] - cuts[1],
    backersBps: usual ? 0 : cuts[3] - cuts[2],
    contributorsBps: usual ? 5_000 : 10_000 - cuts[3],
    parents: account(),
    backers: account(),
  };
}

function recordsOf(random: Random, cast: Cast, kind: Kind, nullThreshold: number): AllocationInput['evidence']['records'] {
  const counts: Partial<Record<Kind, number>> = {
    oneRecord: 1,
    full: 32,
    fullChannels: 32,
    noRecords: 0,
    passages: random.below(3),
  };
  const count = counts[kind] ?? 1 + random.below(9);
  const people = cast.accounts.slice(1, kind === 'selfDealing' ? 3 : 9);
  const only = random.pick(people);
  const tied = nullThreshold + 1 + random.below(1_000);
  const taken = new Set<Hex>();
  const records = Array.from({ length: count }, () => {
    let recordId = random.pick(cast.ids);
    while (taken.has(recordId)) recordId = random.pick(cast.ids);
    taken.add(recordId);
    let score = nullThreshold + random.below(2_000_000) - 1_000;
    if (kind === 'ties') score = random.below(4) === 0 ? nullThreshold + 1 + random.below(50) : tied;
    if (kind === 'zeroScores') score = random.below(2) === 0 ? nullThreshold : nullThreshold - random.below(100);
    const cluster = kind === 'clusters' ? (cast.ids[random.below(4)] as Hex) : recordId;
    const first = random.below(2_000) - 1_000;
    return {
      releaseHash: cast.ids[0] as Hex,
      position: 0,
      recordId,
      cluster,
      contributor: kind === 'oneContributor' ? only : random.pick(people),
      reviewer: random.below(8) === 0 ? zeroAddress : random.pick(cast.accounts.slice(1, 5)),
      datanetId: 1,
      rowRoot: cast.ids[0] as Hex,
      partials: [first, score - first],
    };
  });
  const score = ({ partials }: { partials: number[] }): number => partials.reduce((sum, part) => sum + part, 0);
  return records.sort((a, b) => score(b) - score(a) || (a.recordId < b.recordId ? -1 : 1));
}

const mostOf: Partial<Record<Kind, { spans: number; passages: number }>> = {
  full: { spans: 2, passages: 0 },
  dust: { spans: 3, passages: 3 },
  tightCap: { spans: 2, passages: 2 },
  spans: { spans: 8, passages: 0 },
  passages: { spans: 0, passages: 8 },
  channels: { spans: 4, passages: 4 },
  sameClusters: { spans: 5, passages: 5 },
  selfDealing: { spans: 2, passages: 2 },
  fullChannels: { spans: 8, passages: 8 },
};

/** Spans and passages beside the records; some of the records' own clusters. `completionTokens`: of the answer that has them. */
function channelsOf(random: Random, cast: Cast, kind: Kind) {
  const most = mostOf[kind] ?? { spans: 0, passages: 0 };
  const isFull = kind === 'fullChannels';
  const count = (limit: number): number => (isFull ? limit : random.below(limit + 1));
  const people = cast.accounts.slice(1, kind === 'selfDealing' ? 3 : 9);
  const mention = () => {
    const recordId = kind === 'sameClusters' ? (cast.ids[random.below(5)] as Hex) : random.pick(cast.ids);
    const cluster = kind === 'sameClusters' ? (cast.ids[random.below(3)] as Hex) : recordId;
    return { datanetId: 1, recordId, cluster, contributor: random.pick(people) };
  };
  let end = 0;
  const spans = Array.from({ length: count(most.spans) }, () => {
    const start = end + random.below(20);
    const tokens = 8 + random.below(60);
    end = start + tokens;
    const sources = Array.from({ length: isFull ? random.pick([1, 8]) : 1 + random.below(random.pick([1, 3, 8])) }, () => ({
      ...{ releaseHash: cast.ids[0] as Hex, position: 0, offset: random.below(100) },
      ...mention(),
    }));
    return { start, length: tokens, sources };
  });
  let left = 10_000;
  const passages = Array.from({ length: count(most.passages) }, () => {
    const support = random.below(5) === 0 ? 0 : random.below(left + 1);
    left -= support;
    return { version: 1, ...mention(), support };
  });
  return { spans, passages, completionTokens: end + random.pick([0, 1, random.below(300)]) };
}

export function inputOf(random: Random, cast: Cast, kind: Kind): AllocationInput {
  const nullThreshold = kind === 'zeroThreshold' ? -random.below(50) : 1 + random.below(500_000);
  let base = ceil10k(random.upTo(open));
  if (kind === 'dust') base = 10_000n * BigInt(1 + random.below(3));
  if (kind === 'bigFee') base = ceil10k(random.upTo(1_000_000n * open));
  const withApp = kind === 'markup';
  const datanets = kind === 'noPools' ? 0 : 1 + random.below(3);
  const reputation: Record<string, number> = {};
  for (const account of cast.accounts.slice(1, 9)) if (random.below(3) === 0) reputation[account] = 5_000 + random.below(5_001);
  const selfDealer = cast.accounts[1] as Address;
  const records = recordsOf(random, cast, kind, nullThreshold);
  const { completionTokens, ...channels } = channelsOf(random, cast, kind);
  const verbatimBps = random.pick([2_000, 2_000, 0, random.below(4_001)]);
  return {
    base,
    markup: withApp ? ceil10k((base * BigInt(1 + random.below(3_000))) / 10_000n) : 0n,
    terms: splitOf(random, cast, kind),
    operator: kind === 'selfDealing' ? selfDealer : (cast.accounts[20] as Address),
    developer: kind === 'selfDealing' ? selfDealer : (cast.accounts[21] as Address),
    payer: kind === 'selfDealing' ? selfDealer : random.pick(cast.accounts.slice(22, 26)),
    app: withApp ? (cast.accounts[27] as Address) : zeroAddress,
    policy: {
      protocolFeeBps: random.pick([0, 500, 1_000, 10_000, random.below(10_001)]),
      burnBps: random.pick([0, 5_000, 10_000, random.below(10_001)]),
      contributorCapBps: kind === 'tightCap' ? random.below(3_000) : random.pick([10_000, 5_000, 8_000]),
      verbatimBps,
      retrievalBps: random.pick([3_000, 3_000, 10_000 - verbatimBps, random.below(5_001)]),
      fidelityFloorBps: random.pick([5_000, 5_000, 10_000, 1_000 + random.below(9_001)]),
    },
    evidence: { nullThreshold, records, ...channels },
    completionTokens,
    fidelityBps: fidelityOf(random, kind),
    reputation,
    pools: Array.from({ length: datanets }, (_, index) => ({
      datanetId: index + 1,
      pool: cast.accounts[30 + index] as Address,
      size: random.below(12) === 0 ? 0 : random.pick([1, 7, 100, 100, 20_000]),
    })),
    dayIndex: random.pick([0, 1, 364, 365, 366, random.below(4_000)]),
  };
}

/** Often not measured; else around the floor, and where it makes no difference any more. */
function fidelityOf(random: Random, kind: Kind): number | undefined {
  if (kind !== 'fidelity' && random.below(2) === 0) return undefined;
  return random.pick([0, 2_499, 2_500, 4_999, 5_000, 10_000, random.below(10_001), random.below(5_001)]);
}

/** The tables of allocation.json, filled case by case. Format: generate.ts. */
export function allocationTables(cast: Cast) {
  const who = (account: Address): number => cast.accounts.indexOf(account);
  const which = (id: Hex): number => cast.ids.indexOf(id);
  const call = column(
    'kind',
    'base',
    'markup',
    'operatorBps',
    'developerBps',
    'parentsBps',
    'backersBps',
    'contributorsBps',
    'parents',
    'backers',
    'operator',
    'developer',
    'payer',
    'app',
    'protocolFeeBps',
    'burnBps',
    'contributorCapBps',
    'verbatimBps',
    'retrievalBps',
    'fidelityFloorBps',
    'fidelityBps',
    'completionTokens',
    'nullThreshold',
    'dayIndex',
    'protocolFee',
    'burned',
    'firstRecord',
    'firstSpan',
    'firstPassage',
    'firstReputation',
    'firstPool',
    'firstAllocation',
  );
  const record = column('recordId', 'cluster', 'contributor', 'reviewer', 'score');
  const span = column('start', 'length', 'firstSource');
  const source = column('recordId', 'cluster', 'contributor');
  const passage = column('recordId', 'cluster', 'contributor', 'support');
  const reputation = column('account', 'bps');
  const pool = column('datanetId', 'account', 'size');
  const allocation = column('account', 'amount', 'weight');

  return {
    cases: (): number => call.length(),
    push: (kind: string, input: AllocationInput): void => {
      const result = allocate(input);
      const { terms, policy, evidence } = input;
      call.push({
        kind,
        base: input.base.toString(),
        markup: input.markup.toString(),
        ...terms,
        parents: who(terms.parents),
        backers: who(terms.backers),
        operator: who(input.operator),
        developer: who(input.developer),
        payer: who(input.payer),
        app: who(input.app),
        ...policy,
        fidelityBps: input.fidelityBps ?? 0, // not measured is as good as none
        completionTokens: input.completionTokens,
        nullThreshold: evidence.nullThreshold,
        dayIndex: input.dayIndex,
        protocolFee: result.protocolFee.toString(),
        burned: result.burned.toString(),
        firstRecord: record.length(),
        firstSpan: span.length(),
        firstPassage: passage.length(),
        firstReputation: reputation.length(),
        firstPool: pool.length(),
        firstAllocation: allocation.length(),
      });
      for (const { recordId, cluster, contributor, reviewer, partials } of evidence.records) {
        const score = partials.reduce((sum, part) => sum + part, 0);
        record.push({
          recordId: which(recordId),
          cluster: which(cluster),
          contributor: who(contributor),
          reviewer: who(reviewer),
          score,
        });
      }
      const mention = (one: { recordId: Hex; cluster: Hex; contributor: Address }) => ({
        recordId: which(one.recordId),
        cluster: which(one.cluster),
        contributor: who(one.contributor),
      });
      for (const { start, length, sources } of evidence.spans) {
        span.push({ start, length, firstSource: source.length() });
        for (const one of sources) source.push(mention(one));
      }
      for (const one of evidence.passages) passage.push({ ...mention(one), support: one.support });
      for (const [account, value] of Object.entries(input.reputation))
        reputation.push({ account: who(account as Address), bps: value });
      for (const { datanetId, pool: account, size } of input.pools) pool.push({ datanetId, account: who(account), size });
      for (const { account, amount, weight } of result.allocations) {
        allocation.push({ account: who(account), amount: amount.toString(), weight: weight.toString() });
      }
    },
    values: () => ({
      accounts: cast.accounts,
      ids: cast.ids,
      calls: call.values,
      records: record.values,
      spans: span.values,
      sources: source.values,
      passages: passage.values,
      reputations: reputation.values,
      pools: pool.values,
      allocations: allocation.values,
    }),
  };
}

/** allocation.json: whole allocations from evidence to accounts. Format: generate.ts. */
export function allocationVectors() {
  const random = seededRandom('openledger allocation');
  const cast = castOf(random);
  const tables = allocationTables(cast);
  for (let number = 0; number < cases; number += 1) {
    const kind = kinds[number % kinds.length] as Kind;
    tables.push(kind, inputOf(random, cast, kind));
  }
  return tables.values();
}

/** Rows kept as one array per field. */
export function column<Name extends string>(...names: Name[]) {
  const values = Object.fromEntries(names.map((name) => [name, [] as (string | number)[]])) as Record<Name, (string | number)[]>;
  return {
    values,
    length: (): number => values[names[0] as Name].length,
    push: (row: Record<Name, string | number>): void => {
      for (const name of names) values[name].push(row[name]);
    },
  };
}
