import { type Address, createWalletClient, type Hex, http, type TransactionReceipt } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import type { Source } from './source.ts';

/** Sends a transaction with three tenths more gas than it takes now, and waits for it. */
export async function sendFrom(
  { client, rpcUrl, account }: Pick<Source, 'client'> & { rpcUrl: string; account: PrivateKeyAccount },
  to: Address,
  data: Hex,
): Promise<TransactionReceipt> {
  const wallet = createWalletClient({ account, chain: client.chain, transport: http(rpcUrl) });
  const gas = await client.estimateGas({ account, to, data });
  const hash = await wallet.sendTransaction({ to, data, gas: (gas * 13n) / 10n });
  return client.waitForTransactionReceipt({ hash, timeout: 120_000 });
}
