/** Prices in wei per token or step. */
export type RateCard = { promptPrice: bigint; completionPrice: bigint; retrievalPrice: bigint; agentStepPrice: bigint };

export type Usage = { promptTokens: number; completionTokens: number; retrievalTokens: number; agentSteps: number };

/** `base` is the model's price, `markup` the application's, `fee` both; all multiples of 10,000 wei. */
export type Fee = { base: bigint; markup: bigint; fee: bigint };

const unit = 10_000n;

/** Rounds up to a multiple of 10,000 wei, so that shares in basis points are exact. */
export function ceil10k(amount: bigint): bigint {
  return ((amount + unit - 1n) / unit) * unit;
}

function price(card: RateCard, usage: Usage): bigint {
  return (
    BigInt(usage.promptTokens) * card.promptPrice +
    BigInt(usage.completionTokens) * card.completionPrice +
    BigInt(usage.retrievalTokens) * card.retrievalPrice +
    BigInt(usage.agentSteps) * card.agentStepPrice
  );
}

/**
 * What a call costs under the rate cards of what answered it.
 * @param parts rate cards with their weight in bps (one of 10,000 for a plain model)
 * @param appMarkupBps the application's markup; pass 0 where the voucher names no application
 */
export function computeFee(parts: readonly { card: RateCard; weightBps: number }[], usage: Usage, appMarkupBps = 0): Fee {
  const weighted = parts.reduce((sum, { card, weightBps }) => sum + BigInt(weightBps) * price(card, usage), 0n);
  const base = ceil10k(weighted / 10_000n);
  const markup = ceil10k((base * BigInt(appMarkupBps)) / 10_000n);
  return { base, markup, fee: base + markup };
}
