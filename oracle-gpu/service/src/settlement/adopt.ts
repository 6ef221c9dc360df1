import { type BatchHeader, batchHeaderSchema, headerHash, settlementAbi } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import { decodeFunctionData } from 'viem';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { batches, receipts } from '../db/schema.ts';
import type { BatchRow } from './build.ts';

/** Notes that a batch is on chain, with the header that the chain stored for it. */
export async function adoptBatch({ db, chain, config, log }: Context, row: BatchRow): Promise<void> {
  const { client, contracts, operator } = chain;
  const [event] = await client.getContractEvents({
    ...contracts.settlement,
    eventName: 'BatchSettled',
    args: { operator, batchIndex: row.batchIndex },
    fromBlock: BigInt(config.deployment.startBlock),
    strict: true,
  });
  if (!event) return; // the node has the state and not the log yet
  const [transaction, block] = await Promise.all([
    client.getTransaction({ hash: event.transactionHash }),
    client.getBlock({ blockHash: event.blockHash }),
  ]);
  const { functionName, args } = decodeFunctionData({ abi: settlementAbi, data: transaction.input });
  if (functionName !== 'settle') throw new Error(`Batch ${row.batchIndex} was settled by something else than settle.`);
  const [body, rewards] = args;
  const header: BatchHeader = { body, rewards, settledAt: Number(block.timestamp) };
  if (headerHash(header) !== event.args.headerHash)
    throw new Error(`The header of batch ${row.batchIndex} does not hash to what the chain stores.`);
  await db.transaction(async (tx) => {
    await tx
      .update(batches)
      .set({
        status: 'pending',
        header: z.encode(batchHeaderSchema, header),
        headerHash: event.args.headerHash,
        settledAt: header.settledAt,
        finalAt: Number(event.args.finalAt),
      })
      .where(eq(batches.batchIndex, row.batchIndex));
    await tx.update(receipts).set({ status: 'settled' }).where(eq(receipts.batchIndex, row.batchIndex));
  });
  log.info({ batchIndex: row.batchIndex, receipts: row.receipts, collected: row.collected.toString() }, 'batch settled');
}
