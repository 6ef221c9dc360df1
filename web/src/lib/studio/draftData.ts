import { z } from 'zod';
import { KINDS } from './kinds.ts';

export const SCHEDULES = ['linear', 'cosine', 'constant'] as const;
export const TARGETS = ['all-linear', 'attention'] as const;

/** Everything chosen in the studio, kept in this browser until a job is opened. */
export const draftSchema = z.object({
  base: z.string(),
  datanets: z.array(z.number()),
  /** Shares of a mix by the numbers of datanets; one that is not here counts 1. */
  weights: z.record(z.string(), z.number()),
  preset: z.enum(['quick', 'balanced', 'thorough', 'own']),
  epochs: z.number(),
  learningRate: z.number(),
  schedule: z.enum(SCHEDULES),
  /** Share of the steps, in percent. */
  warmup: z.number(),
  kind: z.enum(KINDS),
  rank: z.number(),
  /** 0: twice the rank. */
  alpha: z.number(),
  dropout: z.number(),
  targets: z.enum(TARGETS),
  batchSize: z.number(),
  accumulate: z.number(),
  maxLength: z.number(),
  packing: z.boolean(),
  heldOutEvery: z.number(),
  patience: z.number(),
  checkpointEvery: z.number(),
  seed: z.number(),
  modelId: z.number(),
  name: z.string(),
  description: z.string(),
  contributors: z.number(),
  operator: z.number(),
  promptPrice: z.string(),
  completionPrice: z.string(),
  /** Job whose settings these were; 0: none. */
  from: z.number(),
});

export type DraftData = z.infer<typeof draftSchema>;

export const INITIAL: DraftData = {
  base: '',
  datanets: [],
  weights: {},
  preset: 'balanced',
  epochs: 3,
  learningRate: 0.003,
  schedule: 'linear',
  warmup: 6,
  kind: 'lora',
  rank: 8,
  alpha: 0,
  dropout: 0,
  targets: 'all-linear',
  batchSize: 4,
  accumulate: 1,
  maxLength: 256,
  packing: true,
  heldOutEvery: 10,
  patience: 0,
  checkpointEvery: 0,
  seed: 1,
  modelId: 0,
  name: '',
  description: '',
  contributors: 50,
  operator: 30,
  promptPrice: '0.005',
  completionPrice: '0.02',
  from: 0,
};

/** A draft as it was kept. What cannot be read, such as a field that was left empty, is as it is at the beginning. */
export function readDraft(text: string | null): DraftData {
  const data: Record<string, unknown> = { ...INITIAL };
  for (const [key, value] of Object.entries(parse(text))) {
    const field = draftSchema.shape[key as keyof DraftData];
    const found = field?.safeParse(value);
    if (found?.success) data[key] = found.data;
  }
  return draftSchema.parse(data);
}

function parse(text: string | null): object {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
