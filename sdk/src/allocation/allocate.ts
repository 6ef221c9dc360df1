import { type Address, zeroAddress } from 'viem';
import { type Allocation, type Evidence, scoreOf } from '../evidence/evidence.ts';
import type { Terms } from '../release/release.ts';
import type { FeePolicyTerms } from '../settlement/feePolicy.ts';
import {
  type ChannelParts,
  type ClusterClaims,
  channelParts,
  clusterClaims,
  type PaidEvidence,
  requireChannels,
} from './channels.ts';
import { exp2Day } from './inflation.ts';
import { largestRemainder } from './largestRemainder.ts';

/** A datanet's pool: who gets what no record explains, in proportion to `size` (accepted records). */
export type Pool = { datanetId: number; pool: Address; size: number };

export type AllocationInput = {
  /** The model's price and the application's markup in wei, multiples of 10,000; the fee is both. */
  base: bigint;
  markup: bigint;
  terms: Pick<Terms, 'operatorBps' | 'developerBps' | 'parentsBps' | 'backersBps' | 'contributorsBps' | 'parents' | 'backers'>;
  operator: Address;
  developer: Address;
  payer: Address;
  /** Earns the markup; the zero address if the call came through none. */
  app: Address;
  policy: FeePolicyTerms;
  evidence: PaidEvidence;
  /** Tokens of the answer, of which spans cover some. */
  completionTokens: number;
  /** Lower bound of the release's measured fidelity in bps; absent where it was not measured: influence pays at the floor. */
  fidelityBps?: number | undefined;
  /** In bps within [5,000, 10,000] by lower-case address; 10,000 if absent. */
  reputation: Readonly<Record<string, number>>;
  pools: readonly Pool[];
  dayIndex: number;
};

/**
 * What one cluster of records got, before votes: `byChannel` what it won in each, `share` their sum, `paid` after
 * reputation (the cap comes later, per contributor).
 */
export type ClusterShare = ClusterClaims & {
  byChannel: Record<'influence' | 'verbatim' | 'retrieval', bigint>;
  share: bigint;
  paid: bigint;
};

export type AllocationResult = {
  protocolFee: bigint;
  burned: bigint;
  /** Sums exactly to fee − protocolFee. Strictly increasing by account. */
  allocations: Allocation[];
  parts: {
    operator: bigint;
    developer: bigint;
    parents: bigint;
    backers: bigint;
    app: bigint;
    channels: ChannelParts;
    contributors: { account: Address; amount: bigint }[];
    clusters: ClusterShare[];
    pools: (Pool & { amount: bigint })[];
  };
};

const whole = 10_000n;
const bps = (amount: bigint, share: number): bigint => (amount * BigInt(share)) / whole;
const key = (account: Address): Address => account.toLowerCase() as Address;

/** From a receipt's evidence to who is paid what, in integers (docs/allocation.md numbers the steps). */
export function allocate(input: AllocationInput): AllocationResult {
  requireValid(input);
  const { base, markup, terms, policy, dayIndex } = input;

  // 1. The protocol's fee, the application's part, the rest.
  const protocolFee = bps(base + markup, policy.protocolFeeBps);
  const app = markup - bps(markup, policy.protocolFeeBps);
  const net = base - bps(base, policy.protocolFeeBps);

  // 2. Shares of the terms; one without an account is the developer's.
  const operator = bps(net, terms.operatorBps);
  const parentsShare = bps(net, terms.parentsBps);
  const backersShare = bps(net, terms.backersBps);
  const parents = terms.parents === zeroAddress ? 0n : parentsShare;
  const backers = terms.backers === zeroAddress ? 0n : backersShare;
  const developerShare = bps(net, terms.developerBps);
  const contributorsPart = net - operator - developerShare - parentsShare - backersShare;
  let developer = developerShare + (parentsShare - parents) + (backersShare - backers);

  // 3. What each channel has.
  const channels = channelParts(contributorsPart, input.evidence, input.completionTokens, policy, input.fidelityBps);

  // 4. Clusters share each channel, in that of influence beside the pools.
  const clusters = clusterClaims(input.evidence);
  const order = clusters.map(({ recordId }) => recordId);
  const tie = (a: number, b: number): number => comparePoolLast(order[a], order[b]) || a - b;
  const poolExcess = BigInt(Math.max(input.evidence.nullThreshold, 0));
  const divide = (amount: bigint, claims: bigint[]): bigint[] =>
    claims.some((claim) => claim > 0n) ? largestRemainder(amount, claims, tie) : [...clusters.map(() => 0n), amount];
  const influence = divide(channels.influence, [...clusters.map(({ excess }) => excess), poolExcess]);
  const verbatim = divide(
    channels.verbatim,
    clusters.map(({ quoted }) => quoted),
  );
  const retrieval = divide(
    channels.retrieval,
    clusters.map(({ support }) => support),
  );
  let poolsPart = channels.doubted + (influence[clusters.length] ?? 0n);

  // 5. Reputation.
  const paidClusters: ClusterShare[] = clusters.map((cluster, index) => {
    const byChannel = {
      influence: influence[index] ?? 0n,
      verbatim: verbatim[index] ?? 0n,
      retrieval: retrieval[index] ?? 0n,
    };
    const share = byChannel.influence + byChannel.verbatim + byChannel.retrieval;
    const paid = bps(share, input.reputation[key(cluster.contributor)] ?? 10_000);
    poolsPart += share - paid;
    return { ...cluster, byChannel, share, paid };
  });

  // 6. Cap per contributor.
  const cap = bps(contributorsPart, policy.contributorCapBps);
  const contributors = sumBy(
    paidClusters,
    ({ contributor }) => contributor,
    ({ paid }) => paid,
  ).map(({ account, amount }) => {
    const excess = amount > cap ? amount - cap : 0n;
    poolsPart += excess;
    return { account, amount: amount - excess };
  });

  // 7. Pools by size; without any, the developer.
  const pools = dividePools(poolsPart, input.pools);
  if (pools.length === 0) developer += poolsPart;

  // Votes.
  const burned = bps(protocolFee, policy.burnBps);
  const weight = ((burned / whole) * exp2Day(dayIndex)) >> 32n;
  const earned = contributorsPart + developerShare + (parentsShare - parents) + (backersShare - backers);
  const byCreation = (amount: bigint): bigint => (earned === 0n ? 0n : (bps(weight, 8_000) * amount) / earned);
  const reviewed = sumBy(
    paidClusters,
    ({ reviewer }) => reviewer,
    ({ paid }) => paid,
  );
  const reviewedTotal = reviewed.reduce((sum, { amount }) => sum + amount, 0n);

  // 8. Add up by account.
  const ledger = new Map<Address, { amount: bigint; weight: bigint }>();
  const credit = (account: Address, amount: bigint, votes: bigint): void => {
    if (account === zeroAddress) return;
    const entry = ledger.get(key(account)) ?? { amount: 0n, weight: 0n };
    ledger.set(key(account), { amount: entry.amount + amount, weight: entry.weight + votes });
  };
  credit(input.operator, operator, 0n);
  credit(input.developer, developer, byCreation(developer));
  credit(terms.parents, parents, 0n);
  credit(terms.backers, backers, 0n);
  credit(input.app, app, 0n);
  for (const { account, amount } of contributors) credit(account, amount, byCreation(amount));
  for (const { pool, amount } of pools) credit(pool, amount, 0n);
  credit(input.payer, 0n, bps(weight, 1_000));
  for (const { account, amount } of reviewed) {
    credit(account, 0n, reviewedTotal === 0n ? 0n : (bps(weight, 1_000) * amount) / reviewedTotal);
  }
  const allocations = [...ledger]
    .map(([account, entry]) => ({ account, ...entry }))
    .filter(({ amount, weight: votes }) => amount > 0n || votes > 0n)
    .sort((a, b) => (a.account < b.account ? -1 : 1));

  return {
    protocolFee,
    burned,
    allocations,
    parts: { operator, developer, parents, backers, app, channels, contributors, clusters: paidClusters, pools },
  };
}

