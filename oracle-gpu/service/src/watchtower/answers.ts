import { type Receipt, receiptHash, type SettledReceipt, type SignedReceipt } from '@openledger/sdk';
import { decodeFunctionData, type Hash, type Hex, isAddressEqual } from 'viem';
import type { Source } from '../chain/source.ts';

/** Most blocks asked for at once: what public nodes allow. */
const blocksAtOnce = 2_000n;
/** Blocks that are read again each time, since a reorganisation may have changed them. */
const reorgDepth = 64n;

/**
 * What operators answered requests on chain with: the receipt is signed in the transaction, so that nothing else may be
 * settled for the request's account.
 * @returns a function that gives, of settled receipts, those that were answered otherwise, as they were signed
 */
export function openAnswers({ client, contracts }: Source, startBlock: bigint) {
  const byAccount = new Map<string, { receiptHash: Hex; transaction: Hash }>();
  let next = startBlock;

  async function read(): Promise<void> {
    const head = await client.getBlockNumber();
    for (let from = next; from <= head; from += blocksAtOnce) {
      const last = from + blocksAtOnce - 1n;
      const events = await client.getContractEvents({
        ...contracts.requests,
        eventName: 'RequestAnswered',
        fromBlock: from,
        toBlock: last < head ? last : head,
        strict: true,
      });
      for (const { args, transactionHash } of events)
        byAccount.set(args.account.toLowerCase(), { receiptHash: args.receiptHash, transaction: transactionHash });
    }
    next = head > startBlock + reorgDepth ? head - reorgDepth : startBlock;
  }

  async function signedIn(transaction: Hash): Promise<SignedReceipt | undefined> {
    const { to, input } = await client.getTransaction({ hash: transaction });
    if (!to || !isAddressEqual(to, contracts.requests.address)) return undefined; // through another contract
    const { functionName, args } = decodeFunctionData({ abi: contracts.requests.abi, data: input });
    if (functionName !== 'answer') return undefined;
    const { receipt, signature } = args[1] as { receipt: Receipt; signature: Hex };
    return { receipt, signature };
  }

  return async function answeredOtherwise(receipts: readonly SettledReceipt[]): Promise<SignedReceipt[]> {
    await read();
    const found: SignedReceipt[] = [];
    for (const { payer, receipt } of receipts) {
      const answered = byAccount.get(payer.toLowerCase());
      if (!answered || answered.receiptHash === receiptHash(receipt)) continue;
      const signed = await signedIn(answered.transaction);
      if (signed) found.push(signed);
    }
    return found;
  };
}
