import { z } from 'zod';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { messagesSchema, plainMessages } from './chatRequest.ts';

/** Most tokens of an answer that nobody pays for. */
const mostTokens = 256;

export const freeQuestionSchema = z.strictObject({
  messages: messagesSchema,
  max_tokens: z.int().min(1).max(mostTokens).default(96),
});

/**
 * Answers without a receipt, greedily: the base, which nobody's data has a part in, or an adapter that is no release yet.
 * `adapter` null: the base.
 */
export async function freeAnswer(
  { engine }: Pick<Context, 'engine'>,
  adapter: string | null,
  { messages, max_tokens: maxTokens }: z.output<typeof freeQuestionSchema>,
  signal: AbortSignal,
) {
  const request = { adapter, messages: plainMessages(messages), maxTokens, temperature: 0, topP: 1, seed: 0, stop: [] };
  for await (const event of engine.generate(request, signal)) {
    if (event.type !== 'done') continue;
    const { text, finishReason, promptTokenIds, tokenIds } = event;
    return { text, finishReason, promptTokens: promptTokenIds.length, completionTokens: tokenIds.length };
  }
  throw new ServiceError(503, 'engine_unavailable', 'The engine ended without an answer: try again.');
}
