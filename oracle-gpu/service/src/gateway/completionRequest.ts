import { z } from 'zod';
import { mostChoices, requestFields } from './requestFields.ts';

const text = z.string().min(1, 'must not be empty');
const tokens = z.array(z.int().min(0).max(0xffffffff)).min(1, 'must not be empty');

const promptSchema = z.union([text, tokens, z.array(text).min(1).max(mostChoices), z.array(tokens).min(1).max(mostChoices)]);
type Prompt = z.output<typeof promptSchema>;

/** Each prompt by itself, as text or as tokens. */
export function promptsOf(prompt: Prompt): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return isTokens(prompt) ? [prompt] : prompt;
}

const isTokens = (prompt: Exclude<Prompt, string>): prompt is number[] => typeof prompt[0] === 'number';

/** What of OpenAI's text completion request this gateway understands; other fields are refused. */
export const completionRequestSchema = z
  .strictObject({
    ...requestFields,
    prompt: promptSchema,
    max_tokens: z.int().min(0).nullish(),
    logprobs: z.int().min(0).max(20).nullish(),
    echo: z.boolean().nullish(),
    best_of: z.literal(1, 'must be 1: every answer is charged').nullish(),
    suffix: z.null('is not understood: a model continues what is before').optional(),
  })
  .refine((request) => (request.n ?? 1) * promptsOf(request.prompt).length <= mostChoices, {
    path: ['n'],
    error: `asks, with the prompts, for more than ${mostChoices} answers`,
  })
  .refine((request) => (request.n ?? 1) * promptsOf(request.prompt).length === 1 || request.stream !== true, {
    path: ['stream'],
    error: 'must be false for several answers',
  })
  .refine(({ echo, stream }) => !(echo && stream), { path: ['echo'], error: 'must be false in a stream' })
  .refine(({ echo, max_tokens }) => max_tokens !== 0 || echo === true, {
    path: ['max_tokens'],
    error: 'may be 0 with echo only',
  });

export type CompletionRequest = z.output<typeof completionRequestSchema>;
