import type { EvaluationItem } from '@openledger/sdk';

/** What was read of a text, and the numbers of the lines that hold no item. */
export type ItemLines = { items: EvaluationItem[]; broken: number[] };

/** Reads items, one a line; empty lines are none. Lines that `read` makes nothing of are counted, not guessed at. */
export function itemLines(text: string, read: (line: string) => EvaluationItem | undefined): ItemLines {
  const items: EvaluationItem[] = [];
  const broken: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const item = read(line);
    if (item) items.push(item);
    else broken.push(index + 1);
  }
  return { items, broken };
}

/** Separates question and expected answer. */
const SEPARATOR = '=>';

/** An item as typed: `question => expected`, split at the last arrow. */
export function itemOfArrow(line: string): EvaluationItem | undefined {
  const at = line.lastIndexOf(SEPARATOR);
  const question = line.slice(0, Math.max(at, 0)).trim();
  const expected = line.slice(at + SEPARATOR.length).trim();
  return at < 0 || question === '' || expected === '' ? undefined : { question, expected };
}
