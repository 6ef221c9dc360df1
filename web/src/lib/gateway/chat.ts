import { type ReceiptBundle, readServerEvents, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';
import { readError } from './gateway.ts';

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };

export type ChatRequest = {
  url: string;
  apiKey: string;
  model: string;
  messages: ChatMessage[];
  maxTokens: number;
  /** Whether the answer may be shown on the front page. */
  isPublic: boolean;
  /** Datanets to answer from and cite; none: without sources. */
  datanets: readonly number[];
  signal: AbortSignal;
};

export type ChatPart =
  | { type: 'text'; text: string }
  | { type: 'receipt'; receipt: ReceiptBundle }
  | { type: 'finish'; reason: string };

const chunkSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({ delta: z.looseObject({ content: z.string().nullish() }).optional(), finish_reason: z.string().nullish() }),
    )
    .default([]),
  receipt: z.unknown().optional(),
  error: z.looseObject({ message: z.string(), code: z.string().nullish() }).optional(),
});

/** Asks a model and yields what arrives: text, why it ended, and the signed receipt. */
export async function* streamChat(request: ChatRequest): AsyncGenerator<ChatPart> {
  const response = await fetch(`${request.url}/v1/chat/completions`, {
    method: 'POST',
    signal: request.signal,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${request.apiKey}`,
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify({
      model: request.model,
      messages: request.messages,
      max_tokens: request.maxTokens,
      temperature: 0,
      stream: true,
      retrieval: request.datanets.length > 0 ? { datanets: request.datanets } : undefined,
      metadata: request.isPublic ? { public: 'true' } : undefined,
    }),
  });
  if (!response.ok || !response.body) throw await readError(response);
  yield* parseChat(response.body);
}

/** The parts of a streamed completion. */
export async function* parseChat(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatPart> {
  for await (const { data } of readServerEvents(body)) {
    if (data === '[DONE]') return;
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error) throw new Error(chunk.error.message);
    const [choice] = chunk.choices;
    if (choice?.delta?.content) yield { type: 'text', text: choice.delta.content };
    if (choice?.finish_reason) yield { type: 'finish', reason: choice.finish_reason };
    if (chunk.receipt !== undefined) yield { type: 'receipt', receipt: receiptBundleSchema.parse(chunk.receipt) };
  }
}
