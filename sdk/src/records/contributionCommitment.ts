import { type Address, encodeAbiParameters, type Hex } from 'viem';
import { keccak } from '../schema/keccak.ts';

/** Commitment of DatanetRegistry.commit: keccak256(abi.encode(recordsRoot, salt, contributor)). */
export function contributionCommitment(root: Hex, salt: Hex, contributor: Address): Hex {
  return keccak(encodeAbiParameters([{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'address' }], [root, salt, contributor]));
}
