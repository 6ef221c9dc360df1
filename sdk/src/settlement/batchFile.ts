import { z } from 'zod';
import { allocationSchema, evidenceSchema } from '../evidence/evidence.ts';
import { addressSchema, hexSchema, uint32Schema } from '../schema/primitives.ts';
import { batchParametersSchema } from './batch.ts';
import { componentSchema } from './composition.ts';
import { receiptSchema } from './receipt.ts';

/** One settled receipt with what opens it; salts and texts are not in it. */
export const settledReceiptSchema = z.strictObject({
  receipt: receiptSchema,
  signature: hexSchema,
  allocations: z.array(allocationSchema),
  evidence: evidenceSchema,
  composition: z.array(componentSchema).min(1),
  payer: addressSchema,
  signer: addressSchema,
});

/** What a batch's data commitment names on IPFS, with its pages put together. */
export const batchFileSchema = z.object({
  version: z.literal(1),
  operator: addressSchema,
  batchIndex: uint32Schema,
  feeVersion: uint32Schema,
  dayIndex: uint32Schema,
  parameters: batchParametersSchema,
  receipts: z.array(settledReceiptSchema),
  rewards: z.array(allocationSchema),
});

export type SettledReceipt = z.infer<typeof settledReceiptSchema>;
export type BatchFile = z.infer<typeof batchFileSchema>;
