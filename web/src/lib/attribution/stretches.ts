/** A part of a text, in UTF-16 code units. */
export type Range = { start: number; end: number };

/** A piece of an answer that lies in the same phrase, the same verbatim span and the same sentence throughout. */
export type Stretch = {
  text: string;
  segment: number | undefined;
  span: number | undefined;
  sentence: number | undefined;
  /** Whether its sentence ends with it, so that what the sentence cites is said here. */
  endsSentence: boolean;
};

/**
 * Cuts an answer wherever a phrase, a verbatim span or a sentence begins or ends; the stretches together are the answer.
 * Each of the three rises and does not overlap itself; they may reach over each other.
 */
export function stretchesOf(
  answer: string,
  segments: readonly Range[],
  spans: readonly Range[],
  sentences: readonly Range[] = [],
): Stretch[] {
  const borders = [...segments, ...spans, ...sentences].flatMap(({ start, end }) => [start, end]);
  const cuts = [...new Set([0, ...borders, answer.length])].filter((at) => at >= 0 && at <= answer.length).sort((a, b) => a - b);
  const within = (ranges: readonly Range[], at: number): number | undefined => {
    const index = ranges.findIndex(({ start, end }) => start <= at && at < end);
    return index < 0 ? undefined : index;
  };
  return cuts.slice(0, -1).map((start, index) => {
    const sentence = within(sentences, start);
    return {
      text: answer.slice(start, cuts[index + 1]),
      segment: within(segments, start),
      span: within(spans, start),
      sentence,
      endsSentence: sentence !== undefined && sentences[sentence]?.end === cuts[index + 1],
    };
  });
}

/** Of spans in tokens, the same in characters; those beyond the known tokens are left out. */
export function rangesOf(spans: readonly { start: number; length: number }[], tokenEnds: readonly number[]): Range[] {
  return spans.flatMap(({ start, length }) => {
    const [from, to] = [start === 0 ? 0 : tokenEnds[start - 1], tokenEnds[start + length - 1]];
    return from === undefined || to === undefined || to <= from ? [] : [{ start: from, end: to }];
  });
}
