const resamples = 1_000;
/** Any number but 0: the same calls must always give the same interval. */
const seed = 20_251_129;

/**
 * An interval that holds the sum of such amounts in 90 of 100 months like this one: calls are drawn anew, with
 * replacement, as often as there were calls (percentile bootstrap).
 * @param amounts wei of each call, also of those that paid nothing
 */
export function interval(amounts: readonly bigint[]): { low: bigint; high: bigint } {
  const paying = amounts.filter((amount) => amount > 0n);
  if (paying.length === 0) return { low: 0n, high: 0n };
  const next = xorshift(seed);
  const sums = Array.from({ length: resamples }, () => {
    let sum = 0n;
    for (let draw = 0; draw < amounts.length; draw += 1) {
      const at = next() % amounts.length;
      if (at < paying.length) sum += paying[at] ?? 0n; // which calls paid nothing does not matter: they are the last ones
    }
    return sum;
  }).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { low: sums[Math.floor(resamples * 0.05)] ?? 0n, high: sums[Math.ceil(resamples * 0.95) - 1] ?? 0n };
}

/** Marsaglia's xorshift of 32 bits, from a seed other than 0. */
function xorshift(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
