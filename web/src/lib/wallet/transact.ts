import { errorsAbi, gasWithMargin } from '@openledger/sdk';
import { toast } from 'svelte-sonner';
import type { Abi, Address, ContractFunctionArgs, ContractFunctionName, Hash, Log, TransactionReceipt } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';
import TransactionToast from '#lib/shell/TransactionToast.svelte';
import { Transaction } from './transaction.svelte.ts';

type WriteName<A extends Abi> = ContractFunctionName<A, 'nonpayable' | 'payable'>;

/** One call that changes the chain, and its name for the person who signs it. */
export type Write<A extends Abi, N extends WriteName<A>> = {
  title: string;
  address: Address;
  abi: A;
  functionName: N;
  args: ContractFunctionArgs<A, 'nonpayable' | 'payable', N>;
};

export type Written = { receipt: TransactionReceipt; logs: Log[] };

/** How long to wait for the index before saying that it is behind, in milliseconds. */
const INDEX_PATIENCE = 45_000;

/**
 * The one way to write to the chain: simulate (so that a refusal is explained before anything is signed), ask the
 * wallet, wait for the block, then for the index, then read everything on the page again.
 * Rejects with the error it has already shown.
 */
export function transact<const A extends Abi, N extends WriteName<A>>(app: App, write: Write<A, N>): Promise<Written> {
  return follow(app, write.title, async () => {
    const { client, address } = await app.wallet.ready();
    const call = {
      address: write.address,
      abi: [...write.abi, ...errorsAbi] as Abi,
      functionName: write.functionName as string,
      args: write.args as readonly unknown[],
      account: address,
    };
    const { request } = await app.chain.simulateContract(call);
    const gas = gasWithMargin(await app.chain.estimateContractGas(call));
    return client.writeContract({ ...request, gas, account: client.account ?? address });
  });
}

/**
 * The second half of it, for what somebody else sends too: shows the transaction of `send` until the index has it.
 * @param send has it signed and on its way, and returns its hash
 */
export async function follow(app: App, title: string, send: () => Promise<Hash>): Promise<Written> {
  const transaction = new Transaction(title);
  const id = toast.custom(TransactionToast, { componentProps: { transaction }, duration: Number.POSITIVE_INFINITY });
  try {
    const hash = await send();
    transaction.hash = hash;
    transaction.phase = 'confirming';
    const receipt = await app.chain.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error('reverted');
    transaction.phase = 'confirmed';
    if (await indexed(app, receipt.blockNumber)) transaction.phase = 'indexed';
    else transaction.late = true;
    await app.queryClient.invalidateQueries();
    setTimeout(() => toast.dismiss(id), 4000);
    return { receipt, logs: receipt.logs };
  } catch (error) {
    transaction.error = error;
    throw error;
  }
}

/** Waits until the index has read `block`. False when it is too slow. */
export async function indexed(app: App, block: bigint): Promise<boolean> {
  const until = Date.now() + INDEX_PATIENCE;
  while (Date.now() < until) {
    const head = await app.indexHead().catch(() => 0n);
    if (head >= block) return true;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  return false;
}
