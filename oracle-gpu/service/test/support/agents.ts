// Agents of a test: their manifest pinned, registered, staked and open.
import { type AgentManifestJson, agentManifestHash, agentTerms } from '@openledger/sdk';
import { parseEventLogs } from 'viem';
import type { Actor } from './actors.ts';
import type { World } from './world.ts';

export const testTerms = agentTerms(1_000, 10n ** 15n);

/** A manifest that uses nothing, for tests to add to. */
export const bareManifest = {
  version: 1,
  name: 'Clerk',
  goal: 'Answers.',
  instructions: 'Be brief.',
  models: [],
  datanets: [],
  tools: [],
  agents: [],
  limits: { steps: 8, spend: String(5n * 10n ** 17n), seconds: 60 },
} satisfies Partial<AgentManifestJson>;

type Options = { manifestHash?: `0x${string}`; manifestCid?: string; isActive?: boolean };

/** @returns its id as calls name it */
export async function makeAgent(world: World, creator: Actor, manifest: AgentManifestJson, options: Options = {}) {
  const { contracts, transact, client, gateway } = world;
  const registry = contracts.agents;
  const cid = options.manifestCid ?? (await gateway.uploadDocument(manifest)).cid;
  const hash = options.manifestHash ?? agentManifestHash(manifest);
  const made = await transact(creator, registry, 'create', [manifest.name, cid, hash, testTerms]);
  const [event] = parseEventLogs({ abi: registry.abi, eventName: 'AgentCreated', logs: made.logs });
  const agentId = event?.args.agentId as number;
  const stake = await client.readContract({ ...registry, functionName: 'minimumStake' });
  const sponsor = await world.newActor(); // anybody may stake, and a creator of many agents runs out of OPEN
  await transact(sponsor, contracts.token, 'approve', [registry.address, stake]);
  await transact(sponsor, registry, 'addStake', [agentId, stake]);
  if (options.isActive !== false) await transact(creator, registry, 'activate', [agentId]);
  return { agentId, name: `agent/${agentId}`, modelId: event?.args.modelId as number };
}
