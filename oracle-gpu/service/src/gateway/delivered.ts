import { z } from 'zod';
import { toldTokenSchema } from '../engine/schemas.ts';
import { splitCalls, type ToolCall } from './toolCalls.ts';

/** What was delivered: the pieces of text in order and why it ended (`null`: the caller went away). */
export const deliveredSchema = z.object({
  pieces: z.array(z.string()),
  finishReason: z.enum(['stop', 'length']).nullable(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  /** What is said beside an answer that asked for sources: `retrieval`, `citations`, `sources`, `unsupported`. */
  retrieval: z.record(z.string(), z.json()).optional(),
  /** What is said beside an agent's answer: `run`. */
  run: z.record(z.string(), z.json()).optional(),
  shape: z.enum(['chat', 'text']).default('chat'),
  /** Whether calls of tools are read out of the text. */
  hasTools: z.boolean().default(false),
  /** Of each piece how likely its tokens were, where that was asked for. */
  logprobs: z.array(z.array(toldTokenSchema)).optional(),
  /** The prompt, where it comes back before the answer. */
  echo: z.object({ text: z.string(), tokens: z.array(toldTokenSchema) }).optional(),
  /** Of several answers to a call: which one it is. */
  choice: z.int().optional(),
});
export type Delivered = z.output<typeof deliveredSchema>;

/** What an answer says and which tools it calls. */
export function contentOf({ pieces, hasTools }: Pick<Delivered, 'pieces' | 'hasTools'>): { content: string; calls: ToolCall[] } {
  const text = pieces.join('');
  return hasTools ? splitCalls(text) : { content: text, calls: [] };
}

/** Why an answer ended, in the words of the chat interface. */
export function chatFinish(delivered: Delivered): string | null {
  return delivered.finishReason === 'stop' && contentOf(delivered).calls.length > 0 ? 'tool_calls' : delivered.finishReason;
}
