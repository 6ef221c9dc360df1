import type { ResultOf } from '@openledger/sdk/graph';
import type { earningsQuery } from '#lib/graph/queries/earn.ts';

export type Earnings = ResultOf<typeof earningsQuery>;
export type { Rewards } from '@openledger/sdk';
