import { z } from 'zod';
import type { Call } from './answer.ts';

/** What was delivered: the pieces of text in order and why it ended (`null`: the caller went away). */
export const deliveredSchema = z.object({
  pieces: z.array(z.string()),
  finishReason: z.enum(['stop', 'length']).nullable(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  /** What is said beside an answer that asked for sources: `retrieval`, `citations`, `sources`, `unsupported`. */
  retrieval: z.record(z.string(), z.json()).optional(),
});
export type Delivered = z.infer<typeof deliveredSchema>;

type Shown = Pick<Call, 'id' | 'created' | 'model' | 'includeUsage'>;

/** The value as JSON with the receipt, which is JSON already, as its last field. */
const withReceipt = (value: object, bundle: string): string => `${JSON.stringify(value).slice(0, -1)},"receipt":${bundle}}`;

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function head(call: Shown, object: string): Record<string, unknown> {
  return { id: `chatcmpl-${call.id}`, object, created: call.created, model: call.model };
}

function usageOf({ promptTokens, completionTokens }: Delivered): Record<string, number> {
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
}

/** The first chunk of a stream: the role. */
export function renderStart(call: Shown): string {
  return event({
    ...head(call, 'chat.completion.chunk'),
    choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
  });
}

/** A piece of text as a chunk. */
export function renderPiece(call: Shown, content: string): string {
  return event({
    ...head(call, 'chat.completion.chunk'),
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  });
}

/** Why the text ended, as a chunk. */
export function renderFinish(call: Shown, finishReason: string | null): string {
  return event({
    ...head(call, 'chat.completion.chunk'),
    choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason }],
  });
}

/** The end of a stream: usage if asked for, then the receipt in a chunk without choices. */
export function renderEnd(call: Shown, delivered: Delivered, bundle: string): string {
  const usage = call.includeUsage
    ? event({ ...head(call, 'chat.completion.chunk'), choices: [], usage: usageOf(delivered) })
    : '';
  const receipt = withReceipt({ ...head(call, 'chat.completion.chunk'), choices: [], ...delivered.retrieval }, bundle);
  return `${usage}data: ${receipt}\n\ndata: [DONE]\n\n`;
}

/** The whole answer as a retry gets it: for a stream, the very bytes that were sent. */
export function renderResponse(call: Shown & Pick<Call, 'stream'>, delivered: Delivered, bundle: string): string {
  if (call.stream) {
    const pieces = delivered.pieces.map((piece) => renderPiece(call, piece)).join('');
    return `${renderStart(call)}${pieces}${renderFinish(call, delivered.finishReason)}${renderEnd(call, delivered, bundle)}`;
  }
  const answer = {
    ...head(call, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: delivered.pieces.join(''), refusal: null },
        logprobs: null,
        finish_reason: delivered.finishReason,
      },
    ],
    usage: usageOf(delivered),
    ...delivered.retrieval,
  };
  return withReceipt(answer, bundle);
}
