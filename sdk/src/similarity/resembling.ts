import { nearDuplicate } from './findDuplicates.ts';
import { shingles } from './shingles.ts';

/**
 * For each of `texts` whether it is a near-duplicate of any of `others`, whatever it resembles beside. Exact: every text
 * that shares a shingle is counted.
 */
export function resembling(texts: readonly string[], others: readonly string[]): boolean[] {
  const sizes: number[] = [];
  const holders = new Map<string, number[]>();
  for (const [index, other] of others.entries()) {
    const set = shingles(other);
    sizes.push(set.size);
    for (const item of set) holders.set(item, [...(holders.get(item) ?? []), index]);
  }
  return texts.map((text) => {
    const set = shingles(text);
    const shared = new Map<number, number>();
    for (const item of set) for (const index of holders.get(item) ?? []) shared.set(index, (shared.get(index) ?? 0) + 1);
    return [...shared].some(([index, count]) => count / (set.size + (sizes[index] ?? 0) - count) >= nearDuplicate);
  });
}
