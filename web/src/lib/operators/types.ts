import type { ResultOf } from '@openledger/sdk/graph';
import type { operatorFields, operatorQuery } from '#lib/graph/queries/operators.ts';

export type OperatorRow = ResultOf<typeof operatorFields>;
export type OperatorDetail = NonNullable<ResultOf<typeof operatorQuery>['operator']>;
export type OperatorChallenge = ResultOf<typeof operatorQuery>['challenges'][number];
export type OperatorBatch = ResultOf<typeof operatorQuery>['batches'][number];
