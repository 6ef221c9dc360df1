import { z } from 'zod';
import { addressSchema } from '../schema/primitives.ts';

/** `deployments/<chainId>.json`: where the contracts are. Contracts by name; governors and timelocks have the kind of decision in theirs. */
export const deploymentSchema = z.looseObject({
  chainId: z.int().positive(),
  startBlock: z.int().min(0),
  deployedAt: z.int().min(0),
  clocks: z.record(z.string(), z.number()).default({}),
  contracts: z.record(z.string(), addressSchema),
});

export type Deployment = z.infer<typeof deploymentSchema>;
