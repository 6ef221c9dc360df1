import type { ResultOf } from '@openledger/sdk/graph';
import type { payerQuery, payerReceiptsQuery } from '#lib/graph/queries/payer.ts';

export type PayerChannel = ResultOf<typeof payerQuery>['channels'][number];
export type PayerEscrow = ResultOf<typeof payerQuery>['escrowAccounts'][number];
export type PayerReceipt = ResultOf<typeof payerReceiptsQuery>['batchReceipts'][number];
export type PayerRefund = ResultOf<typeof payerQuery>['refunds'][number];
