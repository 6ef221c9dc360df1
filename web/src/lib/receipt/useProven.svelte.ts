import { datanetRegistryAbi, type ReceiptBundle, verifySource } from '@openledger/sdk';
import { createQuery } from '@tanstack/svelte-query';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** Whether the sources of an answer stand in the datanet versions they name, as the chain has them. */
export function useProven(bundle: () => ReceiptBundle): {
  /** By a source's number; undefined until the chain was read. */
  of: (n: number) => boolean | undefined;
  /** Whether the chain could not be read. */
  readonly failed: boolean;
} {
  const app = useApp();
  const query = createQuery(() => {
    const { receiptHash, sources = [] } = bundle();
    return {
      queryKey: keys.proven(receiptHash),
      enabled: sources.length > 0,
      staleTime: Number.POSITIVE_INFINITY,
      queryFn: async () => {
        const proven = await Promise.all(
          sources.map(async (source) => {
            const root = await app.chain.readContract({
              address: app.address('DatanetRegistry'),
              abi: datanetRegistryAbi,
              functionName: 'versionRoot',
              args: [source.datanetId, source.version],
            });
            return [source.n, verifySource(source, root)] as const;
          }),
        );
        return new Map<number, boolean>(proven);
      },
    };
  });
  return {
    of: (n) => query.data?.get(n),
    get failed() {
      return query.isError;
    },
  };
}
