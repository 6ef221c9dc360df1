import type { Hex } from 'viem';
import { bytes32Word } from '../schema/abiWords.ts';
import { keccak } from '../schema/keccak.ts';

/** What a run is bound to before its first step: whose it is, what runs, what was asked (salted), and 32 random bytes. */
export type RunOpening = { channel: Hex; releaseHash: Hex; promptHash: Hex; nonce: Hex };

/**
 * The name of a run, which the receipts of its steps carry as `parentReceipt`: the agent's own receipt is signed last, so
 * they cannot name that. keccak(abi.encode(channel, releaseHash, promptHash, nonce)); all but the nonce stand in that receipt.
 */
export function runHash({ channel, releaseHash, promptHash, nonce }: RunOpening): Hex {
  return keccak(`0x${[channel, releaseHash, promptHash, nonce].map(bytes32Word).join('')}`);
}
