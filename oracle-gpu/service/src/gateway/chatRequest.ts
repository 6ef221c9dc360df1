import { z } from 'zod';
import type { ChatMessage } from '../engine/client.ts';
import { formatSchema } from './format.ts';
import { requestFields } from './requestFields.ts';

const part = z.strictObject({ type: z.literal('text'), text: z.string() });
const contentSchema = z.union([z.string(), z.array(part).min(1)]);
const named = { name: z.string().max(64).nullish() };
const toolCallSchema = z.strictObject({
  id: z.string().max(128),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});
const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content: contentSchema, ...named }),
  z
    .strictObject({
      role: z.literal('assistant'),
      content: contentSchema.nullish(),
      tool_calls: z.array(toolCallSchema).min(1).nullish(),
      refusal: z.null().optional(),
      ...named,
    })
    .refine(({ content, tool_calls }) => content != null || tool_calls != null, 'must have content or tool_calls'),
  z.strictObject({ role: z.literal('tool'), content: contentSchema, tool_call_id: z.string().max(128) }),
]);

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

/** What of OpenAI's chat completion request this gateway understands; other fields are refused. */
export const chatRequestSchema = z
  .strictObject({
    ...requestFields,
    ...formatSchema.shape,
    messages: messagesSchema,
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    store: z.literal(false, 'must be false: nothing is stored beside the receipt').nullish(),
    service_tier: z.enum(['auto', 'default']).nullish(),
    retrieval: retrievalSchema.nullish(),
  })
  .refine(({ n, stream }) => (n ?? 1) === 1 || stream !== true, { path: ['n'], error: 'must be 1 in a stream' })
  .refine(({ logprobs, top_logprobs }) => top_logprobs == null || logprobs === true, {
    path: ['top_logprobs'],
    error: 'needs logprobs: true',
  });

export type ChatRequest = z.output<typeof chatRequestSchema>;

/** The messages as the engine reads them: plain text, three roles. Calls and their results are written as Qwen's template does. */
export function plainMessages(messages: ChatRequest['messages']): ChatMessage[] {
  return messages.map((message) => {
    const content = textOf(message.content);
    switch (message.role) {
      case 'developer':
        return { role: 'system', content };
      case 'tool':
        return { role: 'user', content: `<tool_response>\n${content}\n</tool_response>` };
      case 'assistant': {
        const calls = (message.tool_calls ?? []).map(({ function: { name, arguments: given } }) => {
          return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given}}\n</tool_call>`;
        });
        return { role: 'assistant', content: [...(content === '' ? [] : [content]), ...calls].join('\n') };
      }
      default:
        return { role: message.role, content };
    }
  });
}

const textOf = (content: z.output<typeof contentSchema> | null | undefined): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');
