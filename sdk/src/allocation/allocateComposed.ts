import type { Address, Hex } from 'viem';
import type { Allocation } from '../evidence/evidence.ts';
import { type AllocationInput, type AllocationResult, allocate } from './allocate.ts';
import type { PaidEvidence } from './channels.ts';
import { largestRemainder } from './largestRemainder.ts';

/** One release of a composition, with what of it decides who is paid. */
export type ComposedRelease = {
  releaseHash: Hex;
  weightBps: number;
  terms: AllocationInput['terms'];
  developer: Address;
  nullThreshold: number;
  /** Lower bound of its measured fidelity in bps; absent where it was not measured. */
  fidelityBps?: number | undefined;
  /** Ids of its datanets. */
  datanets: readonly number[];
};

/** As for a single release, but for what each release has of its own. `pools`: of all their datanets. */
export type ComposedInput = Omit<AllocationInput, 'terms' | 'developer' | 'evidence' | 'fidelityBps'> & {
  evidence: Omit<PaidEvidence, 'nullThreshold'>;
  releases: readonly ComposedRelease[];
};

const unit = 10_000n;

/**
 * Who is paid what by an answer of several releases (docs/allocation.md): as if each had answered by itself for its
 * weight's share of the price, with its own terms, owner, records, threshold and pools. What an account gets is added up.
 */
export function allocateComposed(input: ComposedInput): AllocationResult {
  const { base, markup, releases, evidence, pools, ...common } = input;
  requireComposition(input);
  const weights = releases.map(({ weightBps }) => weightBps);
  const [bases, markups] = [divideByWeight(base, weights), divideByWeight(markup, weights)];
  const results = releases.map(({ releaseHash, terms, developer, nullThreshold, fidelityBps, datanets }, index) =>
    allocate({
      ...common,
      base: bases[index] ?? 0n,
      markup: markups[index] ?? 0n,
      terms,
      developer,
      evidence: { nullThreshold, ...evidenceOf(releaseHash, evidence) },
      fidelityBps,
      pools: pools.filter(({ datanetId }) => datanets.includes(datanetId)),
    }),
  );
  return results.reduce(add);
}

/** What of the evidence is about a release: its records, the spans that stand in some of its, and all passages. */
function evidenceOf(release: Hex, { records, spans, passages }: ComposedInput['evidence']): ComposedInput['evidence'] {
  const own = spans.map((span) => ({ ...span, sources: span.sources.filter(({ releaseHash }) => releaseHash === release) }));
  return {
    records: records.filter(({ releaseHash }) => releaseHash === release),
    spans: own.filter(({ sources }) => sources.length > 0),
    passages,
  };
}

/** Divides wei among releases by weight, each part a multiple of 10,000; units that are missing go to the largest remainders, then to the first. */
export function divideByWeight(amount: bigint, weights: readonly number[]): bigint[] {
  const claims = weights.map(BigInt);
  return largestRemainder(amount / unit, claims, (a, b) => a - b).map((units) => units * unit);
}

function requireComposition({ base, markup, releases, evidence }: ComposedInput): void {
  if (base % unit !== 0n || markup % unit !== 0n)
    throw new Error('Base and markup must be multiples of 10,000 wei: round them up with ceil10k.');
  const sum = releases.reduce((total, { weightBps }) => total + weightBps, 0);
  if (sum !== 10_000) throw new Error(`The weights of a composition must sum to 10,000 bps, these sum to ${sum}.`);
  const order = new Map(releases.map(({ releaseHash }, index) => [releaseHash, index]));
  if (order.size !== releases.length) throw new Error('A composition names each release once.');
  let last = 0;
  for (const { releaseHash } of evidence.records) {
    const index = order.get(releaseHash) ?? -1;
    if (index < last)
      throw new Error('Records of several releases must come release by release, in the order of the composition.');
    last = index;
  }
  for (const { sources } of evidence.spans) {
    if (sources.length === 0 || sources.some(({ releaseHash }) => !order.has(releaseHash)))
      throw new Error('Every span of several releases needs sources, each in a release of the composition.');
  }
}

function add(a: AllocationResult, b: AllocationResult): AllocationResult {
  const accounts = new Map<Address, Allocation>();
  for (const { account, amount, weight } of [...a.allocations, ...b.allocations]) {
    const before = accounts.get(account);
    accounts.set(account, { account, amount: (before?.amount ?? 0n) + amount, weight: (before?.weight ?? 0n) + weight });
  }
  const sum = (name: 'operator' | 'developer' | 'parents' | 'backers' | 'app'): bigint => a.parts[name] + b.parts[name];
  return {
    protocolFee: a.protocolFee + b.protocolFee,
    burned: a.burned + b.burned,
    allocations: [...accounts.values()].sort((one, other) => (one.account < other.account ? -1 : 1)),
    parts: {
      operator: sum('operator'),
      developer: sum('developer'),
      parents: sum('parents'),
      backers: sum('backers'),
      app: sum('app'),
      channels: {
        influence: a.parts.channels.influence + b.parts.channels.influence,
        verbatim: a.parts.channels.verbatim + b.parts.channels.verbatim,
        retrieval: a.parts.channels.retrieval + b.parts.channels.retrieval,
        doubted: a.parts.channels.doubted + b.parts.channels.doubted,
      },
      contributors: [...a.parts.contributors, ...b.parts.contributors],
      clusters: [...a.parts.clusters, ...b.parts.clusters],
      pools: [...a.parts.pools, ...b.parts.pools],
    },
  };
}
