import type { ResultOf } from '#lib/graph/graphql.ts';
import type { receiptQuery } from '#lib/graph/queries/receipts.ts';

/** A receipt in a settled batch, as the subgraph shows it. */
export type SettledReceipt = ResultOf<typeof receiptQuery>['batchReceipts'][number];
export type SettledBatch = SettledReceipt['batch'];
