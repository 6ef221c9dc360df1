import { parseJsonl, type TrainingRecord } from '@openledger/sdk';
import { readFragment } from '@openledger/sdk/graph';
import type { Hex } from 'viem';
import { keys } from '#lib/graph/keys.ts';
import { contributionFields, contributionsQuery } from '#lib/graph/queries/datanets.ts';
import type { App } from '#lib/shell/app.svelte.ts';

/** The records of contributions, by record id, read from the files the contributors published. */
export async function recordTexts(app: App, contributionIds: readonly number[]): Promise<Map<Hex, TrainingRecord>> {
  const ids = [...new Set(contributionIds)].map(String);
  const result = await app.graph.read(contributionsQuery, { where: { id_in: ids } });
  const files = await Promise.all(
    readFragment(contributionFields, result.contributions).map(({ cid }) =>
      cid
        ? app.queryClient.fetchQuery({
            queryKey: keys.file(cid),
            staleTime: Number.POSITIVE_INFINITY,
            queryFn: () => app.gateway.readFile(cid),
          })
        : '',
    ),
  );
  const texts = new Map<Hex, TrainingRecord>();
  for (const file of files) {
    const { records, recordIds } = parseJsonl(file);
    recordIds.forEach((id, index) => {
      const record = records[index];
      if (record) texts.set(id, record);
    });
  }
  return texts;
}

/** What a record answers: its last message. */
export function answerOf(record: TrainingRecord): string {
  return record.messages.at(-1)?.content ?? '';
}
