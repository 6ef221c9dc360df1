/**
 * Divides `amount` in proportion to `claims` so that the parts sum to it exactly: floors first, then each missing wei
 * to the largest remainders.
 * @param tie order of two claims (by index) with equal remainders
 */
export function largestRemainder(amount: bigint, claims: readonly bigint[], tie: (a: number, b: number) => number): bigint[] {
  const total = claims.reduce((sum, claim) => sum + claim, 0n);
  if (total <= 0n) throw new Error('Nothing can be divided among claims that sum to nothing.');
  const parts = claims.map((claim) => (amount * claim) / total);
  const remainders = claims.map((claim) => (amount * claim) % total);
  const missing = amount - parts.reduce((sum, part) => sum + part, 0n);
  const order = claims.map((_, index) => index);
  order.sort((a, b) => {
    const difference = (remainders[b] ?? 0n) - (remainders[a] ?? 0n);
    return difference === 0n ? tie(a, b) : difference > 0n ? 1 : -1;
  });
  for (const index of order.slice(0, Number(missing))) parts[index] = (parts[index] ?? 0n) + 1n;
  return parts;
}
