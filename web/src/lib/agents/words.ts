import { m } from '#lib/paraglide/messages.js';
import type { AgentEvent, AgentPart, AgentSummary } from './types.ts';

type Words = { text: string; tone: 'plain' | 'gain' | 'fault' | 'wait' | 'accent' };

export function stateWords(state: AgentSummary['state']): Words {
  switch (state) {
    case 'ACTIVE':
      return { text: m.agent_state_active(), tone: 'gain' };
    case 'PAUSED':
      return { text: m.agent_state_paused(), tone: 'wait' };
    case 'RETIRED':
      return { text: m.agent_state_retired(), tone: 'plain' };
  }
}

export function eventWords(kind: AgentEvent['kind']): string {
  return {
    CREATED: m.agent_event_created(),
    UPDATED: m.agent_event_updated(),
    STAKED: m.agent_event_staked(),
    ACTIVATED: m.agent_event_activated(),
    PAUSED: m.agent_event_paused(),
    UNSTAKED: m.agent_event_unstaked(),
    WITHDRAWN: m.agent_event_withdrawn(),
    RETIRED: m.agent_event_retired(),
    SLASHED: m.agent_event_slashed(),
  }[kind];
}

export function partWords(kind: AgentPart['kind']): string {
  return { MODEL: m.agent_models(), DATANET: m.agent_datanets(), TOOL: m.agent_tools(), AGENT: m.agent_agents() }[kind];
}
