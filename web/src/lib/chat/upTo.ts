import { computeFee, type RateCard } from '@openledger/sdk';

/** Tokens of the chat template around a conversation, generously. */
const TEMPLATE_TOKENS = 64;

/**
 * The most that an answer can cost, in wei. A byte-level tokenizer never makes more tokens than bytes, so the number of
 * UTF-8 bytes bounds the prompt without knowing the tokenizer.
 */
export function upTo(prices: RateCard, texts: readonly string[], maxTokens: number): bigint {
  const promptTokens = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, TEMPLATE_TOKENS);
  const usage = { promptTokens, completionTokens: maxTokens, retrievalTokens: 0, agentSteps: 0 };
  return computeFee([{ card: prices, weightBps: 10_000 }], usage).fee;
}
