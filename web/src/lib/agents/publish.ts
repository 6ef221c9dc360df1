import { type AgentManifestJson, agentManifestHash, agentRegistryAbi } from '@openledger/sdk';
import { parseEventLogs, zeroAddress } from 'viem';
import { parseOpen } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';
import type { DraftData } from './draftManifest.ts';

const contractOf = (app: App) => ({ address: app.address('AgentRegistry'), abi: agentRegistryAbi }) as const;

/** An agent's terms: a price per step, split between its creator and whoever runs it. */
export function agentTerms(data: Pick<DraftData, 'price' | 'operator'>) {
  const operatorBps = Math.round(data.operator * 100);
  return {
    operatorBps,
    developerBps: 10_000 - operatorBps,
    parentsBps: 0,
    backersBps: 0,
    contributorsBps: 0,
    parents: zeroAddress,
    backers: zeroAddress,
    promptPrice: 0n,
    completionPrice: 0n,
    retrievalPrice: 0n,
    agentStepPrice: parseOpen(data.price) ?? 0n,
  };
}

/** Pins the manifest and creates the agent; returns its number. */
export async function publishAgent(app: App, manifest: AgentManifestJson, data: DraftData): Promise<number> {
  const { cid } = await app.gateway.uploadDocument(manifest);
  const { logs } = await transact(app, {
    ...contractOf(app),
    title: m.agent_create_title({ name: manifest.name }),
    functionName: 'create',
    args: [manifest.name, cid, agentManifestHash(manifest), agentTerms(data)],
  });
  const [created] = parseEventLogs({ abi: agentRegistryAbi, logs, eventName: 'AgentCreated' });
  if (!created) throw new Error(m.fault_unknown());
  return created.args.agentId;
}

/** Pins the manifest and makes it the agent's next version. */
export async function updateAgent(app: App, agentId: number, manifest: AgentManifestJson): Promise<void> {
  const { cid } = await app.gateway.uploadDocument(manifest);
  await transact(app, {
    ...contractOf(app),
    title: m.agent_update_title({ name: manifest.name }),
    functionName: 'update',
    args: [agentId, cid, agentManifestHash(manifest)],
  });
}

/** Adds stake; `amount` in wei. */
export async function stakeAgent(app: App, agent: { number: number; name: string }, amount: bigint): Promise<void> {
  const contract = contractOf(app);
  const title = m.agent_stake_title({ name: agent.name });
  await ensureAllowance(app, contract.address, amount, title);
  await transact(app, { ...contract, title, functionName: 'addStake', args: [agent.number, amount] });
}
