type Used = {
  promptTokens: string;
  completionTokens: string;
  retrievalTokens: string;
  agentSteps: string;
  fee: string;
};
type Prices = { promptPrice: string; completionPrice: string; retrievalPrice: string; agentStepPrice: string };

export type BillLine = {
  kind: 'prompt' | 'completion' | 'retrieval' | 'step';
  count: bigint;
  /** Wei per token or step, and for all of them; undefined where the price is not known. */
  price: bigint | undefined;
  amount: bigint | undefined;
};

/** What a receipt charges, line by line; `rest` is rounding and markup. Without prices only the counts are known. */
export function billOf(used: Used, prices: Prices | undefined): { lines: BillLine[]; rest: bigint | undefined; total: bigint } {
  const line = (kind: BillLine['kind'], count: string, price: string | undefined): BillLine => ({
    kind,
    count: BigInt(count),
    price: price === undefined ? undefined : BigInt(price),
    amount: price === undefined ? undefined : BigInt(count) * BigInt(price),
  });
  const lines = [
    line('prompt', used.promptTokens, prices?.promptPrice),
    line('completion', used.completionTokens, prices?.completionPrice),
    line('retrieval', used.retrievalTokens, prices?.retrievalPrice),
    line('step', used.agentSteps, prices?.agentStepPrice),
  ].filter(({ kind, count }) => kind === 'prompt' || kind === 'completion' || count > 0n);
  const total = BigInt(used.fee);
  const rest = prices ? lines.reduce((left, { amount }) => left - (amount ?? 0n), total) : undefined;
  return { lines, rest, total };
}
