import { encodeAbiParameters, type Hex, keccak256 } from 'viem';
import type { Allocation } from './evidence.ts';

const parameters = [
  {
    type: 'tuple[]',
    components: [
      { name: 'account', type: 'address' },
      { name: 'amount', type: 'uint96' },
      { name: 'weight', type: 'uint96' },
    ],
  },
] as const;

/** keccak(abi.encode(Allocation[])), strictly increasing by account. */
export function allocationHash(allocations: readonly Allocation[]): Hex {
  allocations.forEach(({ account }, index) => {
    const previous = allocations[index - 1];
    if (previous && BigInt(previous.account) >= BigInt(account))
      throw new Error('Allocations must strictly increase by account.');
  });
  return keccak256(encodeAbiParameters(parameters, [allocations]));
}
