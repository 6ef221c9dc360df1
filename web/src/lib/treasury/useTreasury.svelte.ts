import { createQuery } from '@tanstack/svelte-query';
import { erc20Abi } from 'viem';
import { readSeries } from '#lib/analytics/readSeries.ts';
import { microseconds, startOf } from '#lib/analytics/span.ts';
import { keys } from '#lib/graph/keys.ts';
import { incomeSeriesQuery, treasuryQuery } from '#lib/graph/queries/treasury.ts';
import type { App } from '#lib/shell/app.svelte.ts';
import { clock } from '#lib/shell/clock.svelte.ts';
import { PACE_DAYS } from './runway.ts';

/** OPEN that the treasury holds, with what it promised. */
export const useBalance = (app: App) =>
  createQuery(() => ({
    queryKey: keys.balance(app.address('Treasury')),
    refetchInterval: 10_000,
    queryFn: () =>
      app.chain.readContract({
        address: app.address('OpenToken'),
        abi: erc20Abi,
        functionName: 'balanceOf',
        args: [app.address('Treasury')],
      }),
  }));

/** What the index knows of it, and the days that its pace is taken from. `since` changes once a day. */
export function useTreasury(app: App) {
  const since = $derived(startOf({ name: '', unit: 'day', count: PACE_DAYS }, clock.now));
  return createQuery(() => ({
    queryKey: keys.treasury(since),
    refetchInterval: 10_000,
    queryFn: async () => {
      const variables = { interval: 'day', since: microseconds(since) } as const;
      const [books, income] = await Promise.all([
        app.graph.read(treasuryQuery, { since: String(since) }),
        readSeries((current) => app.graph.read(incomeSeriesQuery, { ...variables, current })),
      ]);
      const fees = income.treasuryIncomeStats_collection.filter(({ source }) => source === 'FEES');
      return { ...books, since, fees: fees.map(({ amount }) => amount) };
    },
  }));
}

export type TreasuryBooks = NonNullable<ReturnType<typeof useTreasury>['data']>;
