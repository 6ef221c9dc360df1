import { allocateBundle, type Evidence, largestRemainder, type ReceiptBundle, scoreOf, zeroHash } from '@openledger/sdk';
import type { Address, Hex } from 'viem';

/** A record that was not in the release, with what it would have scored on one answer. */
export type Newcomer = { recordId: Hex; cluster: Hex; score: number };

/** Whom newcomers are paid to while they are only imagined: an account of which nobody has a record. */
export const nobody: Address = '0x00000000000000000000000000000000000000e4';

/** Most records that an evidence lists. */
const listed = 32;

/**
 * What newcomers would have been paid by a receipt, had they been rows of its release's index: the receipt's own
 * allocation, computed anew with them in its evidence. One contributor owns them all, so the cap holds for their sum.
 * @returns wei by recordId, of those that get something; the parts of a capped contributor sum exactly to the cap
 */
export function compete(bundle: ReceiptBundle, datanetId: number, newcomers: readonly Newcomer[]): Map<Hex, bigint> {
  const { nullThreshold } = bundle.evidence;
  const above = newcomers.filter(({ score }) => score > nullThreshold);
  const paid = new Map<Hex, bigint>();
  if (above.length === 0) return paid;
  const records = above.map(({ recordId, cluster, score }) => ({
    releaseHash: bundle.composition[0]?.releaseHash ?? zeroHash,
    position: 0,
    recordId,
    cluster,
    contributor: nobody,
    reviewer: nobody,
    datanetId,
    rowRoot: zeroHash,
    partials: [score],
  }));
  const evidence = { ...bundle.evidence, records: best([...bundle.evidence.records, ...records]) };
  const { parts } = allocateBundle({ ...bundle, evidence });
  const amount = parts.contributors.find(({ account }) => account === nobody)?.amount ?? 0n;
  const ours = parts.clusters.filter((cluster) => cluster.contributor === nobody && cluster.paid > 0n);
  if (amount === 0n || ours.length === 0) return paid;
  const shares = largestRemainder(
    amount,
    ours.map((cluster) => cluster.paid),
    (a, b) => a - b,
  );
  ours.forEach(({ recordId }, index) => {
    paid.set(recordId, shares[index] ?? 0n);
  });
  return paid;
}

/** As evidence lists records: by falling score and rising id, one of each cluster, the first 32. */
function best(records: readonly Evidence['records'][number][]): Evidence['records'] {
  const seen = new Set<Hex>();
  return [...records]
    .sort((a, b) => scoreOf(b) - scoreOf(a) || (a.recordId < b.recordId ? -1 : 1))
    .filter(({ cluster }) => !seen.has(cluster) && seen.add(cluster))
    .slice(0, listed);
}
