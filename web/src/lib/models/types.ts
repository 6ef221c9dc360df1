import type { ResultOf } from '@openledger/sdk/graph';
import type { modelQuery, modelsQuery, termsFields } from '#lib/graph/queries/models.ts';

export type ModelDetail = NonNullable<ResultOf<typeof modelQuery>['model']>;
export type ReleaseDetail = ModelDetail['releases'][number];
export type TermsDetail = ResultOf<typeof termsFields>;
/** A model as lists show it. */
export type ListedModel = ResultOf<typeof modelsQuery>['models'][number];
