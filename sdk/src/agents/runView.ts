import { z } from 'zod';
import { receiptBundleSchema } from '../gateway/receiptBundle.ts';
import { amountSchema, bytes32Schema } from '../schema/primitives.ts';

const kind = z.enum(['model', 'retrieve', 'tool', 'agent']);

/** What a stream tells of an agent's step, in the field `step` of a chunk without choices. */
export const stepEventSchema = z.looseObject({
  step: z.int(),
  kind,
  name: z.string(),
  status: z.enum(['started', 'done']),
  /** Whose step it is; `depth` 0: of the agent that was asked. */
  agent: z.string(),
  depth: z.int(),
  input: z.json(),
  output: z.string().optional(),
  /** Why a tool gave nothing, where the run went on without. */
  error: z.string().optional(),
  receipt: bytes32Schema.optional(),
  ms: z.number().optional(),
});
export type StepEvent = z.infer<typeof stepEventSchema>;

/** What stands beside the receipt of an agent's answer: the receipts of all that it paid. */
export const answeredRunSchema = z.object({ id: z.uuid(), children: z.array(receiptBundleSchema) });

/** What an agent did, for whoever paid. */
export const runViewSchema = z.looseObject({
  id: z.uuid(),
  agent: z.string(),
  version: z.int(),
  status: z.enum(['running', 'done', 'failed', 'interrupted']),
  created: z.int(),
  runHash: bytes32Schema,
  limit: amountSchema,
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  steps: z.array(
    z.looseObject({
      step: z.int(),
      kind,
      name: z.string(),
      input: z.json(),
      output: z.looseObject({ text: z.string() }),
      error: z.string().nullable(),
      receiptHash: bytes32Schema.nullable(),
      cost: amountSchema,
      ms: z.number(),
    }),
  ),
  receipt: receiptBundleSchema.optional(),
  children: z.array(receiptBundleSchema),
});
export type RunView = z.infer<typeof runViewSchema>;
