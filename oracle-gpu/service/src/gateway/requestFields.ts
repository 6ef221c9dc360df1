import { z } from 'zod';

export const modelNameSchema = z.string().min(1).max(200);

const tokenSchema = z.string().regex(/^(0|[1-9][0-9]{0,9})$/, 'must be the id of a token');
const penalty = z.number().min(-2).max(2).nullish();

/** Most answers that one call asks for. */
export const mostChoices = 16;

/** What chats and texts share of OpenAI's requests, and of what others added to them (`top_k`, `min_p`, `repetition_penalty`). */
export const requestFields = {
  model: modelNameSchema,
  n: z.int().min(1).max(mostChoices).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).max(0x7fffffff).nullish(), // 0 and −1: any number
  min_p: z.number().min(0).max(1).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  repetition_penalty: z.number().min(0.1).max(10).nullish(),
  logit_bias: z
    .record(tokenSchema, z.number().min(-100).max(100))
    .refine((bias) => Object.keys(bias).length <= 1024, 'must name at most 1,024 tokens')
    .nullish(),
  seed: z.int().min(0).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish() }).nullish(),
  /** Read by nobody here; clients send them. */
  user: z.string().max(512).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
};

type Shared = z.output<z.ZodObject<typeof requestFields>>;

/** How the engine chooses tokens. What is not asked for is absent, as in receipts. */
export type Sampling = {
  temperature: number;
  topP: number;
  stop: string[];
  topK?: number;
  minP?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  repetitionPenalty?: number;
  logitBias?: Record<string, number>;
};

/** @returns a request's settings in the engine's words */
export function samplingOf(request: Shared): Sampling {
  const { temperature, top_p, top_k, min_p, presence_penalty, frequency_penalty, repetition_penalty, logit_bias, stop } = request;
  return {
    temperature: temperature ?? 1,
    topP: top_p ?? 1,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    ...(top_k && top_k > 0 ? { topK: top_k } : {}),
    ...(min_p ? { minP: min_p } : {}),
    ...(presence_penalty ? { presencePenalty: presence_penalty } : {}),
    ...(frequency_penalty ? { frequencyPenalty: frequency_penalty } : {}),
    ...(repetition_penalty && repetition_penalty !== 1 ? { repetitionPenalty: repetition_penalty } : {}),
    ...(logit_bias && Object.keys(logit_bias).length > 0 ? { logitBias: logit_bias } : {}),
  };
}
