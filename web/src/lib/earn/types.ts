import type { ResultOf } from '#lib/graph/graphql.ts';
import type { earningsQuery } from '#lib/graph/queries/earn.ts';

export type Earnings = ResultOf<typeof earningsQuery>;
export type { Rewards } from '@openledger/sdk';
