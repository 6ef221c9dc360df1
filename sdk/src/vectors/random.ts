import { type Address, concatHex, type Hex, hexToBigInt, keccak256, numberToHex, slice, stringToHex } from 'viem';

/** A deterministic source of numbers: keccak256 of a seed and a counter. */
export type Random = {
  below: (limit: number) => number;
  upTo: (limit: bigint) => bigint;
  bytes32: () => Hex;
  address: () => Address;
  pick: <T>(items: readonly T[]) => T;
};

export function seededRandom(seed: string): Random {
  const start = keccak256(stringToHex(seed));
  let counter = 0;
  const bytes32 = (): Hex => {
    counter += 1;
    return keccak256(concatHex([start, numberToHex(counter, { size: 4 })]));
  };
  const upTo = (limit: bigint): bigint => hexToBigInt(bytes32()) % (limit + 1n);
  const below = (limit: number): number => Number(upTo(BigInt(limit - 1)));
  return {
    below,
    upTo,
    bytes32,
    address: () => slice(bytes32(), 0, 20),
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('Nothing to pick from.');
      return item;
    },
  };
}
