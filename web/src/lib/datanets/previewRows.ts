import type { FilePreview, TrainingRecord } from '@openledger/sdk';
import { toCsv } from '#lib/settings/csv.ts';

export type Repeats = NonNullable<FilePreview['records'][number]['repeats']>;
/** A record of the file: its place from 1, what it is called, what it repeats, what it would have earned. */
export type PreviewRow = {
  recordId: string;
  line: number;
  title: string;
  repeats: Repeats | null;
  earned: bigint | null;
  /** Place in the file, from 1, of the earlier record that this one repeats. */
  ofLine: number | undefined;
};

/** Rows in the order of the file. */
export function previewRows(found: FilePreview, records: readonly TrainingRecord[]): PreviewRow[] {
  const lines = new Map(found.records.map(({ recordId }, index) => [recordId, index + 1]));
  return found.records.map(({ recordId, repeats, earned }, index) => {
    const record = records[index];
    const asked = record?.messages.findLast(({ role }) => role === 'user')?.content;
    return {
      recordId,
      line: index + 1,
      title: asked ?? record?.source.title ?? '',
      repeats,
      earned,
      ofLine: repeats && 'ofRecord' in repeats ? lines.get(repeats.ofRecord) : undefined,
    };
  });
}

/** The rows for a spreadsheet; amounts in wei, exact. */
export function previewCsv(rows: readonly PreviewRow[]): string {
  const header = ['line', 'recordId', 'question', 'repeats', 'similarity', 'ofContribution', 'ofRecord', 'paidTo', 'earnedWei'];
  return toCsv(
    header,
    rows.map(({ recordId, line, title, repeats, earned, ofLine }) => {
      const of = repeats && 'of' in repeats ? repeats.of : undefined;
      const original = of ? of.recordId : repeats && ofLine !== undefined ? `line ${ofLine}` : '';
      return [
        line,
        recordId,
        title,
        repeats?.kind ?? '',
        repeats?.similarity ?? '',
        of?.contributionId ?? '',
        original,
        of?.contributor ?? '',
        earned ?? '',
      ];
    }),
  );
}
