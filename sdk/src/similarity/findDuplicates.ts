import type { TrainingRecord } from '../records/record.ts';
import { recordId } from '../records/recordId.ts';
import { recordText, withoutWhitespace } from './recordText.ts';
import { jaccard, shingles } from './shingles.ts';

/** From this Jaccard similarity of 5-word shingles on, records are near-duplicates. */
export const nearDuplicate = 0.7;

export type DuplicateKind = 'exact' | 'whitespace' | 'near';

/** Record `index` repeats record `of`, which came earlier. `similarity` is 1 for exact and whitespace. */
export type Duplicate = { index: number; of: number; kind: DuplicateKind; similarity: number };

/**
 * For each record its closest duplicate among the records before it, if any.
 * Exact for every kind: near-duplicates are found by prefix filtering (two sets with Jaccard ≥ t share one of
 * their |x| − ⌈t·|x|⌉ + 1 rarest members), not by sampling.
 */
export function findDuplicates(records: readonly TrainingRecord[]): Duplicate[] {
  const sets = records.map((record) => shingles(recordText(record)));
  const frequency = new Map<string, number>();
  for (const set of sets) for (const item of set) frequency.set(item, (frequency.get(item) ?? 0) + 1);

  const exact = new Map<string, number>();
  const squeezed = new Map<string, number>();
  const rare = new Map<string, number[]>();
  const duplicates: Duplicate[] = [];

  records.forEach((record, index) => {
    const id = recordId(record);
    const text = withoutWhitespace(recordText(record));
    const set = sets[index] as Set<string>;
    const prefix = rarest(set, frequency);
    const same = exact.get(id);
    const spaced = squeezed.get(text);
    if (same !== undefined) {
      duplicates.push({ index, of: same, kind: 'exact', similarity: 1 });
    } else if (spaced !== undefined) {
      duplicates.push({ index, of: spaced, kind: 'whitespace', similarity: 1 });
    } else {
      const near = closest(index, set, prefix, rare, sets);
      if (near) duplicates.push(near);
    }
    if (same === undefined) exact.set(id, index);
    if (spaced === undefined) squeezed.set(text, index);
    for (const item of prefix) {
      const list = rare.get(item);
      if (list) list.push(index);
      else rare.set(item, [index]);
    }
  });
  return duplicates;
}

function rarest(set: ReadonlySet<string>, frequency: ReadonlyMap<string, number>): string[] {
  const ordered = [...set].sort((a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0) || (a < b ? -1 : 1));
  return ordered.slice(0, set.size - Math.ceil(nearDuplicate * set.size) + 1);
}

function closest(
  index: number,
  set: ReadonlySet<string>,
  prefix: readonly string[],
  rare: ReadonlyMap<string, readonly number[]>,
  sets: readonly ReadonlySet<string>[],
): Duplicate | undefined {
  const candidates = new Set(prefix.flatMap((item) => rare.get(item) ?? []));
  let best: Duplicate | undefined;
  for (const of of [...candidates].sort((a, b) => a - b)) {
    const similarity = jaccard(set, sets[of] as ReadonlySet<string>);
    if (similarity >= nearDuplicate && similarity > (best?.similarity ?? 0)) best = { index, of, kind: 'near', similarity };
  }
  return best;
}
