import type { ResultOf } from '@openledger/sdk/graph';
import type { earnersQuery } from '#lib/graph/queries/analytics.ts';
import type { Span } from './span.ts';

/** An account that was paid. */
export type Earner = ResultOf<typeof earnersQuery>['accounts'][number];

/** Where a figure comes from: events of the chain, or files that operators pin and settle by their hash. */
export type Origin = 'chain' | 'declared';

/** What an aggregation is asked by: `since` in microseconds, and whether the interval that is not over counts. */
export type SeriesVariables = { interval: Span['unit']; since: string; current: 'include' | 'exclude' };

/** Rows of a figure for a file: the header names the columns. */
export type Sheet = { header: string[]; rows: (string | number | bigint)[][] };
