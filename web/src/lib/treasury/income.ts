import type { IncomeRow } from './types.ts';

/** OPEN that reached the treasury in one interval, in wei by source; `timestamp` in microseconds. */
export type Income = { timestamp: string; fees: string; minted: string; transfers: string; amount: string };

/** Rows of the index, one for each source, as one for each interval. */
export function byInterval(rows: readonly IncomeRow[]): Income[] {
  const intervals = new Map<string, Income>();
  for (const { timestamp, source, amount } of rows) {
    const found = intervals.get(timestamp) ?? { timestamp, fees: '0', minted: '0', transfers: '0', amount: '0' };
    const field = source === 'FEES' ? 'fees' : source === 'MINTED' ? 'minted' : 'transfers';
    found[field] = String(BigInt(found[field]) + BigInt(amount));
    found.amount = String(BigInt(found.amount) + BigInt(amount));
    intervals.set(timestamp, found);
  }
  return [...intervals.values()];
}
