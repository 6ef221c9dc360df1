import type { dataRequestsAbi } from '@openledger/sdk';
import { type ContractFunctionArgs, createWalletClient, formatEther, type Hash, http } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import type { Source } from './source.ts';

type Arguments<N extends 'requestData' | 'requestRow'> = ContractFunctionArgs<typeof dataRequestsAbi, 'nonpayable', N>;
/** What is asked of a batch: leaves or parameters, or a row of an index. */
export type Question =
  | { functionName: 'requestData'; args: Arguments<'requestData'> }
  | { functionName: 'requestRow'; args: Arguments<'requestRow'> };

/** Who asks cannot pay the bond; says whom to send how much. */
export class NoBond extends Error {}

/**
 * Asks on chain for data of a batch: approves the bond, exactly, and asks. The question is tried before it is sent, so
 * that one which the contract refuses costs nothing and throws its reason.
 * @returns the transaction; undefined where somebody else's was first
 */
export async function askOnChain(
  { client, contracts, rpcUrl, account }: Source & { rpcUrl: string; account: PrivateKeyAccount },
  { functionName, args }: Question,
): Promise<{ transactionHash: Hash; bond: bigint } | undefined> {
  const { data, token } = contracts;
  const [bond, balance, allowance] = await Promise.all([
    client.readContract({ ...data, functionName: 'bond' }),
    client.readContract({ ...token, functionName: 'balanceOf', args: [account.address] }),
    client.readContract({ ...token, functionName: 'allowance', args: [account.address, data.address] }),
  ]);
  if (balance < bond)
    throw new NoBond(`${account.address} has no ${formatEther(bond)} OPEN for the bond to ask on chain: send it some.`);
  const wallet = createWalletClient({ account, chain: client.chain, transport: http(rpcUrl) });
  const wait = (hash: Hash) => client.waitForTransactionReceipt({ hash, timeout: 120_000 });
  if (allowance < bond) {
    const approve = { ...token, functionName: 'approve', args: [data.address, bond], account } as const;
    await wait(await wallet.writeContract((await client.simulateContract(approve)).request));
  }
  const { request } =
    functionName === 'requestData'
      ? await client.simulateContract({ ...data, functionName, args, account })
      : await client.simulateContract({ ...data, functionName, args, account });
  const { status, transactionHash } = await wait(
    await wallet.writeContract(request as Parameters<typeof wallet.writeContract>[0]),
  );
  return status === 'success' ? { transactionHash, bond } : undefined;
}
