import { createQuery } from '@tanstack/svelte-query';
import type { Address } from 'viem';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';
import { clock } from '#lib/shell/clock.svelte.ts';
import { isVerdict, type Stage, stageOf } from './stage.ts';
import { governorAbi } from './standards.ts';
import type { Proposal } from './types.ts';

/** The stage of a proposal, kept up to date; asks the chain once voting, or the wait in the timelock, should be over. */
export function useStage(proposal: () => Proposal): { readonly current: Stage | undefined } {
  const app = useApp();
  const ended = $derived(proposal().status === 'CREATED' && clock.now > Number(proposal().voteEnd));
  const verdict = createQuery(() => ({
    queryKey: keys.proposalState(proposal().id),
    enabled: ended,
    refetchInterval: ({ state }) => (isVerdict(state.data) ? false : 2_000),
    queryFn: () =>
      app.chain.readContract({
        address: proposal().governor.id as Address,
        abi: governorAbi,
        functionName: 'state',
        args: [BigInt(proposal().proposalId)],
      }),
  }));
  const waited = $derived(proposal().status === 'QUEUED' && clock.now >= Number(proposal().eta));
  const due = createQuery(() => ({
    queryKey: keys.proposalDue(proposal().id),
    enabled: waited,
    refetchInterval: ({ state }) => (state.data ? false : 1_000),
    queryFn: async () => (await app.chain.getBlock()).timestamp >= BigInt(proposal().eta ?? 0),
  }));
  return {
    get current() {
      return stageOf(proposal(), clock.now, verdict.data, due.data ?? false);
    },
  };
}
