import { indexLeafSchema, type Release, releaseSchema, uint32Schema } from '@openledger/sdk';
import { z } from 'zod';

const manifestSchema = z.looseObject({ release: releaseSchema, indexCid: z.string() });
const rowSchema = z.object({ ...indexLeafSchema.shape, contributionId: uint32Schema, datanetId: uint32Schema });
const indexSchema = z.looseObject({ rows: z.array(rowSchema) });

/** A row of a release's attribution index, as the index file lists it. */
export type IndexRow = z.infer<typeof rowSchema>;

/** A release's fields and its attribution index from the files that its manifest names; `read` fetches a file by its CID. */
export async function readReleaseFiles(
  manifestCid: string,
  read: (cid: string) => Promise<string>,
): Promise<{ release: Release; rows: IndexRow[] }> {
  const { release, indexCid } = manifestSchema.parse(JSON.parse(await read(manifestCid)));
  const { rows } = indexSchema.parse(JSON.parse(await read(indexCid)));
  return { release, rows };
}
