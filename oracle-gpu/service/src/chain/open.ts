import { openLedgerDomain } from '@openledger/sdk';
import type { Address } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Config } from '../config.ts';
import { openClient } from './client.ts';
import { openContracts } from './contracts.ts';

export type Chain = Awaited<ReturnType<typeof openChain>>;

/** The chain as this operator sees it: reads, its own account, EIP-712 domains. Throws when the node serves another chain. */
export async function openChain(config: Pick<Config, 'rpcUrl' | 'deployment' | 'operatorKey' | 'pollMs'>) {
  const { deployment } = config;
  const contracts = openContracts(deployment);
  const client = await openClient(config);
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
