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
const document = z.union([
  z.looseObject({ evaluation: numbers, passes: z.array(pass).default([]) }),
  numbers.transform((evaluation) => ({ evaluation, passes: [] as z.infer<typeof pass>[] })),
]);

export type Evaluation = {
  before: number;
  after: number;
  records: number | undefined;
  exactMatch: number | undefined;
  samples: z.infer<typeof sample>[];
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
  const { evaluation, passes } = parsed.data;
  return {
    before: evaluation.heldOutLossBefore,
    after: evaluation.heldOutLossAfter,
    records: evaluation.heldOutRecords,
    exactMatch: evaluation.exactMatch,
    samples: passes.find(({ when }) => when === 'after')?.samples ?? [],
  };
}
