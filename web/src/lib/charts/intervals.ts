/** One bar: what happened in an interval that begins at `at`, in Unix seconds. */
export type Interval = { at: number; value: bigint; calls: number };

type Row = { timestamp: string; fees: string; calls: string };

/** Seconds in an interval of the subgraph's aggregations. */
export const INTERVALS = { hour: 3600, day: 86_400 } as const;

/**
 * The last `count` intervals up to now, with zeros where the index has no row: it writes none for an hour in which nothing
 * happened. Timestamps of rows are in microseconds.
 */
export function lastIntervals(rows: readonly Row[], unit: keyof typeof INTERVALS, count: number, now: number): Interval[] {
  const seconds = INTERVALS[unit];
  const byStart = new Map<number, Row>();
  for (const row of rows) byStart.set(Math.floor(Number(BigInt(row.timestamp) / 1_000_000n) / seconds) * seconds, row);
  const last = Math.floor(now / seconds) * seconds;
  return Array.from({ length: count }, (_, index) => {
    const at = last - (count - 1 - index) * seconds;
    const row = byStart.get(at);
    return { at, value: BigInt(row?.fees ?? 0), calls: Number(row?.calls ?? 0) };
  });
}
