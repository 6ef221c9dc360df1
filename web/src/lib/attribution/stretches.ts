/** A part of a text, in UTF-16 code units. */
export type Range = { start: number; end: number };

/** A piece of an answer that lies in the same phrase and the same verbatim span throughout. */
export type Stretch = { text: string; segment: number | undefined; span: number | undefined };

/**
 * Cuts an answer wherever a phrase or a verbatim span begins or ends; the stretches together are the answer.
 * Segments and spans each rise and do not overlap among themselves; spans may reach over segments.
 */
export function stretchesOf(answer: string, segments: readonly Range[], spans: readonly Range[]): Stretch[] {
  const borders = [...segments, ...spans].flatMap(({ start, end }) => [start, end]);
  const cuts = [...new Set([0, ...borders, answer.length])].filter((at) => at >= 0 && at <= answer.length).sort((a, b) => a - b);
  const within = (ranges: readonly Range[], at: number): number | undefined => {
    const index = ranges.findIndex(({ start, end }) => start <= at && at < end);
    return index < 0 ? undefined : index;
  };
  return cuts.slice(0, -1).map((start, index) => ({
    text: answer.slice(start, cuts[index + 1]),
    segment: within(segments, start),
    span: within(spans, start),
  }));
}

/** Of spans in tokens, the same in characters; those beyond the known tokens are left out. */
export function rangesOf(spans: readonly { start: number; length: number }[], tokenEnds: readonly number[]): Range[] {
  return spans.flatMap(({ start, length }) => {
    const [from, to] = [start === 0 ? 0 : tokenEnds[start - 1], tokenEnds[start + length - 1]];
    return from === undefined || to === undefined || to <= from ? [] : [{ start: from, end: to }];
  });
}
