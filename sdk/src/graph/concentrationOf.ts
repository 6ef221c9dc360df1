/** How unequally amounts are spread. */
export type Concentration = {
  total: bigint;
  /** Of the largest tenth of those who have something, at least one, in basis points of the total. */
  topTenthBps: number;
  /** How few have half of the total. */
  half: number;
  /** 0 where all have the same, towards 1 where one has all. */
  gini: number;
};

/** @param amounts wei; what is 0 or less does not count */
export function concentrationOf(amounts: readonly bigint[]): Concentration {
  const falling = amounts.filter((amount) => amount > 0n).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  const total = falling.reduce((sum, amount) => sum + amount, 0n);
  if (total === 0n) return { total, topTenthBps: 0, half: 0, gini: 0 };
  const top = falling.slice(0, Math.max(1, Math.floor(falling.length / 10))).reduce((sum, amount) => sum + amount, 0n);
  let [sum, half] = [0n, 0];
  while (sum * 2n < total) sum += falling[half++] ?? 0n;
  // Gini = Σ (n + 1 − 2 i) x_i ÷ (n Σ x), over amounts that fall, i from 1.
  const n = BigInt(falling.length);
  const weighted = falling.reduce((all, amount, index) => all + (n + 1n - 2n * BigInt(index + 1)) * amount, 0n);
  return {
    total,
    topTenthBps: Number((top * 10_000n) / total),
    half,
    gini: Number((weighted * 10_000n) / (n * total)) / 10_000,
  };
}
