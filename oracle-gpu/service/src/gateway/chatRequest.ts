import { z } from 'zod';
import type { ChatMessage } from '../engine/client.ts';

const part = z.looseObject({ type: z.literal('text'), text: z.string() });
const messageSchema = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(part).min(1)]),
});

export const modelNameSchema = z.string().min(1).max(200);
export const messagesSchema = z.array(messageSchema).min(1, 'must hold at least one message').max(1000);

/** Which datanets an answer may be given from, and cite. */
const retrievalSchema = z.strictObject({
  datanets: z
    .array(z.int().min(1).max(0xffffffff))
    .min(1, 'must name at least one datanet')
    .max(8, 'must name at most 8 datanets')
    .refine((ids) => new Set(ids).size === ids.length, 'names a datanet twice'),
  /** Only records under one of these. */
  licences: z.array(z.string().min(1).max(200)).min(1).max(16).optional(),
  /** Most passages that the answer is given with. */
  top: z.int().min(1).max(8).optional(),
});

/** What of OpenAI's chat completion request this gateway understands; other fields are let through and ignored. */
export const chatRequestSchema = z.looseObject({
  model: modelNameSchema,
  messages: messagesSchema,
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().min(0).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.literal(1, 'must be 1: this gateway gives one answer a call').nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  retrieval: retrievalSchema.nullish(),
});

export type ChatRequest = z.output<typeof chatRequestSchema>;

/** The messages as the engine reads them: plain text, three roles. */
export function plainMessages(messages: ChatRequest['messages']): ChatMessage[] {
  return messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map(({ text }) => text).join(''),
  }));
}
