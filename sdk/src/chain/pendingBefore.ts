import { readSettled, type SettledBatch, type SettlementSource, settledEvents } from './settledBatch.ts';

/** The batches before that one that are pending, in order: each is found by the hash that the next one names. */
export async function pendingBefore(source: SettlementSource, fromBlock: bigint, batch: SettledBatch): Promise<SettledBatch[]> {
  const { client, contracts } = source;
  const { operator } = batch;
  const { finalized } = await client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] });
  const earlier: SettledBatch[] = [];
  for (let at = batch; at.batchIndex > finalized + 1; ) {
    const of = { operator, batchIndex: at.batchIndex - 1, headerHash: at.header.body.previousHash };
    const [event] = await settledEvents(source, { fromBlock }, of);
    if (!event) break;
    at = await readSettled(source, event);
    earlier.unshift(at);
  }
  return earlier;
}
