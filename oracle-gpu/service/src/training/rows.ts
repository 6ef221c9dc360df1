import { int8Tree, type Release, treeId } from '@openledger/sdk';
import { isHex } from 'viem';
import type { GatheredRecord } from '../datanets/gather.ts';
import { ServiceError } from '../errors.ts';
import { inTurns } from '../inTurns.ts';
import type { ReleaseRow } from '../releases.ts';

type IndexRow = Pick<ReleaseRow, 'position' | 'recordId' | 'cluster' | 'tokensRoot' | 'scaleBits' | 'rowRoot'>;

/** The rows of an index, by the engine or by the release's file, with what the chain says of each record. Throws 422 when they are not of these records. */
export function rowsOf(indexRows: readonly IndexRow[], records: readonly GatheredRecord[]): ReleaseRow[] {
  const known = new Map(records.map((record) => [record.recordId, record]));
  return indexRows.map(({ position, recordId, cluster, tokensRoot, scaleBits, rowRoot }, index) => {
    const record = known.get(recordId);
    if (!record || record.cluster !== cluster || position !== index || !isHex(rowRoot)) {
      throw new ServiceError(
        422,
        'engine_mismatch',
        `Row ${index} of the index is not a record of these datanets: nothing is released.`,
      );
    }
    const { contributor, reviewer, contributionId, datanetId, source } = record;
    return {
      position,
      recordId,
      contributor,
      reviewer,
      contributionId,
      datanetId,
      cluster,
      tokensRoot,
      scaleBits,
      rowRoot,
      source,
    };
  });
}

/** Throws 422 unless these are the components of the index's rows: nobody could check a score with others. */
export async function requireComponents(
  components: Uint8Array,
  rows: readonly ReleaseRow[],
  { k }: Pick<Release, 'k'>,
): Promise<void> {
  if (components.length !== rows.length * k) throw wrongRows(`${components.length} bytes are not ${rows.length} rows of ${k}`);
  await inTurns(rows, ({ position, rowRoot }) => {
    const row = new Int8Array(components.buffer, components.byteOffset + position * k, k);
    if (int8Tree(treeId.indexRow, row).root !== rowRoot) throw wrongRows(`row ${position} is another`);
  });
}

const wrongRows = (what: string): ServiceError =>
  new ServiceError(422, 'wrong_rows', `The components of index rows are not those that the index commits to: ${what}.`);
