import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import {
  AgentActivated,
  AgentCreated,
  AgentPaused,
  AgentRetired,
  AgentSlashed,
  AgentStaked,
  AgentUnstaked,
  AgentUpdated,
  AgentWithdrawn,
} from '../generated/AgentRegistry/AgentRegistry';
import { Agent, AgentEvent, AgentVersion, Model } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { eventId, numberId, versionId } from './entities/ids';
import { loadProtocol, ZERO } from './entities/protocol';

/** Saves an agent with what happened to it. */
function record(event: ethereum.Event, agent: Agent, kind: string, actor: Address, amount: BigInt | null): AgentEvent {
  agent.save();
  const entry = new AgentEvent(eventId(event));
  entry.agent = agent.id;
  entry.kind = kind;
  entry.actor = touch(actor, event).id;
  entry.amount = amount;
  entry.stake = agent.stake;
  entry.unbonding = agent.unbonding;
  entry.timestamp = event.block.timestamp;
  entry.transactionHash = event.transaction.hash;
  return entry;
}

function feed(event: ethereum.Event, kind: string, actor: Address, agent: Agent, amount: BigInt | null): void {
  const entry = activity(event, kind, actor);
  entry.model = agent.model;
  entry.amount = amount;
  entry.save();
}

export function handleAgentCreated(event: AgentCreated): void {
  const agent = new Agent(numberId(event.params.agentId));
  agent.number = event.params.agentId.toI32();
  agent.model = numberId(event.params.modelId);
  agent.creator = touch(event.params.creator, event).id;
  agent.name = event.params.name;
  agent.state = 'PAUSED';
  agent.version = 0;
  agent.stake = ZERO;
  agent.unbonding = ZERO;
  agent.slashed = ZERO;
  agent.slashCount = 0;
  agent.createdAt = event.block.timestamp;
  agent.updatedAt = event.block.timestamp;
  agent.transactionHash = event.transaction.hash;
  record(event, agent, 'CREATED', event.params.creator, null).save();

  // The registry made the model for its creator.
  const model = Model.load(agent.model)!;
  model.agent = agent.id;
  model.developer = agent.creator;
  model.save();
  feed(event, 'AGENT_CREATED', event.params.creator, agent, null);
  const totals = loadProtocol();
  totals.agentCount += 1;
  totals.save();
}

export function handleAgentUpdated(event: AgentUpdated): void {
  const version = new AgentVersion(versionId(event.params.agentId, event.params.version));
  version.agent = numberId(event.params.agentId);
  version.version = event.params.version.toI32();
  version.release = event.params.releaseHash;
  version.manifestHash = event.params.manifestHash;
  version.manifestCid = event.params.manifestCid;
  version.manifest = requestFile('AgentManifest', event.params.manifestCid);
  version.actor = touch(event.params.actor, event).id;
  version.timestamp = event.block.timestamp;
  version.transactionHash = event.transaction.hash;
  version.save();

  const agent = Agent.load(version.agent)!;
  agent.version = version.version;
  agent.latestVersion = version.id;
  agent.updatedAt = event.block.timestamp;
  record(event, agent, 'UPDATED', event.params.actor, null).save();
}

export function handleAgentStaked(event: AgentStaked): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.stake = event.params.stake;
  record(event, agent, 'STAKED', event.params.actor, event.params.amount).save();
}

export function handleAgentActivated(event: AgentActivated): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.state = 'ACTIVE';
  record(event, agent, 'ACTIVATED', event.params.actor, null).save();
  feed(event, 'AGENT_ACTIVATED', event.params.actor, agent, null);
}

export function handleAgentPaused(event: AgentPaused): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.state = 'PAUSED';
  record(event, agent, 'PAUSED', event.params.actor, null).save();
}

export function handleAgentUnstaked(event: AgentUnstaked): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.stake = event.params.stake;
  agent.unbonding = event.params.unbonding;
  agent.unbondsAt = event.params.unbondsAt;
  record(event, agent, 'UNSTAKED', event.params.actor, event.params.amount).save();
}

export function handleAgentWithdrawn(event: AgentWithdrawn): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.unbonding = ZERO;
  agent.unbondsAt = null;
  record(event, agent, 'WITHDRAWN', event.params.actor, event.params.amount).save();
}

export function handleAgentRetired(event: AgentRetired): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.state = 'RETIRED';
  record(event, agent, 'RETIRED', event.params.actor, null).save();
}

export function handleAgentSlashed(event: AgentSlashed): void {
  const agent = Agent.load(numberId(event.params.agentId))!;
  agent.stake = event.params.stake;
  agent.unbonding = event.params.unbonding;
  if (agent.unbonding.equals(ZERO)) agent.unbondsAt = null;
  agent.slashed = agent.slashed.plus(event.params.amount);
  agent.slashCount += 1;
  const entry = record(event, agent, 'SLASHED', event.params.actor, event.params.amount);
  entry.reason = event.params.reason;
  entry.save();
  feed(event, 'AGENT_SLASHED', event.params.actor, agent, event.params.amount);
}
