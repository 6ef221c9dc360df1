/** A stretch of a rendered sample; `trained` if the model learns to write it. */
export type Segment = { text: string; trained: boolean };

/** Cuts a rendered sample at the ranges that are trained. Ranges are [start, end) in characters and may touch. */
export function segmentsOf(text: string, ranges: readonly (readonly [number, number])[]): Segment[] {
  const segments: Segment[] = [];
  const push = (part: string, trained: boolean): void => {
    if (part !== '') segments.push({ text: part, trained });
  };
  // The engine counts characters (code points), JavaScript counts UTF-16 units.
  const characters = Array.from(text);
  let at = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    push(characters.slice(at, Math.max(at, start)).join(''), false);
    push(characters.slice(Math.max(at, start), end).join(''), true);
    at = Math.max(at, end);
  }
  push(characters.slice(at).join(''), false);
  return segments;
}
