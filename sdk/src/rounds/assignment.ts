import { encodeAbiParameters, type Hex } from 'viem';
import { keccak } from '../schema/keccak.ts';

/** Whose answer is the left one: the other release's is the right one. */
export type Side = 'A' | 'B';

/** Which release's answer to a question stands on the left, as the contract computes it (`Ballots.isLeftA`). From 0. */
export function assignmentOf(salt: Hex, question: number): Side {
  const hash = keccak(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [salt, BigInt(question)]));
  return BigInt(hash) % 2n === 0n ? 'A' : 'B';
}

/** What the opening of a round commits to: keccak256(abi.encode(salt)). */
export const assignmentHash = (salt: Hex): Hex => keccak(encodeAbiParameters([{ type: 'bytes32' }], [salt]));
