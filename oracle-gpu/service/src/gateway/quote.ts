import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { type ChatRequest, plainMessages } from './chatRequest.ts';
import { priceOf } from './composeReceipt.ts';
import { resolveModel, type ServedModel } from './resolveModel.ts';

/** What a request comes to before it runs. */
export type Quote = {
  model: ServedModel;
  promptTokenIds: number[];
  maxTokens: number;
  /** Wei, if the answer takes all its tokens. */
  most: bigint;
};

type Markup = Parameters<typeof priceOf>[2];
const noMarkup: Markup = { app: '0x0000000000000000000000000000000000000000', appMarkupBps: 0 };

/** Finds the model, counts the prompt's tokens and prices the longest answer. Throws 404 and 400 as calls do. */
export async function quote(context: Context, request: ChatRequest, markup = noMarkup): Promise<Quote> {
  const [model, { promptTokens, promptTokenIds, contextLength }] = await Promise.all([
    resolveModel(context, request.model),
    context.engine.tokenize(plainMessages(request.messages)),
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
  const asked = request.max_completion_tokens ?? request.max_tokens ?? limits.maxTokens;
  const maxTokens = Math.min(asked, limits.maxTokens, contextLength - promptTokens);
  const usage = { promptTokens, completionTokens: maxTokens, retrievalTokens: 0, agentSteps: 0 };
  const { fee: most } = priceOf(model, usage, markup);
  return { model, promptTokenIds, maxTokens, most };
}
