import { type Leaf, zeroHash } from './nodes.ts';

/** Adds the first and last leaf of trees 1–3, which let anyone prove that nothing lies before or after. */
export function withSentinels(leaves: readonly Leaf[]): Leaf[] {
  const empty = { data: zeroHash, amount: 0n, weight: 0n };
  return [{ key: 0n, ...empty }, ...leaves, { key: 2n ** 256n - 1n, ...empty }];
}
