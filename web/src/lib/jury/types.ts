import type { ResultOf } from '@openledger/sdk/graph';
import type { caseFields, dutiesQuery } from '#lib/graph/queries/jury.ts';

export type JuryCase = ResultOf<typeof caseFields>;
export type Duty = ResultOf<typeof dutiesQuery>['juryVotes'][number];
