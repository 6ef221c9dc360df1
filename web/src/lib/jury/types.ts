import type { ResultOf } from '#lib/graph/graphql.ts';
import type { caseFields, dutiesQuery } from '#lib/graph/queries/jury.ts';

export type JuryCase = ResultOf<typeof caseFields>;
export type Duty = ResultOf<typeof dutiesQuery>['juryVotes'][number];
