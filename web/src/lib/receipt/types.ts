import type { ResultOf } from '@openledger/sdk/graph';
import type { receiptQuery } from '#lib/graph/queries/receipts.ts';

/** A receipt in a settled batch, as the subgraph shows it. */
export type SettledReceipt = ResultOf<typeof receiptQuery>['batchReceipts'][number];
export type SettledBatch = SettledReceipt['batch'];
