import type { ResultOf } from '@openledger/sdk/graph';
import type { jobQuery } from '#lib/graph/queries/jobs.ts';

export type Job = NonNullable<ResultOf<typeof jobQuery>['trainingJob']>;
export type QuoteLine = Pick<Job['quotes'][number], 'id' | 'operator' | 'price' | 'duration' | 'checkpoints'>;
