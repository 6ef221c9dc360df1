import type { Hex } from 'viem';
import { int8Dot } from '../output/int8.ts';
import type { IndexRows } from '../release/indexRows.ts';
import type { IndexLeaf } from '../release/release.ts';
import { type RecordScore, scoreOf } from './evidence.ts';

/** Most records of an evidence. */
export const mostRecords = 32;

type Scored = { recordId: Hex; score: number };

/** Order of an evidence: by falling score, then by rising recordId. */
const beats = (one: Scored, other: Scored): boolean =>
  one.score > other.score || (one.score === other.score && one.recordId < other.recordId);

/** Positions of the rows that belong in the evidence of a query, best first: above the threshold, one per cluster. */
export function rankRows(query: Int8Array, { leaves, componentsAt }: IndexRows, nullThreshold: number): number[] {
  const seen = new Set<Hex>();
  return leaves
    .map((leaf) => ({ ...leaf, score: int8Dot(query, componentsAt(leaf.position)) }))
    .filter(({ score }) => score > nullThreshold)
    .sort((a, b) => (beats(a, b) ? -1 : 1))
    .filter(({ cluster }) => !seen.has(cluster) && seen.add(cluster))
    .slice(0, mostRecords)
    .map(({ position }) => position);
}

/** Whether a row above the threshold should stand where now another or nothing does: the rule of `proveOmittedRecord`. */
export function belongs(records: readonly RecordScore[], { recordId, cluster }: IndexLeaf, score: number): boolean {
  const beatsListed = (listed: RecordScore): boolean =>
    beats({ recordId, score }, { recordId: listed.recordId, score: scoreOf(listed) });
  const ofCluster = records.find((record) => record.cluster === cluster);
  if (ofCluster) return beatsListed(ofCluster);
  const last = records.at(-1);
  return !last || records.length < mostRecords || beatsListed(last);
}
