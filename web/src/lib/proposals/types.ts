import type { FragmentOf, ResultOf } from '@openledger/sdk/graph';
import { readFragment } from '@openledger/sdk/graph';
import { modelProposalFields, type modelProposalQuery } from '#lib/graph/queries/proposals.ts';

type Full = NonNullable<ResultOf<typeof modelProposalQuery>['modelProposal']>;

export type ProposalSummary = ReturnType<typeof readSummary>;
export type ProposalDetail = ReturnType<typeof readDetail>;
export type Approval = Full['datanets'][number];
export type Backing = Full['backings'][number];
export type Step = Full['steps'][number];
export type Quote = NonNullable<Full['job']>['quotes'][number];

export function readSummary(data: FragmentOf<typeof modelProposalFields>) {
  return readFragment(modelProposalFields, data);
}

/** Everything about one proposal: what lists show of it, and the rest. */
export function readDetail(data: Full) {
  const { spec, ...rest } = data;
  return { ...readSummary(data), ...rest, document: spec };
}
