import type { Evidence } from '@openledger/sdk';
import { z } from 'zod';
import type { LoadedRelease, ReleaseRow } from '../releases.ts';

type RecordScore = Evidence['records'][number];

/** What evidence says of a row of a release's index: the same in each of its answers, in the order in which it is written. */
export function quotedRow(releaseHash: RecordScore['releaseHash'], row: ReleaseRow): Omit<RecordScore, 'partials'> {
  const { position, recordId, cluster, contributor, reviewer, datanetId, rowRoot } = row;
  return { releaseHash, position, recordId, cluster, contributor, reviewer, datanetId, rowRoot };
}

/**
 * Evidence as JSON, twice: as it travels, and as it is stored, where a record of the release is its place and its scores
 * only. The rest of it is a third of a receipt's bytes, and lies in the release's index already.
 */
export function evidenceTexts(release: LoadedRelease, { records, ...rest }: Evidence): { whole: string; stored: string } {
  const head = `${JSON.stringify(rest).slice(0, -1)},"records":[`;
  const scores = records.map(({ partials }) => `"partials":[${partials.join(',')}]}`);
  const whole = records.map(({ position }, index) => `${release.rowText(position).quoted},${scores[index]}`);
  const places = records.map(({ position }, index) => `{"position":${position},${scores[index]}`);
  return { whole: `${head}${whole.join(',')}]}`, stored: `${head}${places.join(',')}]}` };
}

const placeSchema = z.strictObject({ position: z.int(), partials: z.array(z.int()) });
// Receipts of before places were stored have their records whole.
const recordSchema = z.union([placeSchema, z.looseObject({ position: z.int(), recordId: z.string() })]);
const storedSchema = z.looseObject({ evidence: z.looseObject({ records: z.array(recordSchema) }) });

/** The public part of a stored receipt's bundle with its evidence's records whole, field by field as it was sent. */
export function wholeBundle(release: LoadedRelease, bundle: unknown): z.infer<typeof storedSchema> {
  storedSchema.parse(bundle); // which would give the fields in an order of its own
  const stored = bundle as z.infer<typeof storedSchema>;
  const records = stored.evidence.records.map((record) => {
    if ('recordId' in record) return record;
    const row = release.rows[record.position];
    if (!row) throw new Error(`The release ${release.releaseHash} has no row ${record.position}: restore the database.`);
    return { ...quotedRow(release.releaseHash, row), partials: record.partials };
  });
  return { ...stored, evidence: { ...stored.evidence, records } };
}
