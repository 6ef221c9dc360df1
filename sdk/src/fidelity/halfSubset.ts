import { concatBytes } from '@noble/hashes/utils.js';
import { type Hex, hexToBytes, numberToBytes, stringToBytes } from 'viem';
import { keccak } from '../schema/keccak.ts';

const tag = stringToBytes('openledger calibration');

/**
 * Positions of the records that a run of a calibration is trained on, rising. Runs 2i and 2i + 1 are complements. Fixed by
 * the adapter, so that nobody can try halves until some please him.
 */
export function halfSubset(adapter: Hex, run: number, records: number): number[] {
  const pair = Math.floor(run / 2);
  const head = concatBytes(tag, hexToBytes(adapter), numberToBytes(pair, { size: 4 }));
  const keyed = Array.from({ length: records }, (_, position) => ({
    position,
    key: keccak(concatBytes(head, numberToBytes(position, { size: 4 }))),
  })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const half = Math.floor(records / 2);
  const taken = run % 2 === 0 ? keyed.slice(0, half) : keyed.slice(half);
  return taken.map(({ position }) => position).sort((a, b) => a - b);
}
