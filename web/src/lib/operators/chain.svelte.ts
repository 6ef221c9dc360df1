import { operatorRegistryAbi, settlementAbi } from '@openledger/sdk';
import { createQuery } from '@tanstack/svelte-query';
import type { Address } from 'viem';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** What every operator is held to: least stake in wei, challenge window and unbonding in seconds, most pending batches. */
export function useStakeRules() {
  const app = useApp();
  const registry = { address: app.address('OperatorRegistry'), abi: operatorRegistryAbi } as const;
  const settlement = { address: app.address('Settlement'), abi: settlementAbi } as const;
  return createQuery(() => ({
    queryKey: keys.stakeRules(),
    staleTime: 60_000,
    queryFn: async () => {
      const [minimum, unbonding, window, maxPending] = await Promise.all([
        app.chain.readContract({ ...registry, functionName: 'minimumStake' }),
        app.chain.readContract({ ...registry, functionName: 'unbondingPeriod' }),
        app.chain.readContract({ ...settlement, functionName: 'window' }),
        app.chain.readContract({ ...settlement, functionName: 'MAX_PENDING' }),
      ]);
      return { minimum, unbonding, window, maxPending };
    },
  }));
}

/** What the chain holds of an operator now: its locked stake, which no event tells, and whether it may settle. */
export function useBond(account: () => string) {
  const app = useApp();
  return createQuery(() => ({
    queryKey: keys.operatorOnChain(account()),
    refetchInterval: 10_000,
    queryFn: () =>
      app.chain.readContract({
        address: app.address('OperatorRegistry'),
        abi: operatorRegistryAbi,
        functionName: 'operator',
        args: [account() as Address],
      }),
  }));
}
