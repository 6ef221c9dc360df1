import {
  answeredRunSchema,
  OpenLedgerError,
  type ReceiptBundle,
  readServerEvents,
  receiptBundleSchema,
  type StepEvent,
  stepEventSchema,
} from '@openledger/sdk';
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
  | { type: 'step'; step: StepEvent }
  | { type: 'inside'; receipts: ReceiptBundle[] }
  | { type: 'receipt'; receipt: ReceiptBundle }
  | { type: 'finish'; reason: string };

const chunkSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({ delta: z.looseObject({ content: z.string().nullish() }).optional(), finish_reason: z.string().nullish() }),
    )
    .default([]),
  receipt: z.unknown().optional(),
  step: stepEventSchema.optional(),
  /** Receipts of an agent's steps, with those inside of them. */
  run: answeredRunSchema.optional(),
  error: z.looseObject({ message: z.string(), code: z.string().nullish() }).optional(),
});

/** Agents set their own limits, and choose what they answer from. */
const isAgent = (model: string): boolean => model.startsWith('agent/');

/** Asks a model or an agent, and yields what arrives: text, an agent's steps, why it ended, and the signed receipts. */
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
      ...(isAgent(request.model) ? {} : ofModels(request)),
      stream: true,
      metadata: request.isPublic ? { public: 'true' } : undefined,
    }),
  });
  if (!response.ok || !response.body) throw await readError(response);
  yield* parseChat(response.body);
}

function ofModels({ maxTokens, datanets }: ChatRequest): object {
  return {
    max_tokens: maxTokens,
    temperature: 0,
    retrieval: datanets.length > 0 ? { datanets } : undefined,
  };
}

/** The parts of a streamed completion. */
export async function* parseChat(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatPart> {
  for await (const { data } of readServerEvents(body)) {
    if (data === '[DONE]') return;
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error) throw new OpenLedgerError(chunk.error.message, chunk.error.code ?? 'stream_failed', 200);
    if (chunk.step) yield { type: 'step', step: chunk.step };
    const [choice] = chunk.choices;
    if (choice?.delta?.content) yield { type: 'text', text: choice.delta.content };
    if (choice?.finish_reason) yield { type: 'finish', reason: choice.finish_reason };
    if (chunk.run) yield { type: 'inside', receipts: chunk.run.children };
    if (chunk.receipt !== undefined) yield { type: 'receipt', receipt: receiptBundleSchema.parse(chunk.receipt) };
  }
}
