import { z } from 'zod';
import { allocationSchema, evidenceSchema } from '../evidence/evidence.ts';
import { datanetUseSchema, indexLeafSchema, releaseSchema, termsSchema } from '../release/release.ts';
import { citationSchema, sourceSchema, unsupportedSchema } from '../retrieval/source.ts';
import { addressSchema, bytes32Schema, hexSchema, uint32Schema } from '../schema/primitives.ts';
import { batchParametersSchema } from '../settlement/batch.ts';
import { componentSchema } from '../settlement/composition.ts';
import { feePolicySchema } from '../settlement/feePolicy.ts';
import { receiptSchema } from '../settlement/receipt.ts';

/** A chat message as the call carried it. */
export const chatMessageSchema = z.looseObject({ role: z.string() });

/** A row of the release's attribution index with its place in tree 6. */
export const indexProofSchema = z.strictObject({
  recordId: bytes32Schema,
  leaf: indexLeafSchema,
  index: uint32Schema,
  count: uint32Schema,
  proof: hexSchema,
});

/** What decides about the split between the releases of a composition. */
export const composedReleaseSchema = z.strictObject({
  release: releaseSchema,
  datanets: z.array(datanetUseSchema),
  terms: termsSchema,
  developer: addressSchema,
});

/** A receipt with all that opens its hashes; what only the payer may see is absent for others. */
export const receiptBundleSchema = z.object({
  receipt: receiptSchema,
  receiptHash: bytes32Schema,
  signature: hexSchema,
  channel: z.strictObject({ payer: addressSchema, operator: addressSchema, signer: addressSchema }),
  salt: bytes32Schema.optional(),
  messages: z.array(chatMessageSchema).optional(),
  answer: z.string().optional(),
  tokenIds: z.array(uint32Schema).optional(),
  /** Of each token: where in `answer` its text ends, in UTF-16 code units. Not part of what is signed. */
  tokenEnds: z.array(uint32Schema).optional(),
  /** The int8 components that open `evidence.queryRoot`; absent also where nothing was attributed. */
  query: hexSchema.optional(),
  /** Which parts of the answer rest on which sources, and which on none; only where passages were retrieved. */
  citations: z.array(citationSchema).optional(),
  unsupported: unsupportedSchema.optional(),
  composition: z.array(componentSchema).min(1),
  evidence: evidenceSchema,
  /** The passages of the evidence, in its order, with where they are from and their place in the datanet. */
  sources: z.array(sourceSchema).max(8).optional(),
  allocations: z.array(allocationSchema),
  trace: z.record(z.string(), z.json()),
  terms: termsSchema,
  /** Owner of the model at the time of the call. */
  developer: addressSchema,
  fee: feePolicySchema,
  parameters: batchParametersSchema,
  app: z.strictObject({ address: addressSchema, markupBps: z.int().min(0).max(0xffff) }),
  dayIndex: uint32Schema,
  indexProofs: z.array(indexProofSchema),
  release: releaseSchema,
  /** Of several releases only: each, in the order of the composition; `release`, `terms` and `developer` are the first's. */
  components: z.array(composedReleaseSchema).optional(),
  records: z.array(
    z.object({
      recordId: bytes32Schema,
      source: z.object({ title: z.string(), path: z.string(), version: z.string(), licence: z.string() }),
      contributionId: uint32Schema,
      contributor: addressSchema,
      datanetId: uint32Schema,
    }),
  ),
  /** `voided`: of a batch that was proven wrong, before its refunds; `held` and `unpaid`: will not be settled, `reason` says why. */
  status: z.enum(['signed', 'settled', 'final', 'voided', 'held', 'unpaid']),
  reason: z.string().optional(),
  batchIndex: uint32Schema.optional(),
});

export type ReceiptBundle = z.infer<typeof receiptBundleSchema>;
