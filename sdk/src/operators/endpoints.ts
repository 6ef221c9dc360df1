import type { Address, GetContractEventsReturnType, PublicClient } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { operatorRegistryAbi } from '../generated/abis.ts';

type Registered = GetContractEventsReturnType<typeof operatorRegistryAbi, 'OperatorRegistered', true>[number]['args'];
export type EndpointsClient = Pick<PublicClient, 'getContractEvents' | 'readContract'>;

/** Where each active operator says that its service is. */
export async function readEndpoints(client: EndpointsClient, deployment: Deployment): Promise<Map<Address, string>> {
  const registry = { address: contractAddress(deployment, 'OperatorRegistry'), abi: operatorRegistryAbi } as const;
  const fromBlock = BigInt(deployment.startBlock);
  const [registered, updated] = await Promise.all([
    client.getContractEvents({ ...registry, eventName: 'OperatorRegistered', fromBlock, strict: true }),
    client.getContractEvents({ ...registry, eventName: 'OperatorUpdated', fromBlock, strict: true }),
  ]);
  const endpoints = new Map<Address, string>();
  for (const { args } of [...registered, ...updated]) {
    const { operator, endpoint } = args as Registered;
    endpoints.set(operator, endpoint);
  }
  for (const operator of endpoints.keys()) {
    const isActive = await client.readContract({ ...registry, functionName: 'isActive', args: [operator] });
    if (!isActive) endpoints.delete(operator);
  }
  return endpoints;
}
