/** A stretch of a rendered sample; `trained` if the model learns to write it, `read` if it is read at all. */
export type Segment = { text: string; trained: boolean; read: boolean };

/**
 * Cuts a rendered sample at the ranges that are trained. Ranges are [start, end) in characters and may touch. What is
 * from `readTo` on is too long to be read, and so not trained either.
 */
export function segmentsOf(
  text: string,
  ranges: readonly (readonly [number, number])[],
  readTo = Number.POSITIVE_INFINITY,
): Segment[] {
  const segments: Segment[] = [];
  // The engine counts characters (code points), JavaScript counts UTF-16 units.
  const characters = Array.from(text);
  const push = (start: number, end: number, trained: boolean): void => {
    const cut = Math.min(Math.max(start, readTo), end);
    const parts = [
      { text: characters.slice(start, cut).join(''), trained, read: true },
      { text: characters.slice(cut, end).join(''), trained: false, read: false },
    ];
    segments.push(...parts.filter((part) => part.text !== ''));
  };
  let at = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    push(at, Math.max(at, start), false);
    push(Math.max(at, start), Math.max(at, end), true);
    at = Math.max(at, end);
  }
  push(at, characters.length, false);
  return segments;
}
