import { baseSchema, bytes32Schema, estimateSchema, modelListSchema, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';

/** What this app reads beyond the SDK's shapes (docs/interfaces.md). */

const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]).optional();

export const baseCardSchema = baseSchema.extend({
  languages: z.array(z.string()).default([]),
  strengths: texts,
  recommendedFor: texts,
  memoryBytes: z.number().nullish(),
});

export const fullEstimateSchema = estimateSchema.extend({
  sample: z.object({ text: z.string(), trained: z.array(z.tuple([z.number(), z.number()])) }).nullish(),
});

export const servedModelsSchema = modelListSchema.extend({
  data: z.array(
    z.looseObject({
      id: z.string(),
      openledger: z.looseObject({
        modelId: z.int(),
        name: z.string(),
        releaseHash: bytes32Schema,
        termsVersion: z.int(),
        attribution: z.string().optional(),
      }),
    }),
  ),
});

/** The latest public answers, as a list or wrapped in one. */
export const answersSchema = z.union([
  z.array(receiptBundleSchema),
  z.object({ answers: z.array(receiptBundleSchema) }).transform(({ answers }) => answers),
  z.object({ data: z.array(receiptBundleSchema) }).transform(({ data }) => data),
]);

export const uploadedSchema = z.object({ cid: z.string(), bytes: z.number(), count: z.number(), recordsRoot: bytes32Schema });

export type BaseCard = z.infer<typeof baseCardSchema>;
export type Estimate = z.infer<typeof fullEstimateSchema>;
export type ServedModel = z.infer<typeof servedModelsSchema>['data'][number];
export type Uploaded = z.infer<typeof uploadedSchema>;
