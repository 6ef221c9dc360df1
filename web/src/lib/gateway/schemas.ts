import { amountSchema, bytes32Schema, type estimateSchema, modelListSchema, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';

/** What this app reads beyond the SDK's shapes (docs/interfaces.md). */

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
        /** Of an agent: most that a run may cost with all inside, wei. */
        limits: z.looseObject({ spend: amountSchema }).optional(),
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

export type Estimate = z.infer<typeof estimateSchema>;
export type ServedModel = z.infer<typeof servedModelsSchema>['data'][number];
export type Uploaded = z.infer<typeof uploadedSchema>;
