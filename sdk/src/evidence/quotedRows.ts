import type { Hex } from 'viem';

/** A row of a release's attribution index that evidence quotes. */
export type QuotedRow = { releaseHash: Hex; position: number; recordId: Hex };
/** What evidence quotes rows in. */
type Quoting = { records: readonly QuotedRow[]; spans: readonly { sources: readonly QuotedRow[] }[] };

/** The rows of indexes that evidence quotes: its records, then the sources of its spans, each once. */
export function quotedRows({ records, spans }: Quoting): QuotedRow[] {
  const rows = new Map<string, QuotedRow>();
  for (const { releaseHash, position, recordId } of [...records, ...spans.flatMap(({ sources }) => sources)])
    rows.set(`${releaseHash}:${position}:${recordId}`, { releaseHash, position, recordId });
  return [...rows.values()];
}
