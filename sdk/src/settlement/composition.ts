import { encodeAbiParameters, type Hex, keccak256 } from 'viem';
import { z } from 'zod';
import { bpsSchema, bytes32Schema, uint32Schema } from '../schema/primitives.ts';

/** One part of what answered a call. */
export const componentSchema = z.strictObject({ releaseHash: bytes32Schema, termsVersion: uint32Schema, weightBps: bpsSchema });

export type Component = z.infer<typeof componentSchema>;

const parameters = [
  {
    type: 'tuple[]',
    components: [
      { name: 'releaseHash', type: 'bytes32' },
      { name: 'termsVersion', type: 'uint32' },
      { name: 'weightBps', type: 'uint16' },
    ],
  },
] as const;

/** Throws unless the weights sum to 10,000. */
export function compositionHash(composition: readonly Component[]): Hex {
  const total = composition.reduce((sum, { weightBps }) => sum + weightBps, 0);
  if (total !== 10_000) throw new Error(`The weights of a composition must sum to 10,000 bps, these sum to ${total}.`);
  return keccak256(encodeAbiParameters(parameters, [composition]));
}
