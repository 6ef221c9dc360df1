import { INTERVALS } from '#lib/charts/intervals.ts';

/** How much of the past a page of figures shows. */
export type Span = { name: string; unit: keyof typeof INTERVALS; count: number };

export const SPANS = [
  { name: '1', unit: 'hour', count: 24 },
  { name: '7', unit: 'day', count: 7 },
  { name: '30', unit: 'day', count: 30 },
  { name: '90', unit: 'day', count: 90 },
] as const satisfies readonly Span[];

/** The span of that name, in days; what is not known is taken for thirty. */
export const spanOf = (name: string): Span => SPANS.find((span) => span.name === name) ?? SPANS[2];

/** Begin of the first interval of a span that ends now, in Unix seconds. */
export function startOf({ unit, count }: Span, now: number): number {
  const seconds = INTERVALS[unit];
  return (Math.floor(now / seconds) - count + 1) * seconds;
}

/** Unix seconds as the index's time series have them. */
export const microseconds = (seconds: number): string => String(BigInt(seconds) * 1_000_000n);
