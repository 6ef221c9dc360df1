import { findBases, type OfferedBase } from '@openledger/sdk';
import { createQuery } from '@tanstack/svelte-query';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** The bases that operators on the chain, and the one that this app is configured with, train on now. */
export function useBases() {
  const app = useApp();
  return createQuery<OfferedBase[]>(() => ({
    queryKey: keys.offeredBases(),
    staleTime: 60_000,
    // An engine that is starting is there in a moment.
    refetchInterval: ({ state }) => (state.data?.length ? false : 5_000),
    queryFn: () => findBases(app.chain, app.config.deployment, [app.config.gatewayUrl]),
  }));
}
