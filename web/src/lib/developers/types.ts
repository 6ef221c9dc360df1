import type { ResultOf } from '@openledger/sdk/graph';
import type { developerQuery } from '#lib/graph/queries/developers.ts';

export type Developer = ResultOf<typeof developerQuery>;
export type DeveloperModel = Developer['models'][number];
/** What the developer earned by one release in one batch. */
export type Earning = Developer['releaseEarnings'][number];
