import { type ResultOf, readFragment } from '@openledger/sdk/graph';
import { roundFields, type roundQuery } from '#lib/graph/queries/rounds.ts';

export type Round = ResultOf<typeof roundFields>;
type Found = NonNullable<ResultOf<typeof roundQuery>['evaluationRound']>;
export type Judgement = Found['judgements'][number];
export type RoundDetail = Round & { judgements: Judgement[] };

export const readRound = (found: Found): RoundDetail => ({
  ...readFragment(roundFields, found),
  judgements: found.judgements,
});
