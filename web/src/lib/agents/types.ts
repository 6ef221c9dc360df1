import type { FragmentOf, ResultOf } from '@openledger/sdk/graph';
import { readFragment } from '@openledger/sdk/graph';
import { agentFields, type agentQuery } from '#lib/graph/queries/agents.ts';
import { termsFields } from '#lib/graph/queries/models.ts';

type Full = NonNullable<ResultOf<typeof agentQuery>['agent']>;

export type AgentSummary = ReturnType<typeof readAgent>;
export type AgentDetail = ReturnType<typeof readAgentDetail>;
export type AgentEvent = Full['events'][number];
export type AgentVersion = Full['versions'][number];
export type AgentPart = NonNullable<NonNullable<Full['latestVersion']>['manifest']>['parts'][number];

/** What lists show of an agent, with its price in wei per step and what its runs add up to. */
export function readAgent(data: FragmentOf<typeof agentFields>) {
  const agent = readFragment(agentFields, data);
  const terms = agent.model.terms ? readFragment(termsFields, agent.model.terms) : undefined;
  const usage = agent.model.releases.flatMap(({ usage }) => usage);
  return {
    ...agent,
    terms,
    stepPrice: BigInt(terms?.agentStepPrice ?? '0'),
    runs: usage.reduce((sum, { callCount }) => sum + Number(callCount), 0),
    steps: usage.reduce((sum, { agentSteps }) => sum + Number(agentSteps), 0),
    fees: usage.reduce((sum, { fees }) => sum + BigInt(fees), 0n),
  };
}

/** Everything about one agent: what lists show of it, and the rest. */
export function readAgentDetail(data: Full) {
  const { latestVersion, ...rest } = data;
  return { ...readAgent(data), ...rest, latest: latestVersion };
}
