import type { ReceiptBundle } from '@openledger/sdk';
import { createQuery } from '@tanstack/svelte-query';
import { useApp } from '#lib/shell/app.svelte.ts';
import { answerOf, recordTexts } from './recordTexts.ts';

/** Texts of the records of a receipt, by record id; empty until they are read. */
export function useTexts(bundle: () => ReceiptBundle | undefined): { readonly current: Map<string, string> } {
  const app = useApp();
  const query = createQuery(() => {
    const { records = [], sources = [] } = bundle() ?? {};
    const holders = [...records, ...sources.map(({ proof }) => proof)].map(({ contributionId }) => contributionId);
    const contributions = [...new Set(holders)].sort((a, b) => a - b);
    return {
      queryKey: ['texts', contributions],
      enabled: contributions.length > 0,
      staleTime: Number.POSITIVE_INFINITY,
      queryFn: async () => {
        const texts = await recordTexts(app, contributions);
        return new Map<string, string>([...texts].map(([id, record]) => [id, answerOf(record)]));
      },
    };
  });
  return {
    get current() {
      return query.data ?? new Map<string, string>();
    },
  };
}
