import {
  type EvaluationSummary,
  evaluationItemsSchema,
  evaluationSummarySchema,
  failedEvaluationSchema,
  itemsCommitment,
  itemsRoot,
} from '@openledger/sdk';
import { z } from 'zod';

const numbers = z.looseObject({
  heldOutLossBefore: z.number(),
  heldOutLossAfter: z.number(),
  heldOutRecords: z.number().optional(),
  exactMatch: z.number().optional(),
});
const sample = z.looseObject({
  prompt: z.string(),
  reference: z.string().optional(),
  base: z.string().nullish(),
  answer: z.string().optional(),
});
const pass = z.looseObject({ when: z.string(), samples: z.array(sample).default([]) });
const items = z.union([evaluationSummarySchema, failedEvaluationSchema]).optional().catch(undefined);
const document = z.union([
  z.looseObject({ evaluation: numbers, passes: z.array(pass).default([]), items }),
  numbers.transform((evaluation) => ({ evaluation, passes: [] as z.infer<typeof pass>[], items: undefined })),
]);

export type Evaluation = {
  before: number;
  after: number;
  records: number | undefined;
  exactMatch: number | undefined;
  samples: z.infer<typeof sample>[];
  /** On the questions that the job committed to, if it did. */
  items: z.infer<typeof items>;
};

/** Reads the evaluation that an operator published for a release. `undefined` if it is in no known shape. */
export function readEvaluation(text: string): Evaluation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = document.safeParse(value);
  if (!parsed.success) return undefined;
  const { evaluation, passes, items } = parsed.data;
  return {
    before: evaluation.heldOutLossBefore,
    after: evaluation.heldOutLossAfter,
    records: evaluation.heldOutRecords,
    exactMatch: evaluation.exactMatch,
    samples: passes.find(({ when }) => when === 'after')?.samples ?? [],
    items,
  };
}

const specSchema = z.looseObject({ evaluation: z.looseObject({ commitment: z.string() }).optional() });

/** Whether the published questions are those that the job's specification committed to before the training. */
export function isAsCommitted(
  itemsText: string,
  specText: string,
  { commitment }: Pick<EvaluationSummary, 'commitment'>,
): boolean {
  try {
    const told = evaluationItemsSchema.parse(JSON.parse(itemsText));
    const spec = specSchema.parse(JSON.parse(specText));
    const computed = itemsCommitment(told.salt, itemsRoot(told));
    return computed === commitment && spec.evaluation?.commitment === commitment;
  } catch {
    return false;
  }
}
