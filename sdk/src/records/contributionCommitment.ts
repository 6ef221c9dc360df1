import { type Address, encodeAbiParameters, type Hex, keccak256 } from 'viem';

/** Commitment of DatanetRegistry.commit: keccak256(abi.encode(recordsRoot, salt, contributor)). */
export function contributionCommitment(root: Hex, salt: Hex, contributor: Address): Hex {
  return keccak256(
    encodeAbiParameters([{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'address' }], [root, salt, contributor]),
  );
}
