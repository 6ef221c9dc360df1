import type { Hex } from 'viem';
import type { Evidence } from './evidence.ts';

/** A row of a release's attribution index that evidence quotes. */
export type QuotedRow = { releaseHash: Hex; position: number; recordId: Hex };

/** The rows of indexes that evidence quotes: its records, then the sources of its spans, each once. */
export function quotedRows({ records, spans }: Pick<Evidence, 'records' | 'spans'>): QuotedRow[] {
  const rows = new Map<string, QuotedRow>();
  for (const { releaseHash, position, recordId } of [...records, ...spans.flatMap(({ sources }) => sources)])
    rows.set(`${releaseHash}:${position}:${recordId}`, { releaseHash, position, recordId });
  return [...rows.values()];
}
