import type { Hex } from 'viem';
import type { TrainingRecord } from '../records/record.ts';
import { recordId } from '../records/recordId.ts';
import { findDuplicates } from './findDuplicates.ts';

/**
 * Cluster of each record, in the order given: the record id of the first of its near-duplicates.
 * Pass records in order of commitment: the first owns the cluster and is paid for it.
 */
export function clusterRecords(records: readonly TrainingRecord[]): Hex[] {
  const first = records.map((_, index) => index);
  for (const { index, of } of findDuplicates(records)) first[index] = first[of] as number; // `of` is settled: it came earlier
  return first.map((index) => recordId(records[index] as TrainingRecord));
}
