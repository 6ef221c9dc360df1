import { bytes32Schema, uint32Schema } from '@openledger/sdk';
import { z } from 'zod';
import { methodSchema, trainingSchema } from '../engine/schemas.ts';

/** The document that a job's `specCid` names, and the body of an estimate. */
export const specSchema = z.object({
  baseModel: bytes32Schema,
  method: methodSchema,
  training: trainingSchema,
  datanets: z
    // `weight`: how much of what is trained on is of this datanet, in relation to the others; none: all records alike.
    .array(z.object({ datanetId: uint32Schema, version: uint32Schema, weight: z.int().min(1).max(10_000).optional() }))
    .min(1)
    .max(32),
  /** What the model is measured on afterwards: items that were told to the operator before. */
  evaluation: z.object({ commitment: bytes32Schema, items: z.int().min(1) }).optional(),
});

export type Spec = z.infer<typeof specSchema>;
