import type { Hex, PublicClient } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { agentRegistryAbi, modelRegistryAbi } from '../generated/abis.ts';
import type { Release } from '../release/release.ts';
import { releaseHash } from '../release/releaseHash.ts';
import { agentRelease } from './agentRelease.ts';

/**
 * What a release hash is over, where the release is a version of an agent: it follows from what the chain has of the agent,
 * and no file is read. Undefined for a model's release, and for one that no model has.
 */
export async function readAgentRelease(
  client: Pick<PublicClient, 'readContract'>,
  deployment: Deployment,
  hash: Hex,
): Promise<Release | undefined> {
  const models = { address: contractAddress(deployment, 'ModelRegistry'), abi: modelRegistryAbi } as const;
  const agents = { address: contractAddress(deployment, 'AgentRegistry'), abi: agentRegistryAbi } as const;
  const modelId = await client.readContract({ ...models, functionName: 'modelOf', args: [hash] });
  if (modelId === 0) return undefined;
  const agentId = await client.readContract({ ...agents, functionName: 'agentOfModel', args: [modelId] });
  if (agentId === 0) return undefined;
  const { version: latest } = await client.readContract({ ...agents, functionName: 'agent', args: [agentId] });
  for (let version = latest; version > 0; version -= 1) {
    const [manifestHash] = await client.readContract({ ...agents, functionName: 'manifestAt', args: [agentId, version] });
    const release = agentRelease(manifestHash, agentId, version);
    if (releaseHash(release) === hash) return release;
  }
  return undefined; // the owner of an agent's model may add releases that are no version of the agent
}
