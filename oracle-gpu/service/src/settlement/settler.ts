import { batchHeaderSchema } from '@openledger/sdk';
import { asc, eq, gt, max, ne, or } from 'drizzle-orm';
import type { Hex } from 'viem';
import { RefusedTransaction } from '../chain/outbox.ts';
import { type Context, now } from '../context.ts';
import { batches, receipts } from '../db/schema.ts';
import { adoptBatch } from './adopt.ts';
import { type BatchRow, buildBatch, countOpen, openReceipts } from './build.ts';
import { leaveOutBehind } from './leaveOut.ts';
import { sendBatch, settlePurpose } from './send.ts';
import { createVoids } from './voids.ts';

/** Most batches that the chain lets wait for finality at once. */
const maxPending = 8;

export type Settler = ReturnType<typeof createSettler>;

/**
 * Brings receipts to the chain and batches to finality. Each `tick` first makes the rows say what the chain says,
 * whatever happened to it meanwhile, then does the next thing that is due.
 */
export function createSettler(context: Context) {
  const { db, chain, outbox, config, metrics, log } = context;
  const { client, contracts, operator } = chain;
  const followVoids = createVoids(context);
  let isAsked = false;
  /** After a refusal a while passes before the next attempt. */
  let refusals = 0;
  let notBefore = 0;

  async function setStatus(batchIndex: number, status: 'built' | 'pending' | 'final'): Promise<void> {
    const ofReceipts = { built: 'signed', pending: 'settled', final: 'final' }[status];
    await db.transaction(async (tx) => {
      await tx.update(batches).set({ status }).where(eq(batches.batchIndex, batchIndex));
      await tx.update(receipts).set({ status: ofReceipts }).where(eq(receipts.batchIndex, batchIndex));
    });
  }

  /** Makes rows agree with the chain: also after a reorganisation, which turns settled batches back into built ones. */
  async function reconcile(rows: BatchRow[], settled: number, finalized: number): Promise<void> {
    for (const row of rows) {
      const { batchIndex, status } = row;
      if (status === 'voided') continue;
      if (batchIndex > settled) {
        if (status !== 'built') {
          log.warn({ batchIndex }, 'the chain has lost this batch: it will be settled again');
          await setStatus(batchIndex, 'built');
        }
      } else if (status === 'built') {
        await adoptBatch(context, row);
      } else if (batchIndex <= finalized && status === 'pending') {
        await setStatus(batchIndex, 'final');
        log.info({ batchIndex }, 'batch final');
      } else if (batchIndex > finalized && status === 'final') {
        await setStatus(batchIndex, 'pending');
      }
    }
  }

  /** Whether a request for its data keeps a batch from becoming final. */
  async function isHeld({ headerHash }: BatchRow): Promise<boolean> {
    if (headerHash === null) return false;
    const call = { ...contracts.data, functionName: 'heldUntil', args: [headerHash as Hex] } as const;
    return (await client.readContract(call)) > BigInt(await context.facts.clock());
  }

  async function finalizeOldest(rows: BatchRow[], finalized: number): Promise<void> {
    const oldest = rows.find(({ batchIndex }) => batchIndex === finalized + 1);
    if (oldest?.status !== 'pending' || oldest.finalAt === null || oldest.finalAt > (await context.facts.clock())) return;
    if (await isHeld(oldest)) return;
    const purpose = `finalize:${oldest.batchIndex}`;
    if (await outbox.isInFlight(purpose)) return;
    const { body, rewards, settledAt } = batchHeaderSchema.parse(oldest.header);
    try {
      await outbox.send(purpose, {
        ...contracts.settlement,
        functionName: 'finalize',
        args: [{ body, rewards, settledAt: BigInt(settledAt) }],
      });
    } catch (error) {
      // Someone else may have finalised it, or the chain's clock is behind ours: the next tick sees.
      if (!(error instanceof RefusedTransaction)) throw error;
      log.debug({ batchIndex: oldest.batchIndex, reason: error.message }, 'not finalised yet');
    }
  }

  /** Batches that are not final, here or on chain, oldest first. */
  function unfinished(finalized: number): Promise<BatchRow[]> {
    return db
      .select()
      .from(batches)
      .where(or(ne(batches.status, 'final'), gt(batches.batchIndex, finalized)))
      .orderBy(asc(batches.batchIndex));
  }

  function postpone(): void {
    refusals += 1;
    notBefore = now() + Math.min(2 ** refusals, 60);
  }

  async function tick(): Promise<void> {
    await outbox.follow();
    const state = await client.readContract({
      ...contracts.settlement,
      functionName: 'batches',
      args: [operator],
    });
    const { settled, finalized, voidedFrom } = state;
    const [newest] = await db.select({ index: max(batches.batchIndex) }).from(batches);
    if (settled > (newest?.index ?? 0)) {
      throw new Error(
        `The chain has ${settled} batches of this operator and this database ${newest?.index ?? 0}: restore the database that belongs to this chain.`,
      );
    }
    const mustWait = await followVoids(await unfinished(finalized), state);
    await reconcile(await unfinished(finalized), settled, finalized);
    const rows = await unfinished(finalized);
    await finalizeOldest(rows, finalized);
    metrics.pendingBatches.set((voidedFrom === 0 ? settled : voidedFrom - 1) - finalized);
    if (mustWait) return; // the chain takes nothing before all refunds

    const next = rows.find(({ batchIndex }) => batchIndex === settled + 1);
    if (next) {
      const isFree = now() >= notBefore && !(await outbox.isInFlight(settlePurpose(next.batchIndex)));
      if (isFree && !(await sendBatch(context, next))) postpone();
      return;
    }
    await leaveOutBehind(context, context.closed.channels);
    const open = await countOpen(context);
    metrics.openReceipts.set(open.count);
    const isFull = settled - finalized >= maxPending || rows.some(({ status }) => status === 'built');
    if (open.count === 0 || isFull || now() < notBefore) return;
    const isDue = isAsked || open.count >= config.batch.maxReceipts || now() - open.oldest >= config.batch.maxAge;
    if (!isDue) return;
    isAsked = false;
    const row = await buildBatch(context, await openReceipts(context));
    if (row && (await sendBatch(context, row))) refusals = 0;
    else postpone();
  }

  return {
    tick,
    /** Settle at the next tick what is open, whatever its age. */
    ask: (): void => {
      isAsked = true;
    },
  };
}
