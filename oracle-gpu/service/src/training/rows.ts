import { componentsPerChunk, openIndexRows, type Release } from '@openledger/sdk';
import { isHex } from 'viem';
import type { GatheredRecord } from '../datanets/gather.ts';
import { ServiceError, sentence } from '../errors.ts';
import { leafOf, type ReleaseRow } from '../releases.ts';

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

/**
 * Throws 422 for an index with rows of several chunks: on chain an operator can be asked what such a row scored, and loses
 * its batch if it does not answer, which this service cannot yet (docs/decisions/0015-data-asked-for-on-chain.md).
 */
export function requireShortRows({ k }: Pick<Release, 'k'>): void {
  if (k > componentsPerChunk)
    throw new ServiceError(
      422,
      'rows_too_long',
      `Rows of ${k} components are more than the ${componentsPerChunk} that this service answers for: train on fewer records.`,
    );
}

/** Throws 422 unless these are the components of the index's rows: nobody could check a score with others. */
export function requireComponents(components: Uint8Array, rows: readonly ReleaseRow[], release: Release): void {
  try {
    openIndexRows(components, rows.map(leafOf), release);
  } catch (error) {
    throw new ServiceError(422, 'wrong_rows', sentence(error));
  }
}
