import type { Address } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { type Retrieved, retrieve, roomFor } from '../retrieval/retrieve.ts';
import { type ChatRequest, plainMessages } from './chatRequest.ts';
import { priceOf } from './composeReceipt.ts';
import { resolveModel, type ServedModel } from './resolveModel.ts';

/** What a request comes to before it runs. */
export type Quote = {
  model: ServedModel;
  promptTokenIds: number[];
  maxTokens: number;
  /** Where the call asks for sources. */
  retrieved: Retrieved | undefined;
  /** Wei, if the answer takes all its tokens. */
  most: bigint;
};

/** Who pays; nobody yet, where it is only asked what a call would cost. */
type Caller = Parameters<typeof priceOf>[2] & { payer?: string };
const nobody: Caller = { app: '0x0000000000000000000000000000000000000000', appMarkupBps: 0 };

/** Finds the model and the sources, counts the prompt's tokens and prices the longest answer. Throws as calls do. */
export async function quote(context: Context, request: ChatRequest, caller = nobody): Promise<Quote> {
  const messages = plainMessages(request.messages);
  const [model, { promptTokens, promptTokenIds, contextLength }] = await Promise.all([
    resolveModel(context, request.model),
    context.engine.tokenize(messages),
  ]);
  if (promptTokens >= contextLength) {
    throw new ServiceError(
      400,
      'context_length_exceeded',
      `The prompt has ${promptTokens} tokens and the model reads ${contextLength}: shorten it.`,
      { promptTokens, contextLength },
    );
  }
  const { limits } = context.config;
  const payer = caller.payer as Address | undefined;
  const room = roomFor(contextLength, promptTokens);
  const retrieved = request.retrieval ? await retrieve(context, request.retrieval, messages, payer, room) : undefined;
  const retrievalTokens = retrieved?.mostTokens ?? 0;
  const asked = request.max_completion_tokens ?? request.max_tokens ?? limits.maxTokens;
  const maxTokens = Math.min(asked, limits.maxTokens, contextLength - promptTokens - retrievalTokens);
  const usage = { promptTokens, completionTokens: maxTokens, retrievalTokens, agentSteps: 0 };
  const { fee: most } = priceOf(model, usage, caller);
  return { model, promptTokenIds, maxTokens, retrieved, most };
}
