import { batchHeaderSchema, nextRefund, readSettled, receiptAtFault, type SettledEvent } from '@openledger/sdk';
import { and, eq, gte, inArray } from 'drizzle-orm';
import { z } from 'zod';
import { finalityBlocks, RefusedTransaction } from '../chain/outbox.ts';
import { type Void, voidsOf } from '../chain/voids.ts';
import type { Context } from '../context.ts';
import { batches, receipts, voidedBatches } from '../db/schema.ts';
import { type BatchRow, dissolveFrom } from './build.ts';
import { leaveOut } from './leaveOut.ts';
import { settlePurpose } from './send.ts';

/** What the chain says of an operator's batches. */
export type ChainState = { settled: number; finalized: number; voidedFrom: number };

/**
 * Follows what proofs do to this operator's batches: remembers which are void and why, refunds their payers, and once the
 * last refund can no longer vanish frees their receipts for other batches, but for those that were proven wrong. Each
 * step is read off chain and rows, so that it may be broken off anywhere, and taken back by a reorganisation.
 */
export function createVoids(context: Context) {
  const { db, chain, config, outbox, metrics, log, closed } = context;
  const { client, contracts, operator } = chain;
  const startBlock = BigInt(config.deployment.startBlock);
  let isFirst = true;

  /** Whether there is anything to look for: events are read only then. */
  async function isDue(rows: readonly BatchRow[], { settled, voidedFrom }: ChainState): Promise<boolean> {
    if (isFirst || voidedFrom !== 0) return true;
    if (rows.some(({ status, batchIndex }) => status === 'voided' || (status !== 'built' && batchIndex > settled))) return true;
    for (const { status, batchIndex } of rows) {
      if (status !== 'built' || batchIndex <= settled) continue;
      const sent = await outbox.find(settlePurpose(batchIndex)); // settled and voided between two looks?
      if (sent?.status === 'mined' || sent?.status === 'final') return true;
    }
    const [waiting] = await db.select().from(voidedBatches).where(eq(voidedBatches.isReleased, false)).limit(1);
    return waiting !== undefined;
  }

  /** Makes `voided_batches` say what the chain says: also that a proof is gone with the block it was in. */
  async function remember(voids: readonly Void[]): Promise<void> {
    const known = new Set((await db.select().from(voidedBatches)).map(({ headerHash }) => headerHash));
    const onChain = voids.flatMap((one) => one.batches.map((event) => ({ one, event })));
    for (const { one, event } of onChain) {
      if (!known.has(event.args.headerHash))
        await db
          .insert(voidedBatches)
          .values(await rowOf(one, event))
          .onConflictDoNothing();
    }
    const hashes = new Set<string>(onChain.map(({ event }) => event.args.headerHash));
    const gone = [...known].filter((hash) => !hashes.has(hash));
    if (gone.length === 0) return;
    await db.delete(voidedBatches).where(and(inArray(voidedBatches.headerHash, gone), eq(voidedBatches.isReleased, false)));
  }

  async function rowOf(one: Void, event: SettledEvent): Promise<typeof voidedBatches.$inferInsert> {
    const { batchIndex, headerHash, receipts: count, collected } = event.args;
    const batch = await readSettled({ client, contracts }, event);
    const isAccused = batchIndex === one.batchIndex;
    return {
      headerHash,
      batchIndex,
      isAccused,
      fault: one.fault,
      wrongReceipt: (isAccused && one.proof && receiptAtFault(one.proof)) || null,
      challenger: one.challenger.toLowerCase(),
      transaction: one.transaction,
      header: z.encode(batchHeaderSchema, batch.header),
      receipts: count,
      collected,
      settledAt: batch.header.settledAt,
      dataCid: batch.dataCommitment.replace('ipfs://', ''),
      isReleased: false,
    };
  }

  /** Rows of void batches say so; those that are not void after all are pending again. */
  async function mark(rows: readonly BatchRow[], voids: readonly Void[], { settled, voidedFrom }: ChainState): Promise<void> {
    const waiting = await db.select().from(voidedBatches).where(eq(voidedBatches.isReleased, false));
    const byHash = new Map(waiting.map((one) => [one.headerHash, one]));
    for (const row of rows) {
      const { batchIndex, status } = row;
      const headerHash = status === 'built' ? await settledHere(row, voids) : row.headerHash;
      const found = headerHash === null ? undefined : byHash.get(headerHash);
      if (found && status !== 'voided') {
        const { header, settledAt } = found;
        await setStatus(batchIndex, { status: 'voided', headerHash, header, settledAt }, 'voided');
        metrics.voidedBatches.inc({ fault: found.fault });
        const { fault, challenger, transaction, isAccused } = found;
        const slashed = voids.find((one) => one.transaction === transaction)?.slashed.toString();
        log.error(
          { batchIndex, fault, isAccused, challenger, transaction, slashed },
          isAccused
            ? 'this batch was proven wrong and is void: refunding its payers'
            : 'this batch is void, since one before it was proven wrong: refunding its payers',
        );
      } else if (!found && status === 'voided') {
        log.warn({ batchIndex }, 'the proof against this batch is gone from the chain: it is pending again');
        await setStatus(batchIndex, { status: 'pending' }, 'settled');
      }
    }
    // What was built on a void batch and is not on the chain has lost its ground.
    if (voidedFrom !== 0 && rows.some(({ batchIndex }) => batchIndex > settled)) await dissolveFrom(context, settled + 1);
  }

  /** Header hash of a void batch that this row was settled as, while nobody looked. */
  async function settledHere({ batchIndex }: BatchRow, voids: readonly Void[]): Promise<string | null> {
    const sent = await outbox.find(settlePurpose(batchIndex));
    const events = voids.flatMap((one) => one.batches);
    const event = events.find(({ transactionHash }) => transactionHash === sent?.hash);
    return event?.args.headerHash ?? null;
  }

  async function setStatus(batchIndex: number, values: Partial<BatchRow>, ofReceipts: string): Promise<void> {
    await db.transaction(async (tx) => {
      await tx.update(batches).set(values).where(eq(batches.batchIndex, batchIndex));
      await tx.update(receipts).set({ status: ofReceipts }).where(eq(receipts.batchIndex, batchIndex));
    });
  }

  async function refund(): Promise<void> {
    const due = await nextRefund({ client, contracts }, operator, startBlock);
    if (!due) return;
    const purpose = `refund:${due.batchIndex}:${due.headerHash.slice(2, 10)}:${due.args[2]}`;
    if (await outbox.isInFlight(purpose)) return;
    try {
      await outbox.send(purpose, { ...contracts.settlement, functionName: 'refund', args: due.args });
    } catch (error) {
      if (!(error instanceof RefusedTransaction)) throw error;
      log.debug({ purpose, reason: error.message }, 'not refunded by this operator: somebody else was faster');
    }
  }

  /** @returns whether refunds may still vanish, so that nothing can be built yet */
  async function release(voids: readonly Void[]): Promise<boolean> {
    const waiting = await db.select().from(voidedBatches).where(eq(voidedBatches.isReleased, false));
    if (waiting.length === 0) return false;
    const head = await client.getBlockNumber();
    for (const { batches: events, clearedAt } of voids) {
      const ours = waiting.filter(({ headerHash }) => events.some(({ args }) => args.headerHash === headerHash));
      if (ours.length > 0 && (clearedAt === undefined || head - clearedAt < finalityBlocks)) return true;
    }
    const indices = waiting.map(({ batchIndex }) => batchIndex);
    const faults = waiting.flatMap(({ wrongReceipt, fault, batchIndex }) =>
      wrongReceipt ? [{ hash: wrongReceipt, reason: `Proven wrong in batch ${batchIndex}: ${fault}.` }] : [],
    );
    await leaveOut(context, faults, 'unpaid', async (tx) => {
      const rows = await tx
        .delete(batches)
        .where(and(gte(batches.batchIndex, Math.min(...indices)), inArray(batches.status, ['voided', 'built'])))
        .returning({ batchIndex: batches.batchIndex });
      const gone = rows.map(({ batchIndex }) => batchIndex);
      if (gone.length > 0)
        await tx.update(receipts).set({ status: 'signed', batchIndex: null }).where(inArray(receipts.batchIndex, gone));
      await tx.update(voidedBatches).set({ isReleased: true }).where(eq(voidedBatches.isReleased, false));
    });
    await closed.refresh();
    log.warn({ batches: indices }, 'all payers of the void batches are refunded: their honest receipts are settled again');
    return false;
  }

  /** @returns whether the next batch has to wait */
  return async function follow(rows: readonly BatchRow[], state: ChainState): Promise<boolean> {
    if (!(await isDue(rows, state))) return false;
    const voids = await voidsOf({ client, contracts }, operator, startBlock);
    await remember(voids);
    await mark(rows, voids, state);
    isFirst = false;
    if (state.voidedFrom !== 0) {
      await refund();
      return true;
    }
    return release(voids);
  };
}
