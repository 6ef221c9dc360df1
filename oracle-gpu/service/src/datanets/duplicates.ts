import { type DuplicateKind, findDuplicates } from '@openledger/sdk';
import { and, asc, eq, isNotNull, lte } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { contributions } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { type Place, placeRecords } from './placeRecords.ts';
import type { RecordFiles } from './records.ts';

export type Duplicates = {
  contributionId: number;
  compared: number;
  duplicates: { recordId: Hex; position: number; of: Place; similarity: number; kind: DuplicateKind }[];
  share: number;
};

/** Which records of a contribution repeat earlier ones of its datanet (or of itself), however it was decided on those. */
export async function duplicatesOf(
  { db, files }: Pick<Context, 'db'> & { files: RecordFiles },
  contributionId: number,
): Promise<Duplicates> {
  const [own] = await db.select().from(contributions).where(eq(contributions.contributionId, contributionId));
  if (!own) throw new ServiceError(404, 'contribution_not_found', `There is no contribution ${contributionId}.`);
  if (!own.cid)
    throw new ServiceError(404, 'not_revealed', `Contribution ${contributionId} is not revealed yet: wait for its file.`);
  const rows = await db
    .select()
    .from(contributions)
    .where(
      and(
        eq(contributions.datanetId, own.datanetId),
        lte(contributions.contributionId, contributionId),
        isNotNull(contributions.cid),
      ),
    )
    .orderBy(asc(contributions.contributionId));
  const { places, records } = await placeRecords(files, rows, contributionId);
  const start = places.findIndex((place) => place.contributionId === contributionId);
  const duplicates = findDuplicates(records)
    .filter(({ index }) => index >= start)
    .map(({ index, of, kind, similarity }) => {
      const { recordId, position } = places[index] as Place;
      return { recordId, position, of: places[of] as Place, similarity, kind };
    });
  const count = places.length - start;
  return { contributionId, compared: start, duplicates, share: count === 0 ? 0 : duplicates.length / count };
}
