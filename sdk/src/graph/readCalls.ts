import type { Hex } from 'viem';
import { callsQuery, type SettledCall } from './callsQuery.ts';
import type { Graph } from './createGraph.ts';
import { readAll } from './readAll.ts';

/**
 * Settled calls of batches that were not voided.
 * @param since Unix seconds
 * @param most reading ends once there are so many
 * @returns `isWhole` says whether these are all
 */
export async function readCalls(
  graph: Pick<Graph, 'read'>,
  since: number,
  most?: number,
): Promise<{ calls: SettledCall[]; isWhole: boolean }> {
  const read = async (after: Hex) => {
    const { batchReceipts } = await graph.read(callsQuery, { since: String(since), after });
    return batchReceipts;
  };
  const { rows, isWhole } = await readAll(read, most);
  return { calls: rows, isWhole };
}
