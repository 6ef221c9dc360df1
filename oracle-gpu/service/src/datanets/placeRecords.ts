import type { TrainingRecord } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { contributions } from '../db/schema.ts';
import type { RecordFiles } from './records.ts';

/** Where a record of a datanet stands. */
export type Place = { contributionId: number; recordId: Hex; position: number };

/**
 * The records of these contributions, in their order, and where each stands. A file that is gone or false is passed over:
 * what cannot be read cannot be repeated. But that of `needed` has to be there.
 */
export async function placeRecords(
  files: RecordFiles,
  rows: readonly (typeof contributions.$inferSelect)[],
  needed?: number,
): Promise<{ places: Place[]; records: TrainingRecord[] }> {
  const places: Place[] = [];
  const records: TrainingRecord[] = [];
  for (const row of rows) {
    const file = await files.load(row.cid as string, row.recordsRoot as string).catch((error: unknown) => {
      if (row.contributionId === needed) throw error;
      return undefined;
    });
    for (const [position, record] of (file?.records ?? []).entries()) {
      places.push({ contributionId: row.contributionId, recordId: file?.recordIds[position] as Hex, position });
      records.push(record);
    }
  }
  return { places, records };
}
