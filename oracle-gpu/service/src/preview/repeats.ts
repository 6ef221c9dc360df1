import { type DuplicateKind, findDuplicates, type ParsedRecords } from '@openledger/sdk';
import { and, asc, eq, inArray, isNotNull } from 'drizzle-orm';
import type { Address, Hex } from 'viem';
import type { Context } from '../context.ts';
import { type Place, placeRecords } from '../datanets/placeRecords.ts';
import type { RecordFiles } from '../datanets/records.ts';
import { contributions } from '../db/schema.ts';

/** What a record of a file repeats: a record of the datanet, whose contributor is paid for both, or an earlier one of the file. */
export type Repeat = { kind: DuplicateKind; similarity: number } & ({ of: Place & { contributor: Address } } | { ofRecord: Hex });

/** Which records of a file repeat what the datanet has, accepted or in review, or each other. */
export async function repeatsOf(
  { db, files }: Pick<Context, 'db'> & { files: RecordFiles },
  datanetId: number,
  { records, recordIds }: ParsedRecords,
): Promise<{ compared: number; repeats: Map<Hex, Repeat> }> {
  const rows = await db
    .select()
    .from(contributions)
    .where(
      and(
        eq(contributions.datanetId, datanetId),
        inArray(contributions.status, ['accepted', 'revealed']),
        isNotNull(contributions.cid),
      ),
    )
    .orderBy(asc(contributions.contributionId));
  const known = await placeRecords(files, rows);
  const start = known.records.length;
  const contributor = new Map(rows.map((row) => [row.contributionId, row.contributor as Address]));
  const repeats = new Map<Hex, Repeat>();
  for (const { index, of, kind, similarity } of findDuplicates([...known.records, ...records])) {
    const recordId = recordIds[index - start];
    if (recordId === undefined) continue; // of the datanet itself
    const place = known.places[of];
    if (place) {
      const owner = contributor.get(place.contributionId) as Address;
      repeats.set(recordId, { kind, similarity, of: { ...place, contributor: owner } });
    } else repeats.set(recordId, { kind, similarity, ofRecord: recordIds[of - start] as Hex });
  }
  return { compared: start, repeats };
}
