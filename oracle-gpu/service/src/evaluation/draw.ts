import { type EvaluationItem, evaluationItemSchema, evaluationLimits } from '@openledger/sdk';
import { concat, type Hex, keccak256 } from 'viem';
import type { GatheredRecord } from '../datanets/gather.ts';
import { ServiceError } from '../errors.ts';

/** A record that is one question and its answer, as an item. */
function itemOf({ messages }: GatheredRecord): EvaluationItem | undefined {
  const [question, answer] = messages;
  if (messages.length !== 2 || question?.role !== 'user' || answer?.role !== 'assistant') return undefined;
  return evaluationItemSchema.safeParse({ question: question.content, expected: answer.content }).data;
}

/**
 * `count` items from as many clusters, in the order of keccak256(salt ‖ cluster): whoever knows the salt can draw them
 * again. At least half of the clusters are left to train on; else it throws.
 */
export function drawItems(
  records: readonly GatheredRecord[],
  count: number,
  salt: Hex,
): { items: EvaluationItem[]; recordIds: Hex[] } {
  const byCluster = new Map<Hex, { item: EvaluationItem; recordId: Hex }>();
  for (const record of records) {
    const item = itemOf(record);
    if (item && !byCluster.has(record.cluster)) byCluster.set(record.cluster, { item, recordId: record.recordId });
  }
  const clusters = new Set(records.map(({ cluster }) => cluster)).size;
  const most = Math.min(byCluster.size, Math.floor(clusters / 2), evaluationLimits.most);
  if (count > most)
    throw new ServiceError(
      400,
      'too_few_records',
      most < evaluationLimits.fewest
        ? `These datanets have too few different questions to hold ${evaluationLimits.fewest} back: bring your own.`
        : `At most ${most} questions can be held back of these datanets: ask for fewer.`,
      { most },
    );
  const order = [...byCluster].map(([cluster, drawn]) => ({ ...drawn, rank: keccak256(concat([salt, cluster])) }));
  order.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const taken = order.slice(0, count);
  return { items: taken.map(({ item }) => item), recordIds: taken.map(({ recordId }) => recordId) };
}
