import { bytes32Schema, type Evidence } from '@openledger/sdk';
import { z } from 'zod';
import type { LoadedRelease, ReleaseRow } from '../releases.ts';

type RecordScore = Evidence['records'][number];
type SpanSource = Evidence['spans'][number]['sources'][number];

/** What evidence says of a row of a release's index: the same in each of its answers, in the order in which it is written. */
export function quotedRow(releaseHash: RecordScore['releaseHash'], row: ReleaseRow): Omit<RecordScore, 'partials'> {
  const { position, recordId, cluster, contributor, reviewer, datanetId, rowRoot } = row;
  return { releaseHash, position, recordId, cluster, contributor, reviewer, datanetId, rowRoot };
}

/** What evidence says of a row whose record contains a span of the answer, in the order in which it is written. */
export function quotedSource(releaseHash: SpanSource['releaseHash'], row: ReleaseRow): Omit<SpanSource, 'offset'> {
  const { position, recordId, cluster, contributor, datanetId } = row;
  return { releaseHash, position, recordId, cluster, contributor, datanetId };
}

/**
 * Evidence as JSON, twice: as it travels, and as it is stored, where a record is its place and its scores only, and a
 * span's source its place and where the span begins in it. The rest of both lies in the release's index already. Passages
 * stay whole: what was retrieved need not be of the release.
 */
export function evidenceTexts(release: LoadedRelease, evidence: Evidence): { whole: string; stored: string } {
  const { records, spans, ...rest } = evidence;
  const places = spans.map(({ start, length, sources }) => ({
    ...{ start, length },
    sources: sources.map(({ position, offset }) => ({ position, offset })),
  }));
  const head = JSON.stringify(rest).slice(0, -1);
  const scores = records.map(({ partials }) => `"partials":[${partials.join(',')}]}`);
  const whole = records.map(({ position }, index) => `${release.rowText(position).quoted},${scores[index]}`);
  const stored = records.map(({ position }, index) => `{"position":${position},${scores[index]}`);
  return {
    whole: `${head},"spans":${JSON.stringify(spans)},"records":[${whole.join(',')}]}`,
    stored: `${head},"spans":${JSON.stringify(places)},"records":[${stored.join(',')}]}`,
  };
}

// Receipts of before places were stored have their records and sources whole.
const whole = z.looseObject({ releaseHash: bytes32Schema, position: z.int(), recordId: bytes32Schema });
const recordSchema = z.union([z.strictObject({ position: z.int(), partials: z.array(z.int()) }), whole]);
const sourceSchema = z.union([z.strictObject({ position: z.int(), offset: z.int() }), whole]);
const spanSchema = z.looseObject({ sources: z.array(sourceSchema) });
const storedSchema = z.looseObject({
  evidence: z.looseObject({ records: z.array(recordSchema), spans: z.array(spanSchema) }),
});

/** The public part of a stored receipt's bundle with its evidence whole, field by field as it was sent. */
export function wholeBundle(release: LoadedRelease, bundle: unknown) {
  storedSchema.parse(bundle); // which would give the fields in an order of its own
  const stored = bundle as z.infer<typeof storedSchema>;
  const rowAt = (position: number): ReleaseRow => {
    const row = release.rows[position];
    if (!row) throw new Error(`The release ${release.releaseHash} has no row ${position}: restore the database.`);
    return row;
  };
  const records = stored.evidence.records.map((record) =>
    'recordId' in record ? record : { ...quotedRow(release.releaseHash, rowAt(record.position)), partials: record.partials },
  );
  const spans = stored.evidence.spans.map((span) => ({
    ...span,
    sources: span.sources.map((source) =>
      'recordId' in source ? source : { ...quotedSource(release.releaseHash, rowAt(source.position)), offset: source.offset },
    ),
  }));
  return { ...stored, evidence: { ...stored.evidence, spans, records } };
}
