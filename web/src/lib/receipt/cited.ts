import type { CitedSource, ReceiptBundle } from '@openledger/sdk';
import type { RecordShare } from './shares.ts';

/** A sentence of an answer, in UTF-16 code units, and the numbers of the sources that it rests on: none if unsupported. */
export type Sentence = { start: number; end: number; sources: number[] };

/** The sentences of an answer that was given from sources, in order; none of an answer without. */
export function sentencesOf({ citations = [], unsupported = [] }: Pick<ReceiptBundle, 'citations' | 'unsupported'>): Sentence[] {
  const bare = unsupported.map(([start, end]) => ({ start, end, sources: [] }));
  return [...citations, ...bare].sort((a, b) => a.start - b.start);
}

/** Whether sources were asked for, and nothing in the datanets was relevant enough. */
export function hasAbstained({ trace, evidence }: Pick<ReceiptBundle, 'trace' | 'evidence'>): boolean {
  return Array.isArray(trace.datanets) && evidence.passages.length === 0;
}

/** A source with the record that stands for its cluster among those that are paid, if any is. */
export type ShownSource = { source: CitedSource; record: RecordShare | undefined; isCited: boolean };

/** The sources of an answer by number. */
export function shownSources(bundle: ReceiptBundle, records: readonly RecordShare[]): ShownSource[] {
  const cited = new Set((bundle.citations ?? []).flatMap(({ sources }) => sources));
  return (bundle.sources ?? []).map((source, index) => ({
    source,
    record: records.find(({ cluster }) => cluster === bundle.evidence.passages[index]?.cluster),
    isCited: cited.has(source.n),
  }));
}

/** A link that a browser may follow; contributors may also have given a path. */
export function webLink(link: string): string | undefined {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url.href : undefined;
}
