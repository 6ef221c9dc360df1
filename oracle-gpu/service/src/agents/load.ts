import { type AgentManifest, readAgentManifest } from '@openledger/sdk';
import type { Hex } from 'viem';
import { cached } from '../cached.ts';
import type { Context } from '../context.ts';
import { agentReleases } from '../db/schema.ts';
import { ServiceError, sentence } from '../errors.ts';
import type { ServedModel } from '../gateway/resolveModel.ts';
import { FileMissing, IpfsUnreachable, readVerified } from '../ipfs/readVerified.ts';
import { releaseOfAgent } from '../releases.ts';

/** An agent that can run, with the release, the terms and the owner that its receipts state. */
export type ServedAgent = { agentId: number; version: number; manifestHash: Hex; manifest: AgentManifest; model: ServedModel };

/** States of an agent as the contract counts them. */
const agentState = { none: 0, paused: 1, active: 2, retired: 3 };

const agentName = /^agent\/([1-9]\d{0,9})$/;
const most = 0xffff_ffff;

/** The agent that a call's `model` names; undefined where it names none. */
export function agentIdOf(name: string): number | undefined {
  const id = Number(agentName.exec(name)?.[1] ?? 0);
  return id > 0 && id <= most ? id : undefined;
}

/** How long what the chain says of an agent is believed, ms. */
const brief = 3_000;

export type Agents = ReturnType<typeof createAgents>;

/** The agents of this chain. Any of them can be called here: what it needs is in its manifest. */
export function createAgents({ chain, facts, db, ipfs }: Pick<Context, 'chain' | 'facts' | 'db' | 'ipfs'>) {
  const { client } = chain;
  const { agents: registry } = chain.contracts;
  const onChain = cached(brief, async (id) => {
    const [agent, minimumStake] = await Promise.all([
      client.readContract({ ...registry, functionName: 'agent', args: [Number(id)] }),
      client.readContract({ ...registry, functionName: 'minimumStake' }),
    ]);
    return agent.state === agentState.none ? undefined : { ...agent, minimumStake };
  });
  const count = cached(brief, () => client.readContract({ ...registry, functionName: 'agentCount' }));
  /** By CID and the hash that the chain has of it. */
  const manifests = cached(3_600_000, (key) => read(ipfs, ...(key.split(' ') as [string, Hex])), 256);
  const isKept = new Set<string>();

  /** What a receipt's release is made from, kept for as long as there are receipts. */
  async function keep(row: typeof agentReleases.$inferInsert): Promise<void> {
    if (isKept.has(row.releaseHash)) return;
    await db.insert(agentReleases).values(row).onConflictDoNothing();
    isKept.add(row.releaseHash);
  }

  async function load(agentId: number): Promise<ServedAgent> {
    const found = await onChain.get(String(agentId));
    if (!found)
      throw new ServiceError(404, 'agent_not_found', `There is no agent/${agentId} on this chain: choose one of GET /v1/models.`);
    requireActive(agentId, found);
    const { version, modelId, manifestCid } = found;
    const { manifest, manifestHash } = await manifests.get(`${manifestCid} ${found.manifestHash}`);
    const release = releaseOfAgent({ agentId, version, modelId, manifestHash, manifestCid });
    await keep({ releaseHash: release.releaseHash, agentId, version, modelId, manifestHash, manifestCid });
    const { termsVersion, developer } = await facts.model(modelId);
    const terms = await facts.terms(modelId, termsVersion);
    return {
      agentId,
      version,
      manifestHash,
      manifest,
      model: { release, termsVersion, terms, developer, name: `agent/${agentId}` },
    };
  }

  return {
    load,

    /** Ids of all agents, rising. */
    list: async (): Promise<number[]> => Array.from({ length: await count.get('') }, (_, index) => index + 1),

    /** The same as `load`, but undefined for one that cannot run. */
    loadIfActive: (agentId: number): Promise<ServedAgent | undefined> =>
      load(agentId).catch((error: unknown) => {
        if (error instanceof ServiceError && error.status < 500) return undefined;
        throw error;
      }),
  };
}

function requireActive(agentId: number, { state, stake, minimumStake }: { state: number; stake: bigint; minimumStake: bigint }) {
  const name = `agent/${agentId}`;
  if (state === agentState.retired)
    throw new ServiceError(410, 'agent_retired', `${name} was closed by its owner for ever: choose another one.`);
  if (state !== agentState.active)
    throw new ServiceError(
      409,
      'agent_paused',
      `${name} is paused: its owner opens it again once it has the stake, or choose another.`,
    );
  if (stake < minimumStake)
    throw new ServiceError(
      409,
      'agent_understaked',
      `${name} has ${stake} wei at stake and ${minimumStake} are needed: its owner, or anybody, can add to it.`,
      { stake: stake.toString(), required: minimumStake.toString() },
    );
}

async function read(ipfs: Context['ipfs'], cid: string, hash: Hex): Promise<ReturnType<typeof readAgentManifest>> {
  const refuse = (code: string, message: string) => new ServiceError(422, code, message, { manifestCid: cid });
  let bytes: Uint8Array;
  try {
    bytes = await readVerified(ipfs, cid);
  } catch (error) {
    if (error instanceof IpfsUnreachable)
      throw new ServiceError(503, 'ipfs_unreachable', 'The manifest of the agent cannot be read now: try again in a minute.', {
        retryAfter: 5,
      });
    if (error instanceof FileMissing)
      throw refuse('agent_manifest_missing', `The manifest of the agent is not on IPFS: its owner must pin ${cid}.`);
    throw error;
  }
  let found: ReturnType<typeof readAgentManifest>;
  try {
    found = readAgentManifest(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse('agent_manifest_malformed', `The agent cannot run: ${sentence(error)} Its owner must publish another version.`);
  }
  if (found.manifestHash !== hash)
    throw refuse(
      'agent_manifest_mismatch',
      `The manifest of the agent hashes to ${found.manifestHash}, the chain names ${hash}: its owner must publish it anew.`,
    );
  return found;
}
