import { ppm, squareRoot } from './integers.ts';

/** Spearman's correlation of two lists in ppm, towards zero; 0 where one of both is constant. */
export function spearman(x: readonly number[], y: readonly number[]): bigint {
  const a = ranks(x);
  const b = ranks(y);
  const product = dot(a, b);
  const spread = dot(a, a) * dot(b, b);
  if (spread === 0n) return 0n;
  const size = squareRoot((product * product * ppm * ppm) / spread);
  return product >= 0n ? size : -size;
}

const dot = (a: readonly number[], b: readonly number[]): bigint =>
  BigInt(a.reduce((sum, value, place) => sum + value * (b[place] ?? 0), 0));

/** Twice each value's rank among all, from their middle; equal values share theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, place) => place).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const found = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to += 1;
    for (const place of order.slice(from, to)) found[place] = from + to - values.length;
    from = to;
  }
  return found;
}
