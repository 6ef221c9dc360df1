import { z } from 'zod';
import { addressSchema, amountSchema, bpsSchema, bytes32Schema, int32Schema, uint32Schema } from '../schema/primitives.ts';

/** One immutable build of a model, as it is hashed. */
export const releaseSchema = z.strictObject({
  baseModel: bytes32Schema,
  adaptersHash: bytes32Schema,
  tokenizerHash: bytes32Schema,
  datanetsHash: bytes32Schema,
  trainingLogRoot: bytes32Schema,
  indexRoot: bytes32Schema,
  indexRows: uint32Schema,
  k: uint32Schema,
  seed: bytes32Schema,
  projectionHash: bytes32Schema,
  nullThreshold: int32Schema,
  parentsHash: bytes32Schema,
  evaluationHash: bytes32Schema,
});

export const adapterSchema = z.strictObject({ adapterId: bytes32Schema, weightBps: bpsSchema });
export const datanetUseSchema = z.strictObject({ datanetId: uint32Schema, version: uint32Schema, root: bytes32Schema });

/** Split of the net fee in bps (sum 10,000) with its accounts, and prices in wei. */
export const termsSchema = z.strictObject({
  operatorBps: bpsSchema,
  developerBps: bpsSchema,
  parentsBps: bpsSchema,
  backersBps: bpsSchema,
  contributorsBps: bpsSchema,
  parents: addressSchema,
  backers: addressSchema,
  promptPrice: amountSchema,
  completionPrice: amountSchema,
  retrievalPrice: amountSchema,
  agentStepPrice: amountSchema,
});

/** One row of a release's attribution index, as it is hashed into tree 6. */
export const indexLeafSchema = z.strictObject({
  position: uint32Schema,
  recordId: bytes32Schema,
  contributor: addressSchema,
  cluster: bytes32Schema,
  tokensRoot: bytes32Schema,
  scaleBits: uint32Schema,
  rowRoot: bytes32Schema,
});

export type Release = z.infer<typeof releaseSchema>;
export type Adapter = z.infer<typeof adapterSchema>;
export type DatanetUse = z.infer<typeof datanetUseSchema>;
export type Terms = z.infer<typeof termsSchema>;
export type IndexLeaf = z.infer<typeof indexLeafSchema>;
