type Usage = { callCount: number | string; fees: string };
type Earning = { address: string; amount: string };

/** Calls and fees over all batches of some releases. */
export function totalUsage(usage: readonly Usage[]): { calls: number; fees: bigint } {
  return usage.reduce((sum, { callCount, fees }) => ({ calls: sum.calls + Number(callCount), fees: sum.fees + BigInt(fees) }), {
    calls: 0,
    fees: 0n,
  });
}

/** Who earned how much, most first. */
export function earners(earnings: readonly Earning[]): { address: string; amount: bigint }[] {
  const sums = new Map<string, bigint>();
  for (const { address, amount } of earnings) {
    const key = address.toLowerCase();
    sums.set(key, (sums.get(key) ?? 0n) + BigInt(amount));
  }
  return [...sums]
    .map(([address, amount]) => ({ address, amount }))
    .filter(({ amount }) => amount > 0n)
    .sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : a.address < b.address ? -1 : 1));
}
