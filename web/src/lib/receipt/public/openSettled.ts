import { type OpenedBatch, openBatch, paymentEscrowAbi, readSettled, settledEvents, settlementAbi } from '@openledger/sdk';
import type { Address, Hex } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';
import type { SettledBatch } from '../types.ts';
import type { PublicReceipt } from './publicData.ts';

/** Where batches are read from the chain. */
export function settlementSource(app: App) {
  const settlement = { address: app.address('Settlement'), abi: settlementAbi } as const;
  const escrow = { address: app.address('PaymentEscrow'), abi: paymentEscrowAbi } as const;
  return { client: app.chain, contracts: { settlement, escrow } };
}

/** A batch with its trees, from the transaction that settled it and its public file; undefined if no block holds it now. */
export async function openSettled(
  app: App,
  batch: SettledBatch,
  { file }: Pick<PublicReceipt, 'file'>,
): Promise<OpenedBatch | undefined> {
  const source = settlementSource(app);
  const of = {
    operator: batch.operatorAccount.id as Address,
    batchIndex: batch.batchIndex,
    headerHash: batch.headerHash as Hex,
  };
  const [event] = await settledEvents(source, { fromBlock: BigInt(app.config.deployment.startBlock) }, of);
  if (!event) return undefined;
  const { header, channels } = await readSettled(source, event);
  return openBatch(file, header, channels);
}
