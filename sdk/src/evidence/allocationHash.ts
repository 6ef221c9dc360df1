import type { Hex } from 'viem';
import { addressWord, staticArray, tuple, uintWord } from '../schema/abiWords.ts';
import { keccak } from '../schema/keccak.ts';
import type { Allocation } from './evidence.ts';

/** keccak(abi.encode(Allocation[])), strictly increasing by account. */
export function allocationHash(allocations: readonly Allocation[]): Hex {
  allocations.forEach(({ account }, index) => {
    const previous = allocations[index - 1];
    if (previous && previous.account.toLowerCase() >= account.toLowerCase())
      throw new Error('Allocations must strictly increase by account.');
  });
  return hashAllocations(allocations);
}

/** The same of allocations in any order, as a lying operator may sign them. */
export function hashAllocations(allocations: readonly Allocation[]): Hex {
  const words = allocations.map(
    ({ account, amount, weight }) => addressWord(account) + uintWord(amount, 96) + uintWord(weight, 96),
  );
  return keccak(`0x${tuple([], [staticArray(words)])}`);
}
