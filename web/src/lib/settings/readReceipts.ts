import type { Graph } from '@openledger/sdk/graph';
import { payerReceiptsQuery } from '#lib/graph/queries/payer.ts';
import type { PayerReceipt } from './types.ts';

/** Rows that the subgraph gives at a time. */
const PAGE = 1000;

/** Every settled receipt that a payer paid for, page after page. */
export async function readReceipts(graph: Pick<Graph, 'read'>, payer: string): Promise<PayerReceipt[]> {
  const receipts: PayerReceipt[] = [];
  for (;;) {
    const last = receipts.at(-1)?.id;
    // What a void batch had charged was given back, or is charged again by another.
    const where = { payer, batch_: { status_not: 'VOID' as const }, ...(last ? { id_gt: last } : {}) };
    const { batchReceipts } = await graph.read(payerReceiptsQuery, { where });
    receipts.push(...batchReceipts);
    if (batchReceipts.length < PAGE) return receipts;
  }
}
