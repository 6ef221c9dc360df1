import type { Hex } from 'viem';
import { z } from 'zod';
import { bytes32Word, staticArray, tuple, uintWord } from '../schema/abiWords.ts';
import { keccak } from '../schema/keccak.ts';
import { bpsSchema, bytes32Schema, uint32Schema } from '../schema/primitives.ts';

/** One part of what answered a call. */
export const componentSchema = z.strictObject({ releaseHash: bytes32Schema, termsVersion: uint32Schema, weightBps: bpsSchema });

export type Component = z.infer<typeof componentSchema>;

/** Throws unless the weights sum to 10,000. */
export function compositionHash(composition: readonly Component[]): Hex {
  const total = composition.reduce((sum, { weightBps }) => sum + weightBps, 0);
  if (total !== 10_000) throw new Error(`The weights of a composition must sum to 10,000 bps, these sum to ${total}.`);
  const words = composition.map(
    ({ releaseHash, termsVersion, weightBps }) => bytes32Word(releaseHash) + uintWord(termsVersion) + uintWord(weightBps, 16),
  );
  return keccak(`0x${tuple([], [staticArray(words)])}`);
}
