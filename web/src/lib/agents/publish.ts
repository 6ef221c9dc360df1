import { type AgentManifestJson, agentManifestHash, agentRegistryAbi, agentTerms, type Terms } from '@openledger/sdk';
import { parseEventLogs } from 'viem';
import { parseOpen } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';
import type { DraftData } from './draftManifest.ts';

const contractOf = (app: App) => ({ address: app.address('AgentRegistry'), abi: agentRegistryAbi }) as const;

/** Terms of a draft: its price per step, and what of it the operator keeps. */
export const termsOf = ({ price, operator }: Pick<DraftData, 'price' | 'operator'>): Terms =>
  agentTerms(Math.round(operator * 100), parseOpen(price) ?? 0n);

/** Pins the manifest and creates the agent; returns its number. */
export async function publishAgent(app: App, manifest: AgentManifestJson, data: DraftData): Promise<number> {
  const { cid } = await app.gateway.uploadDocument(manifest);
  const { logs } = await transact(app, {
    ...contractOf(app),
    title: m.agent_create_title({ name: manifest.name }),
    functionName: 'create',
    args: [manifest.name, cid, agentManifestHash(manifest), termsOf(data)],
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
