import type { ResultOf } from '@openledger/sdk/graph';
import type { proposalFields, proposalQuery } from '#lib/graph/queries/governance.ts';

export type Proposal = ResultOf<typeof proposalFields>;
export type Vote = NonNullable<ResultOf<typeof proposalQuery>['proposal']>['votes'][number];
