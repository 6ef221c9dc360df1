import { computeFee, type RateCard } from '@openledger/sdk';

/** Tokens of the chat template around a conversation, generously. */
const TEMPLATE_TOKENS = 64;

/**
 * The most that an answer can cost, in wei. A byte-level tokenizer never makes more tokens than bytes, so the number of
 * UTF-8 bytes bounds the prompt without knowing the tokenizer.
 */
export function upTo(prices: RateCard, texts: readonly string[], maxTokens: number, retrievalTokens = 0): bigint {
  const promptTokens = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, TEMPLATE_TOKENS);
  const usage = { promptTokens, completionTokens: maxTokens, retrievalTokens, agentSteps: 0 };
  return computeFee([{ card: prices, weightBps: 10_000 }], usage).fee;
}

/** Passages that an answer is given with, unless the call says otherwise. */
const PASSAGES = 4;

/** The most tokens of passages that a model of this context can be given: half of the context, and so much of each. */
export function mostRetrieved(contextLength: number | null): number {
  const each = Math.min(1_024, contextLength === null ? Number.POSITIVE_INFINITY : Math.floor(contextLength / 4));
  return Math.min(PASSAGES * each, contextLength === null ? Number.POSITIVE_INFINITY : Math.floor(contextLength / 2));
}
