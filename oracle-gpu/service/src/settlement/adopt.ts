import { batchHeaderSchema, readSettled, rewardsTree, settledEvents } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { batches, receipts } from '../db/schema.ts';
import { type BatchRow, rewardsSchema } from './build.ts';

/** Notes that a batch is on chain, with the header that the chain stored for it. */
export async function adoptBatch({ db, chain, config, log }: Context, row: BatchRow): Promise<void> {
  const { client, contracts, operator } = chain;
  const { batchIndex } = row;
  const headerHash = await client.readContract({
    ...contracts.settlement,
    functionName: 'headerHash',
    args: [operator, batchIndex],
  });
  const range = { fromBlock: BigInt(config.deployment.startBlock) };
  const [event] = await settledEvents({ client, contracts }, range, { operator, batchIndex, headerHash });
  if (!event) return; // the node has the state and not the log yet
  const { header } = await readSettled({ client, contracts }, event);
  const { body, rewards, settledAt } = header;
  const isIt =
    body.receipts.weight === BigInt(row.receipts) &&
    body.receipts.amount === row.collected &&
    rewards.root === rewardsTree(rewardsSchema.parse(row.rewards)).root;
  if (!isIt)
    throw new Error(
      `Batch ${batchIndex} on the chain is not the one in this database: restore the database that belongs to this chain.`,
    );
  await db.transaction(async (tx) => {
    await tx
      .update(batches)
      .set({
        status: 'pending',
        header: z.encode(batchHeaderSchema, header),
        headerHash,
        settledAt,
        finalAt: Number(event.args.finalAt),
      })
      .where(eq(batches.batchIndex, batchIndex));
    await tx.update(receipts).set({ status: 'settled' }).where(eq(receipts.batchIndex, batchIndex));
  });
  log.info({ batchIndex, receipts: row.receipts, collected: row.collected.toString() }, 'batch settled');
}
