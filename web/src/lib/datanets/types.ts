import type { FragmentOf, ResultOf } from '@openledger/sdk/graph';
import type { contributionFields, datanetQuery, grantsQuery } from '#lib/graph/queries/datanets.ts';

export type DatanetDetail = NonNullable<ResultOf<typeof datanetQuery>['datanet']>;
export type Contribution = ResultOf<typeof contributionFields>;
export type ContributionRef = FragmentOf<typeof contributionFields>;
export type GrantDetail = ResultOf<typeof grantsQuery>['grants'][number];
