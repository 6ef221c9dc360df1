import { concatHex, type Hex } from 'viem';
import { keccak, keccakText } from '../schema/keccak.ts';
import { zeroHash } from '../tree/nodes.ts';

/** Last head of the hash chain over a training log's entries (each its canonical JSON, as stored): head(i) = keccak(head(i−1) ‖ keccak(entry i)). */
export function trainingLogRoot(entries: readonly string[]): Hex {
  return entries.reduce<Hex>((head, entry) => keccak(concatHex([head, keccakText(entry)])), zeroHash);
}
