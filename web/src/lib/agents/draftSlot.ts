import { type AgentManifestJson, agentRegistryAbi, readAgentManifest } from '@openledger/sdk';
import type { Hex } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';

/** Where this browser keeps a draft, apart for every deployment and every agent that is changed. */
export const draftSlot = (app: App, agentId: number | undefined): string =>
  `openledger.agent.${app.config.chainId}.${app.address('AgentRegistry')}.${agentId ?? 'new'}`.toLowerCase();

/** The latest manifest of an agent, read from IPFS and compared with the hash on the chain. */
export async function loadManifest(app: App, agentId: number): Promise<AgentManifestJson> {
  const { manifestCid, manifestHash } = await app.chain.readContract({
    address: app.address('AgentRegistry'),
    abi: agentRegistryAbi,
    functionName: 'agent',
    args: [agentId],
  });
  const text = await app.gateway.readFile(manifestCid);
  if (hashOf(text) !== manifestHash) throw new Error(m.agent_manifest_broken());
  return JSON.parse(text) as AgentManifestJson;
}

/** Undefined where the file is no manifest. */
function hashOf(text: string): Hex | undefined {
  try {
    return readAgentManifest(text).manifestHash;
  } catch {
    return undefined;
  }
}
