import type { JobSpec } from '@openledger/sdk';
import { createQuery, keepPreviousData } from '@tanstack/svelte-query';
import type { Estimate } from '#lib/gateway/schemas.ts';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** How long a person who types must rest before the operator is asked, ms. */
const REST = 400;

export type EstimateState = {
  readonly data: Estimate | undefined;
  readonly error: unknown;
  /** Whether what is shown is of other settings than those chosen now. */
  readonly isStale: boolean;
  readonly refetch: () => unknown;
};

/** What the training that is chosen would cost, asked again whenever a choice has rested. `url`: of the operator to ask. */
export function useEstimate(spec: () => JobSpec | undefined, url: () => string | undefined): EstimateState {
  const app = useApp();
  let rested = $state.raw<{ spec: JobSpec; text: string; url: string | undefined }>();
  const wanted = $derived.by(() => {
    const chosen = spec();
    return chosen && { spec: chosen, text: JSON.stringify(chosen), url: url() };
  });
  const isRested = $derived(wanted?.text === rested?.text && wanted?.url === rested?.url);

  $effect(() => {
    const next = wanted;
    if (isRested) return;
    const timer = setTimeout(() => (rested = next), rested ? REST : 0);
    return () => clearTimeout(timer);
  });

  const query = createQuery(() => ({
    queryKey: keys.estimate(rested?.spec ?? {}, rested?.url),
    enabled: rested !== undefined,
    retry: 0,
    staleTime: 60_000,
    placeholderData: keepPreviousData<Estimate>,
    queryFn: () => {
      if (!rested) throw new Error('There is nothing to estimate yet.');
      return app.gateway.estimate(rested.spec, rested.url);
    },
  }));

  return {
    get data() {
      return wanted ? query.data : undefined;
    },
    get error() {
      return isRested ? query.error : undefined;
    },
    get isStale() {
      return !isRested || query.isPlaceholderData || query.isFetching;
    },
    refetch: () => query.refetch(),
  };
}
