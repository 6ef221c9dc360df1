type Earning = { address: string; amount: string };

/** What each account earned in all, most first. */
export function earnedBy(earnings: readonly Earning[]): { address: string; amount: bigint }[] {
  const sums = new Map<string, bigint>();
  for (const { address, amount } of earnings) sums.set(address, (sums.get(address) ?? 0n) + BigInt(amount));
  return [...sums]
    .map(([address, amount]) => ({ address, amount }))
    .filter(({ amount }) => amount > 0n)
    .sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0));
}
