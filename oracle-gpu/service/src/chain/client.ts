import type { Deployment } from '@openledger/sdk';
import { createPublicClient, defineChain, http } from 'viem';

export type ChainClient = Awaited<ReturnType<typeof openClient>>;

/** Reads of the chain that a deployment is on. Throws when the node serves another chain. */
export async function openClient(config: { rpcUrl: string; deployment: Deployment; pollMs: number }) {
  const { deployment, rpcUrl } = config;
  const chain = defineChain({
    id: deployment.chainId,
    name: 'OpenLedger',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  const client = createPublicClient({
    chain,
    transport: http(rpcUrl, { batch: { wait: 1 }, retryCount: 2, timeout: 20_000 }),
    pollingInterval: config.pollMs,
    cacheTime: 0,
  });
  const served = await client.getChainId();
  if (served !== deployment.chainId) {
    throw new Error(
      `The node at OPENLEDGER_RPC_URL serves chain ${served}, the deployment is for ${deployment.chainId}: set one to fit the other.`,
    );
  }
  return client;
}
