/** Most phrases of an answer: each costs the engine a backward pass. */
export const mostPhrases = 8;

/** Widths, in letters of a Latin script; one of Chinese or Japanese counts two. */
const shortest = 16;
/** Up to here a phrase is only cut after a sentence or a clause, not after any word. */
const readable = 72;

/** What a cut is worth, in letters by which the halves may differ: sentences first, then clauses, then words. */
const sentenceEnd = 200;
const clauseEnd = 60;

const sentence = /(?:[.!?]["'”’)\]`]*\s|[。！？]["”’」』）]*|\n)$/u;
const clause = /(?:[,;:)]\s|[，、；：）]|\s[–—-]\s)$/u;
const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;
const wordEnd = /^\s|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;

/**
 * Cuts an answer into phrases that a reader would point at, at most eight, only between tokens.
 * @param pieces the text that each token adds
 * @returns after how many tokens each phrase ends, rising; the last one with the answer. Empty for an empty answer.
 */
export function phraseEnds(pieces: readonly string[], most = mostPhrases): number[] {
  if (pieces.length === 0) return [];
  const ends = [pieces.length];
  const starts = offsets(pieces);
  const length = (from: number, to: number): number => (starts[to] ?? 0) - (starts[from] ?? 0);
  const closed = new Set<number>(); // phrases, by their end, that have no good place to cut
  while (ends.length < most) {
    const longest = ends
      .map((end, index) => ({ end, from: ends[index - 1] ?? 0 }))
      .filter(({ end, from }) => !closed.has(end) && length(from, end) >= 2 * shortest)
      .sort((a, b) => length(b.from, b.end) - length(a.from, a.end))[0];
    if (!longest) break;
    const cut = bestCut(pieces, longest.from, longest.end, length);
    if (cut === undefined) closed.add(longest.end);
    else ends.splice(ends.indexOf(longest.end), 0, cut);
  }
  return ends;
}

/** Width before each token, and the whole width last. */
function offsets(pieces: readonly string[]): number[] {
  const starts = [0];
  for (const piece of pieces) starts.push((starts.at(-1) ?? 0) + piece.length + (piece.match(wide)?.length ?? 0));
  return starts;
}

type Length = (from: number, to: number) => number;

function bestCut(pieces: readonly string[], from: number, end: number, length: Length): number | undefined {
  let best: number | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (let cut = from + 1; cut < end; cut += 1) {
    const worth = cutWorth(pieces, cut);
    const [left, right] = [length(from, cut), length(cut, end)];
    if (worth === undefined || Math.min(left, right) < shortest) continue;
    if (worth === 0 && left + right <= readable) continue;
    const value = worth - Math.abs(left - right);
    if (value > most) [best, most] = [cut, value];
  }
  return best;
}

/** Undefined where a word would be cut. */
function cutWorth(pieces: readonly string[], cut: number): number | undefined {
  const before = `${pieces[cut - 2] ?? ''}${pieces[cut - 1] ?? ''}`;
  const after = `${pieces[cut] ?? ''}${pieces[cut + 1] ?? ''}`;
  // A blank often belongs to the token after the mark.
  const joined = /^\s/u.test(after) ? `${before}${after[0]}` : before;
  if (sentence.test(joined)) return sentenceEnd;
  if (clause.test(joined)) return clauseEnd;
  return wordEnd.test(after) || /\s$/u.test(before) || wordEnd.test(before) ? 0 : undefined;
}
