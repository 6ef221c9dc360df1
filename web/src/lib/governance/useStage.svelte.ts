import { createQuery } from '@tanstack/svelte-query';
import type { Address } from 'viem';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';
import { clock } from '#lib/shell/clock.svelte.ts';
import { isVerdict, type Stage, stageOf } from './stage.ts';
import { governorAbi } from './standards.ts';
import type { Proposal } from './types.ts';

/** The stage of a proposal, kept up to date; asks the governor once voting is over. */
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
  return {
    get current() {
      return stageOf(proposal(), clock.now, verdict.data);
    },
  };
}
