import { z } from 'zod';
import { addressSchema, amountSchema, bytes32Schema, int32Schema, uint32Schema } from '../schema/primitives.ts';

const recordScoreSchema = z.strictObject({
  releaseHash: bytes32Schema,
  position: uint32Schema,
  recordId: bytes32Schema,
  cluster: bytes32Schema,
  contributor: addressSchema,
  reviewer: addressSchema,
  datanetId: uint32Schema,
  rowRoot: bytes32Schema,
  partials: z.array(int32Schema).max(16),
});

const spanSourceSchema = z.strictObject({
  releaseHash: bytes32Schema,
  position: uint32Schema,
  recordId: bytes32Schema,
  cluster: bytes32Schema,
  contributor: addressSchema,
  datanetId: uint32Schema,
  offset: uint32Schema,
});

const spanSchema = z.strictObject({
  start: uint32Schema,
  length: uint32Schema,
  sources: z.array(spanSourceSchema).min(1).max(8),
});

const passageSchema = z.strictObject({
  datanetId: uint32Schema,
  version: uint32Schema,
  recordId: bytes32Schema,
  cluster: bytes32Schema,
  contributor: addressSchema,
  support: int32Schema,
});

const parentShareSchema = z.strictObject({ releaseHash: bytes32Schema, termsVersion: uint32Schema, share: uint32Schema });

/** What a receipt's allocation is computed from. */
export const evidenceSchema = z.strictObject({
  queryRoot: bytes32Schema,
  nullThreshold: int32Schema,
  records: z.array(recordScoreSchema).max(32),
  spans: z.array(spanSchema).max(8),
  passages: z.array(passageSchema).max(8),
  parents: z.array(parentShareSchema).max(8),
});

export const allocationSchema = z.strictObject({ account: addressSchema, amount: amountSchema, weight: amountSchema });

export type Evidence = z.infer<typeof evidenceSchema>;
export type RecordScore = z.infer<typeof recordScoreSchema>;
export type Allocation = z.infer<typeof allocationSchema>;

/** A record's score: the sum of its rows' partial dot products. */
export function scoreOf({ partials }: Pick<RecordScore, 'partials'>): number {
  return partials.reduce((sum, partial) => sum + partial, 0);
}
