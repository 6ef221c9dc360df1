import type { Graph } from '#lib/graph/client.ts';
import { callsQuery } from '#lib/graph/queries/analytics.ts';
import type { SettledCall } from './types.ts';

const PAGE = 1_000; // rows that the subgraph gives at a time
const MOST = 10_000; // calls that a browser adds up

/** Settled calls since a time in Unix seconds; `isWhole` says whether these are all. */
export async function readCalls(graph: Pick<Graph, 'read'>, since: number): Promise<{ calls: SettledCall[]; isWhole: boolean }> {
  const calls: SettledCall[] = [];
  while (calls.length < MOST) {
    const { batchReceipts } = await graph.read(callsQuery, { since: String(since), after: calls.at(-1)?.id ?? '0x' });
    calls.push(...batchReceipts);
    if (batchReceipts.length < PAGE) return { calls, isWhole: true };
  }
  return { calls, isWhole: false };
}
