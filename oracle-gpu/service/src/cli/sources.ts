import type { Deployment } from '@openledger/sdk';
import { openClient } from '../chain/client.ts';
import { openContracts } from '../chain/contracts.ts';
import { readDeployment } from '../config.ts';
import { openIpfs } from '../ipfs/client.ts';

/** Options that say where chain, contracts and files are. */
export const sourceOptions = {
  rpc: { type: 'string' },
  deployment: { type: 'string' },
  ipfs: { type: 'string' },
} as const;

type Given = { rpc?: string | undefined; deployment?: string | undefined; ipfs?: string | undefined };

const local = { rpc: 'http://127.0.0.1:8545', ipfs: 'http://127.0.0.1:5001', deployment: '.openledger/deployments/31337.json' };

/** The deployment file as parsed; the local stack's unless another is named. */
export function deploymentOf({ deployment }: Given): Deployment {
  return readDeployment(deployment ?? process.env.OPENLEDGER_DEPLOYMENT ?? local.deployment);
}

/** The chain and the contracts on it. Throws one sentence when nothing answers or it is another chain. */
export async function openChainOf(given: Given) {
  const deployment = deploymentOf(given);
  const rpcUrl = urlOf('--rpc', given.rpc ?? process.env.OPENLEDGER_RPC_URL ?? local.rpc);
  try {
    const client = await openClient({ rpcUrl, deployment, pollMs: 1_000 });
    return { client, contracts: openContracts(deployment), deployment, rpcUrl };
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('The node at')) throw error; // another chain
    throw new Error(`No chain answers at ${rpcUrl}: start it, or name another with --rpc.`);
  }
}

/** The IPFS node (Kubo's RPC) that files come from; each is checked against its CID. */
export function openIpfsOf(given: Given) {
  return openIpfs(urlOf('--ipfs', given.ipfs ?? process.env.OPENLEDGER_IPFS_URL ?? local.ipfs));
}

function urlOf(option: string, text: string): string {
  if (!URL.canParse(text)) throw new Error(`${option} must be an address like ${local.rpc}, not "${text}".`);
  return text;
}
