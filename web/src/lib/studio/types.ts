import type { ResultOf } from '#lib/graph/graphql.ts';
import type { jobQuery } from '#lib/graph/queries/jobs.ts';

export type Job = NonNullable<ResultOf<typeof jobQuery>['trainingJob']>;
