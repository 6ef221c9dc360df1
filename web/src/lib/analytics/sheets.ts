import type { Sheet } from './types.ts';

/** Begin of an interval as ISO 8601, from a timestamp in microseconds. */
export const startsAt = (timestamp: string): string => new Date(Number(BigInt(timestamp) / 1_000n)).toISOString();

/** Rows of an aggregation as a sheet, oldest first; fields are decimal strings and become whole numbers. */
export function seriesSheet<Row extends { timestamp: string }>(
  rows: readonly Row[],
  fields: readonly (keyof Row & string)[],
): Sheet {
  return {
    header: ['from', ...fields],
    rows: [...rows]
      .sort((a, b) => Number(BigInt(a.timestamp) - BigInt(b.timestamp)))
      .map((row) => [startsAt(row.timestamp), ...fields.map((field) => BigInt(String(row[field])))]),
  };
}
