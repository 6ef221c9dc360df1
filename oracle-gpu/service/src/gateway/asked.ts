import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { ChatMessage } from '../engine/client.ts';
import { type ChatRequest, messagesSchema, plainMessages } from './chatRequest.ts';
import { type CompletionRequest, promptsOf } from './completionRequest.ts';
import { describeTools, type Format, type FormatRequest, formatOf, formatSchema } from './format.ts';
import { type Sampling, samplingOf } from './requestFields.ts';

/** What the engine reads: a chat, or a text as it stands. */
export type Input = { messages: ChatMessage[] } | { prompt: string | number[] };

/** One answer of a call: it has a receipt and a charge of its own. */
export type Choice = {
  input: Input;
  /** What the receipt calls the messages. */
  quoted: Record<string, unknown>[];
  seed: number;
};

/** What a call asks for, whichever route it came by. */
export type Asked = {
  /** As it was sent: what a retry and a payment are bound to. */
  body: object;
  model: string;
  choices: Choice[];
  maxTokens: number | undefined;
  sampling: Sampling;
  format?: Format | undefined;
  /** How many likely tokens are told of each; null: nothing is. */
  logprobs: number | null;
  shape: 'chat' | 'text';
  /** Whether the prompt comes back before the answer. */
  echo: boolean;
  stream: boolean;
  includeUsage: boolean;
  isPublic: boolean;
  retrieval?: ChatRequest['retrieval'];
};

/** As many seeds the engine knows. */
const seeds = 2n ** 53n;

const shared = (body: ChatRequest | CompletionRequest) => ({
  body,
  model: body.model,
  sampling: samplingOf(body),
  stream: body.stream === true,
  includeUsage: body.stream_options?.include_usage === true,
  isPublic: body.metadata?.public === 'true',
});

/** One choice for each answer to each input; every one draws from a seed of its own, the first from the caller's. */
function choicesOf(inputs: Omit<Choice, 'seed'>[], { n, seed }: ChatRequest | CompletionRequest): Choice[] {
  const first = seed ?? randomInt(2 ** 31);
  return inputs
    .flatMap((input) => Array.from({ length: n ?? 1 }, () => input))
    .map((input, index) => ({ ...input, seed: Number((BigInt(first) + BigInt(index)) % seeds) }));
}

/** Throws 400 for a form that contradicts itself. */
export function askChat(body: ChatRequest): Asked {
  const quoted = quoteChat(body);
  const { messages, format } = readChat(body.messages, body);
  return {
    ...shared(body),
    choices: choicesOf([{ input: { messages }, quoted }], body),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    format,
    logprobs: body.logprobs ? (body.top_logprobs ?? 0) : null,
    shape: 'chat',
    echo: false,
    retrieval: body.retrieval,
  };
}

/** Of a text, 16 tokens follow where no number is named, as clients expect. */
export function askText(body: CompletionRequest): Asked {
  const inputs = promptsOf(body.prompt).map((prompt) => ({ input: { prompt }, quoted: [{ role: 'text', content: prompt }] }));
  return {
    ...shared(body),
    choices: choicesOf(inputs, body),
    maxTokens: body.max_tokens ?? 16,
    logprobs: body.logprobs ?? null,
    shape: 'text',
    echo: body.echo === true,
  };
}

const formKeys = Object.keys(formatSchema.shape) as (keyof FormatRequest)[];

/** A chat's messages, after what it asks of the answer's form if it does. */
function quoteChat(body: ChatRequest): Record<string, unknown>[] {
  const form = formKeys.filter((key) => body[key] != null).map((key) => [key, body[key]]);
  return form.length === 0 ? body.messages : [{ role: 'format', ...Object.fromEntries(form) }, ...body.messages];
}

function readChat(
  messages: ChatRequest['messages'],
  form: FormatRequest,
): { messages: ChatMessage[]; format?: Format | undefined } {
  return { messages: describeTools(form, plainMessages(messages)), format: formatOf(form) };
}

const textSchema = z.tuple([
  z.strictObject({ role: z.literal('text'), content: z.union([z.string(), z.array(z.int().min(0))]) }),
]);
const formSchema = formatSchema.extend({ role: z.literal('format') });

/** What the engine read for a receipt with these messages; undefined where they are none that it reads. */
export function readQuoted(quoted: readonly unknown[]): { input: Input; format?: Format | undefined } | undefined {
  const text = textSchema.safeParse(quoted);
  if (text.success) return { input: { prompt: text.data[0].content } };
  const form = formSchema.safeParse(quoted[0]);
  const messages = messagesSchema.safeParse(form.success ? quoted.slice(1) : quoted);
  if (!messages.success) return undefined;
  const { role: _, ...asked } = form.success ? form.data : { role: 'format' };
  const read = readChat(messages.data, asked);
  return { input: { messages: read.messages }, format: read.format };
}
