import { keccak256, stringToBytes } from 'viem';

/** Numbers by chance, the same ones for the same seed (mulberry32). */
export function seeded(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    /** One of few often, one of many seldom, as use of models and accounts is. */
    skewed: (bound: number): number => Math.floor(bound * next() ** 3),
    chance: (probability: number): boolean => next() < probability,
    of: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item,
  };
}

/** 32 bytes for a name. */
export const hashOf = (name: string) => keccak256(stringToBytes(name));

/** An address for a name; nobody has its key. */
export const addressOf = (name: string) => `0x${hashOf(name).slice(-40)}` as const;
