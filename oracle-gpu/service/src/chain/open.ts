import { openLedgerDomain } from '@openledger/sdk';
import { type Address, createPublicClient, defineChain, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Config } from '../config.ts';
import { openContracts } from './contracts.ts';

export type Chain = Awaited<ReturnType<typeof openChain>>;

/** The chain as this operator sees it: reads, its own account, EIP-712 domains. Throws when the node serves another chain. */
export async function openChain(config: Pick<Config, 'rpcUrl' | 'deployment' | 'operatorKey' | 'pollMs'>) {
  const { deployment } = config;
  const contracts = openContracts(deployment);
  const chain = defineChain({
    id: deployment.chainId,
    name: 'OpenLedger',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [config.rpcUrl] } },
  });
  const client = createPublicClient({
    chain,
    transport: http(config.rpcUrl, { batch: { wait: 1 }, retryCount: 2, timeout: 20_000 }),
    pollingInterval: config.pollMs,
    cacheTime: 0,
  });
  const served = await client.getChainId();
  if (served !== deployment.chainId) {
    throw new Error(
      `The node at OPENLEDGER_RPC_URL serves chain ${served}, the deployment is for ${deployment.chainId}: set one to fit the other.`,
    );
  }
  const account = privateKeyToAccount(config.operatorKey);
  return {
    client,
    contracts,
    account,
    operator: account.address.toLowerCase() as Address,
    chainId: deployment.chainId,
    voucherDomain: openLedgerDomain(deployment.chainId, contracts.escrow.address),
    receiptDomain: openLedgerDomain(deployment.chainId, contracts.settlement.address),
  };
}
