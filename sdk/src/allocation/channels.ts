import { type Address, type Hex, zeroAddress } from 'viem';
import { type Evidence, scoreOf } from '../evidence/evidence.ts';
import type { FeePolicyTerms } from '../settlement/feePolicy.ts';

/** What evidence is made of that is paid: records by influence, spans word for word, passages that were looked up. */
export type PaidEvidence = Pick<Evidence, 'nullThreshold' | 'records' | 'spans' | 'passages'>;

/** What a cluster of records may claim in each channel. */
export type ClusterClaims = {
  cluster: Hex;
  /** Of its first mention in the evidence: records, then spans, then passages. Decides ties. */
  recordId: Hex;
  contributor: Address;
  /** Zero address where no record of the evidence names one. */
  reviewer: Address;
  datanetId: number;
  /** Score of its best record above the null threshold. */
  excess: bigint;
  /** Tokens of the answer, each divided by the clusters that contain it, in parts of 840. */
  quoted: bigint;
  /** Parts per 10,000 of the answer that its passages explain. */
  support: bigint;
};

/** Wei of the contributors' part that each channel has; `doubted` is what the pools get of influence's for want of fidelity. */
export type ChannelParts = { influence: bigint; verbatim: bigint; retrieval: bigint; doubted: bigint };

export const mostSources = 8;
/** Divisible by every number of clusters that a span can have. */
const partsOfToken = 840n;
const whole = 10_000n;
/** Lower bound of a release's fidelity from which influence is paid in full, bps. */
const fullFidelityBps = 5_000n;
const key = (account: Address): Address => account.toLowerCase() as Address;

/** Step 3: what each channel has, by how much of the answer it explains. */
export function channelParts(
  contributorsPart: bigint,
  evidence: Pick<PaidEvidence, 'spans' | 'passages'>,
  completionTokens: number,
  policy: Pick<FeePolicyTerms, 'verbatimBps' | 'retrievalBps' | 'fidelityFloorBps'>,
  fidelityBps: number | undefined,
): ChannelParts {
  const covered = BigInt(evidence.spans.reduce((sum, { length }) => sum + length, 0));
  const supported = BigInt(evidence.passages.reduce((sum, { support }) => sum + support, 0));
  const verbatim =
    covered === 0n ? 0n : (contributorsPart * BigInt(policy.verbatimBps) * covered) / (BigInt(completionTokens) * whole);
  const retrieval = (contributorsPart * BigInt(policy.retrievalBps) * supported) / (whole * whole);
  const rest = contributorsPart - verbatim - retrieval;
  const influence = (rest * influenceFactor(policy.fidelityFloorBps, fidelityBps)) / whole;
  return { influence, verbatim, retrieval, doubted: rest - influence };
}

/** Bps of influence's part that are paid by it: lower bound ÷ .5, between the floor and 1; the floor where nothing was measured. */
export function influenceFactor(fidelityFloorBps: number, fidelityBps = 0): bigint {
  const factor = (BigInt(fidelityBps) * whole) / fullFidelityBps;
  const floor = BigInt(fidelityFloorBps);
  return factor < floor ? floor : factor > whole ? whole : factor;
}

/** The clusters that claim anything, in the order in which the evidence first mentions them. */
export function clusterClaims({ nullThreshold, records, spans, passages }: PaidEvidence): ClusterClaims[] {
  const clusters = new Map<Hex, ClusterClaims>();
  type Mention = Pick<ClusterClaims, 'cluster' | 'recordId' | 'contributor' | 'datanetId'>;
  const claimant = ({ cluster, recordId, contributor, datanetId }: Mention, reviewer: Address = zeroAddress): ClusterClaims => {
    const known = clusters.get(cluster);
    if (known) return known;
    const none = { excess: 0n, quoted: 0n, support: 0n };
    const made = { cluster, recordId, contributor: key(contributor), reviewer: key(reviewer), datanetId, ...none };
    clusters.set(cluster, made);
    return made;
  };
  for (const record of records) {
    const excess = BigInt(scoreOf(record) - nullThreshold);
    if (excess <= 0n) continue;
    const cluster = claimant(record, record.reviewer);
    if (cluster.excess === 0n) cluster.excess = excess; // records come by falling score
  }
  for (const { length, sources } of spans) {
    const distinct = sources.filter(({ cluster }, index) => sources.findIndex((other) => other.cluster === cluster) === index);
    const each = (BigInt(length) * partsOfToken) / BigInt(distinct.length);
    for (const source of distinct) claimant(source).quoted += each;
  }
  for (const passage of passages) if (passage.support > 0) claimant(passage).support += BigInt(passage.support);
  return [...clusters.values()];
}

/** Throws, with what to do, where nothing follows from such spans or passages. */
export function requireChannels({ spans, passages }: Pick<PaidEvidence, 'spans' | 'passages'>, completionTokens: number): void {
  let end = 0;
  for (const { start, length, sources } of spans) {
    if (length === 0 || start < end)
      throw new Error('Spans of the evidence must come by rising start, not empty, none over another.');
    end = start + length;
    if (sources.length === 0 || sources.length > mostSources)
      throw new Error(`A span of the evidence needs 1 to ${mostSources} sources, this one has ${sources.length}.`);
    if (sources.some(({ contributor }) => contributor === zeroAddress))
      throw new Error('Every source of a span needs its contributor.');
  }
  if (end > completionTokens)
    throw new Error(`The answer has ${completionTokens} tokens, but a span of the evidence ends at ${end}.`);
  if (passages.some(({ contributor }) => contributor === zeroAddress))
    throw new Error('Every passage of the evidence needs its contributor.');
  if (passages.some(({ support }) => support < 0)) throw new Error('No passage can have a support below nothing.');
  const supported = passages.reduce((sum, { support }) => sum + support, 0);
  if (supported > Number(whole))
    throw new Error(`The passages must explain at most 10,000 parts of the answer, these explain ${supported}.`);
}
