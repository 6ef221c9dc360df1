/** A stretch of an answer; `source` is the index of the record whose wording it shares. */
export type Piece = { text: string; source: number | undefined };

type Word = { text: string; start: number; end: number };

/** Fewest words in a row that count as shared wording. */
const MINIMUM = 3;

function wordsOf(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\p{N}_]+/gu)].map((match) => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/**
 * Marks the wording that an answer shares with its records: runs of at least three equal words, longest first,
 * earlier records before later ones. This is what a reader can see for themselves, not how the money was divided.
 */
export function sharedWording(answer: string, records: readonly string[]): Piece[] {
  const words = wordsOf(answer);
  const owner: (number | undefined)[] = words.map(() => undefined);
  const runs = records.flatMap((record, source) => runsIn(words, wordsOf(record)).map((run) => ({ ...run, source })));
  runs.sort((a, b) => b.length - a.length || a.source - b.source);
  for (const { start, length, source } of runs) {
    const range = owner.slice(start, start + length);
    if (range.every((taken) => taken === undefined)) owner.fill(source, start, start + length);
  }
  return pieces(answer, words, owner);
}

function runsIn(answer: readonly Word[], record: readonly Word[]): { start: number; length: number }[] {
  const positions = new Map<string, number[]>();
  for (const [index, { text }] of record.entries()) positions.set(text, [...(positions.get(text) ?? []), index]);
  const runs: { start: number; length: number }[] = [];
  let start = 0;
  while (start < answer.length) {
    let longest = 0;
    for (const position of positions.get(answer[start]?.text ?? '') ?? []) {
      let length = 1;
      while (answer[start + length] !== undefined && answer[start + length]?.text === record[position + length]?.text)
        length += 1;
      longest = Math.max(longest, length);
    }
    if (longest >= MINIMUM) runs.push({ start, length: longest });
    start += longest >= MINIMUM ? longest : 1;
  }
  return runs;
}

/** Cuts the answer where the owner of its words changes; quotes and brackets stay with the word they touch. */
function pieces(answer: string, words: readonly Word[], owner: readonly (number | undefined)[]): Piece[] {
  const result: Piece[] = [];
  let at = 0;
  let index = 0;
  while (index < words.length) {
    const source = owner[index];
    let last = index;
    while (last + 1 < words.length && owner[last + 1] === source) last += 1;
    const first = words[index];
    const end = words[last];
    if (source !== undefined && first && end) {
      const start = first.start - (/[`"“‘(]*$/.exec(answer.slice(at, first.start))?.[0].length ?? 0);
      const stop = end.end + (/^[`"”’)]*/.exec(answer.slice(end.end))?.[0].length ?? 0);
      if (start > at) result.push({ text: answer.slice(at, start), source: undefined });
      result.push({ text: answer.slice(start, stop), source });
      at = stop;
    }
    index = last + 1;
  }
  if (at < answer.length) result.push({ text: answer.slice(at), source: undefined });
  return result;
}
