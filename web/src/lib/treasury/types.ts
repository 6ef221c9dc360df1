import type { ResultOf } from '@openledger/sdk/graph';
import type { incomeSeriesQuery, treasuryQuery } from '#lib/graph/queries/treasury.ts';

type Treasury = ResultOf<typeof treasuryQuery>;
export type Stream = Treasury['treasuryStreams'][number];
export type Spend = Treasury['treasurySpends'][number];
export type Category = Treasury['treasuryCategories'][number];
export type IncomeRow = ResultOf<typeof incomeSeriesQuery>['treasuryIncomeStats_collection'][number];
