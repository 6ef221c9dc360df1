import { addressSchema, amountSchema, bytes32Schema, hexSchema, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';

/** Shapes of docs/interfaces.md, read leniently: fields this app does not use are not required. */

export const infoSchema = z.looseObject({
  operator: addressSchema,
  signer: addressSchema,
  chainId: z.number(),
  feeVersion: z.number(),
  protocolFeeBps: z.number(),
  limits: z.looseObject({
    fileBytes: z.number(),
    records: z.number(),
    recordBytes: z.number(),
    maxTokens: z.number(),
    contextLength: z.number().nullish(),
  }),
});

export const baseSchema = z.looseObject({
  id: bytes32Schema,
  name: z.string(),
  family: z.string().optional(),
  licence: z.string().optional(),
  parameters: z.number().optional(),
  contextLength: z.number().optional(),
  languages: z.array(z.string()).default([]),
  strengths: z.union([z.string(), z.array(z.string())]).optional(),
  recommendedFor: z.union([z.string(), z.array(z.string())]).optional(),
  memoryBytes: z.number().nullish(),
});

export const uploadSchema = z.looseObject({
  cid: z.string(),
  bytes: z.number(),
  count: z.number().optional(),
  recordsRoot: bytes32Schema.optional(),
});

export const duplicatesSchema = z.looseObject({
  contributionId: z.coerce.number(),
  compared: z.number(),
  share: z.number(),
  duplicates: z.array(
    z.looseObject({
      recordId: bytes32Schema,
      position: z.number(),
      of: z.looseObject({ contributionId: z.coerce.number(), recordId: bytes32Schema, position: z.number() }),
      similarity: z.number(),
      kind: z.enum(['exact', 'whitespace', 'near']),
    }),
  ),
});

export const sessionSchema = z.looseObject({ channel: bytes32Schema, ceiling: amountSchema, expiry: z.number(), sequence: z.number(), collected: amountSchema });

export const sessionStateSchema = z.looseObject({
  payer: addressSchema,
  channel: bytes32Schema,
  ceiling: amountSchema,
  spent: amountSchema,
  sequence: z.number(),
  expiry: z.number(),
});

export const servedModelSchema = z.looseObject({
  id: z.string(),
  openledger: z.looseObject({
    modelId: z.coerce.number(),
    name: z.string(),
    developer: addressSchema,
    releaseHash: bytes32Schema,
    termsVersion: z.number(),
    prices: z.record(z.string(), z.coerce.bigint()).optional(),
    fidelity: z.unknown().optional(),
  }),
});

export const servedModelsSchema = z.looseObject({ data: z.array(servedModelSchema) });

const sampleSchema = z.looseObject({ text: z.string(), trained: z.array(z.tuple([z.number(), z.number()])) });

export const estimateSchema = z.looseObject({
  seconds: z.number(),
  steps: z.number(),
  trainTokens: z.number(),
  records: z.number(),
  memoryBytes: z.number().optional(),
  price: amountSchema,
  sample: sampleSchema.nullish(),
});

export const gatewayJobSchema = z.looseObject({
  jobId: z.coerce.number(),
  status: z.string(),
  error: z.unknown().optional(),
  hint: z.string().nullish(),
});

const claimSchema = z.looseObject({
  operator: addressSchema,
  rewards: z.looseObject({ root: bytes32Schema, count: z.number(), amount: amountSchema, weight: amountSchema }),
  account: addressSchema,
  amount: amountSchema,
  weight: amountSchema,
  index: z.number(),
  proof: hexSchema,
});

export const rewardsSchema = z.looseObject({
  operator: addressSchema,
  claim: claimSchema.nullable(),
  claimable: z.looseObject({ amount: amountSchema, weight: amountSchema }),
  pending: z.looseObject({ amount: amountSchema, weight: amountSchema, finalAt: z.number().nullish() }).nullish(),
  bySource: z.array(
    z.looseObject({
      datanetId: z.coerce.number().nullish(),
      modelId: z.coerce.number().nullish(),
      role: z.string(),
      amount: amountSchema,
    }),
  ),
});

/** A bundle as it travels, and one of a list: the latest answers carry their text. */
export const answersSchema = z
  .union([z.array(receiptBundleSchema), z.looseObject({ answers: z.array(receiptBundleSchema) }), z.looseObject({ data: z.array(receiptBundleSchema) })])
  .transform((value) => (Array.isArray(value) ? value : 'answers' in value ? value.answers : value.data) as z.infer<typeof receiptBundleSchema>[]);

export type Info = z.infer<typeof infoSchema>;
export type Base = z.infer<typeof baseSchema>;
export type Duplicates = z.infer<typeof duplicatesSchema>;
export type ServedModel = z.infer<typeof servedModelSchema>;
export type Estimate = z.infer<typeof estimateSchema>;
export type Rewards = z.infer<typeof rewardsSchema>;
