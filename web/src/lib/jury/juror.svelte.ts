import { juryAbi } from '@openledger/sdk';
import { createQuery } from '@tanstack/svelte-query';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** Numbers that the jury was made with: least stake, penalty and bond in wei, clocks in seconds. */
export function useJuryRules() {
  const app = useApp();
  return createQuery(() => ({
    queryKey: keys.juryRules(),
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => app.chain.readContract({ address: app.address('Jury'), abi: juryAbi, functionName: 'settings' }),
  }));
}

/** What the connected account has with the jury now: stake, what duties hold of it, what leaves, what it may fetch. */
export function useJuror() {
  const app = useApp();
  const jury = { address: app.address('Jury'), abi: juryAbi } as const;
  return createQuery(() => ({
    queryKey: keys.juror(app.wallet.address),
    enabled: app.wallet.address !== undefined,
    refetchInterval: 6_000,
    queryFn: async () => {
      const args = [app.wallet.address ?? '0x'] as const;
      const [juror, credit] = await Promise.all([
        app.chain.readContract({ ...jury, functionName: 'juror', args }),
        app.chain.readContract({ ...jury, functionName: 'credit', args }),
      ]);
      return { ...juror, credit };
    },
  }));
}