function requireValid(input: AllocationInput): void {
  const { base, markup, terms, app, developer, operator, evidence, reputation } = input;
  if (base % whole !== 0n || markup % whole !== 0n)
    throw new Error('Base and markup must be multiples of 10,000 wei: round them up with ceil10k.');
  const sum = terms.operatorBps + terms.developerBps + terms.parentsBps + terms.backersBps + terms.contributorsBps;
  if (sum !== 10_000) throw new Error(`The shares of the terms must sum to 10,000 bps, these sum to ${sum}.`);
  if (markup > 0n && app === zeroAddress) throw new Error('A markup needs the application it belongs to.');
  if (developer === zeroAddress || operator === zeroAddress) throw new Error('Operator and developer must be accounts.');
  evidence.records.forEach((record, index) => {
    const previous = evidence.records[index - 1];
    if (previous && compareRecords(previous, record) >= 0)
      throw new Error('Records of the evidence must come by falling score, then by rising record id, each once.');
  });
  if (evidence.records.some(({ contributor }) => contributor === zeroAddress))
    throw new Error('Every record of the evidence needs its contributor.');
  requireChannels(evidence, input.completionTokens);
  for (const [account, value] of Object.entries(reputation)) {
    if (value < 5_000 || value > 10_000) throw new Error(`The reputation of ${account} must lie within 5,000 and 10,000 bps.`);
  }
}

function compareRecords(a: Evidence['records'][number], b: Evidence['records'][number]): number {
  const difference = scoreOf(b) - scoreOf(a);
  if (difference !== 0) return difference;
  return a.recordId < b.recordId ? -1 : a.recordId > b.recordId ? 1 : 0;
}

function comparePoolLast(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a < b ? -1 : 1;
}

function dividePools(amount: bigint, pools: readonly Pool[]): (Pool & { amount: bigint })[] {
  const sized = pools.filter(({ size }) => size > 0);
  if (sized.length === 0) return [];
  const sizes = sized.map(({ size }) => BigInt(size));
  const amounts = largestRemainder(amount, sizes, (a, b) => (sized[a]?.datanetId ?? 0) - (sized[b]?.datanetId ?? 0));
  return sized.map((pool, index) => ({ ...pool, amount: amounts[index] ?? 0n }));
}

/** Sums per account, in order of first appearance; the zero address is passed over. */
function sumBy<T>(
  items: readonly T[],
  account: (item: T) => Address,
  amount: (item: T) => bigint,
): { account: Address; amount: bigint }[] {
  const sums = new Map<Address, bigint>();
  for (const item of items) {
    if (account(item) !== zeroAddress) sums.set(account(item), (sums.get(account(item)) ?? 0n) + amount(item));
  }
  return [...sums].map(([who, sum]) => ({ account: who, amount: sum }));
}
