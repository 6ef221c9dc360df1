import { words } from './recordText.ts';

/** Words in a shingle. */
export const shingleWords = 5;

/** The set of 5-word runs of a text; a shorter text is one run. */
export function shingles(text: string): Set<string> {
  const list = words(text);
  const count = Math.max(1, list.length - shingleWords + 1);
  return new Set(Array.from({ length: count }, (_, start) => list.slice(start, start + shingleWords).join(' ')));
}

/** Size of the intersection by size of the union. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size > b.size) return jaccard(b, a);
  let shared = 0;
  for (const item of a) if (b.has(item)) shared += 1;
  const union = a.size + b.size - shared;
  return union === 0 ? 1 : shared / union;
}
