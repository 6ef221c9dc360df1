import { INTERVALS } from '#lib/charts/intervals.ts';
import type { Earning } from './types.ts';

export type ModelEarnings = {
  /** Null for releases that the chain knows no model of. */
  model: { id: string; name: string } | null;
  /** Wei, final or still within its window. */
  amount: bigint;
  /** Wei of it that can no longer be taken back. */
  final: bigint;
};

/** What each model earned, the most first. */
export function earnedByModel(earnings: readonly Earning[]): ModelEarnings[] {
  const sums = new Map<string, ModelEarnings>();
  for (const { amount, release, batch } of earnings) {
    const model = release?.model ?? null;
    const sum = sums.get(model?.id ?? '') ?? { model, amount: 0n, final: 0n };
    const isFinal = batch.status === 'FINAL';
    sums.set(model?.id ?? '', {
      model,
      amount: sum.amount + BigInt(amount),
      final: sum.final + (isFinal ? BigInt(amount) : 0n),
    });
  }
  return [...sums.values()].sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : 0));
}

/** Earnings by the day (UTC) that settled them, as rows of a chart: timestamps in microseconds. */
export function earnedByDay(earnings: readonly Earning[]): { timestamp: string; fees: string; calls: string }[] {
  const days = new Map<number, { amount: bigint; count: number }>();
  for (const { amount, batch } of earnings) {
    const day = Math.floor(Number(batch.settledAt) / INTERVALS.day) * INTERVALS.day;
    const sum = days.get(day) ?? { amount: 0n, count: 0 };
    days.set(day, { amount: sum.amount + BigInt(amount), count: sum.count + 1 });
  }
  return [...days].map(([day, { amount, count }]) => ({
    timestamp: `${day}000000`,
    fees: String(amount),
    calls: String(count),
  }));
}

/** Mean of the ratings of several models, each counted as often as it was rated, in hundredths of a star; 0 without any. */
export function ratedOverall(models: readonly { ratingStars: number; ratingCount: number }[]): { rating: number; count: number } {
  const count = models.reduce((sum, { ratingCount }) => sum + ratingCount, 0);
  const stars = models.reduce((sum, { ratingStars }) => sum + ratingStars, 0);
  return { rating: count === 0 ? 0 : Math.floor((100 * stars) / count), count };
}
