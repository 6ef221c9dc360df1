import { addRewards, allocationSchema, batchParametersSchema, maxChannels, receiptSchema } from '@openledger/sdk';
import { and, asc, count, desc, eq, gte, inArray, isNull, min } from 'drizzle-orm';
import { type Address, type Hex, isAddressEqual } from 'viem';
import { z } from 'zod';
import { type Context, now } from '../context.ts';
import { batches, receipts, sessions } from '../db/schema.ts';
import { inTurns } from '../inTurns.ts';
import { type OpenReceipt, type SelectionLimits, selectReceipts } from './select.ts';

export const rewardsSchema = z.array(allocationSchema);
export type BatchRow = typeof batches.$inferSelect;

/** Most receipts looked at when a batch is built. */
const lookAt = 20_000;

/** A receipt that no batch has yet. */
export const isOpen = and(eq(receipts.status, 'signed'), isNull(receipts.batchIndex));

/** How many receipts are in no batch yet, and when the oldest was made: asked every second, so it reads none of them. */
export async function countOpen({ db }: Pick<Context, 'db'>): Promise<{ count: number; oldest: number }> {
  const [row] = await db
    .select({ count: count(), oldest: min(receipts.created) })
    .from(receipts)
    .where(isOpen);
  return { count: row?.count ?? 0, oldest: row?.oldest ?? Number.POSITIVE_INFINITY };
}

/** Receipts that are in no batch yet, by channel and sequence. */
export function openReceipts({ db }: Pick<Context, 'db'>): Promise<OpenReceipt[]> {
  const { hash, channel, sequence, payer, fee, feeVersion, dayIndex, parametersHash, created } = receipts;
  return db
    .select({ hash, channel, sequence, payer, fee, feeVersion, dayIndex, parametersHash, created })
    .from(receipts)
    .where(isOpen)
    .orderBy(asc(receipts.channel), asc(receipts.sequence))
    .limit(lookAt);
}

/** What planning a batch needs: it writes nothing. */
export type Planner = Pick<Context, 'db' | 'chain' | 'config' | 'log'>;
type StoredReceipt = Pick<typeof receipts.$inferSelect, 'hash' | 'bundle' | 'releaseHash' | 'signature'>;
/** What of a stored receipt a batch is made of; its secrets and its query stay where they are. */
export const settledColumns = {
  hash: receipts.hash,
  bundle: receipts.bundle,
  releaseHash: receipts.releaseHash,
  signature: receipts.signature,
};
export type NewBatch = Omit<typeof batches.$inferInsert, 'status'>;

/** Chooses what of the open receipts can be collected now. */
export async function choose(planner: Planner, open: readonly OpenReceipt[]): Promise<OpenReceipt[]> {
  const chosen = selectReceipts(open, await limitsNow(planner, open));
  if (chosen.length === 0)
    planner.log.warn({ open: open.length }, 'no open receipt can be settled now: stake, escrow or session is short');
  return chosen;
}

/** The batch that these receipts make, after the last one there is. */
export async function planBatch(
  db: Pick<Context['db'], 'select'>,
  chosen: readonly OpenReceipt[],
): Promise<{ batch: NewBatch; stored: StoredReceipt[] } | undefined> {
  const [first] = chosen;
  if (!first) return undefined;
  const [last] = await db.select().from(batches).orderBy(desc(batches.batchIndex)).limit(1);
  const hashes = chosen.map(({ hash }) => hash);
  const stored = await db
    .select(settledColumns)
    .from(receipts)
    .where(and(inArray(receipts.hash, hashes), isNull(receipts.batchIndex)));
  if (stored.length !== chosen.length) throw new Error('Receipts changed while a batch was built.');
  const opened = await inTurns(stored, ({ bundle }) => settledPart.parse(bundle));
  const parameters = opened.at(0)?.parameters;
  if (!parameters) throw new Error('A receipt has lost its parameters.');
  const rewards = addRewards(last ? rewardsSchema.parse(last.rewards) : [], opened);
  const batch = {
    batchIndex: (last?.batchIndex ?? 0) + 1,
    feeVersion: first.feeVersion,
    dayIndex: first.dayIndex,
    parameters: batchParametersSchema.parse(parameters),
    receipts: chosen.length,
    collected: chosen.reduce((sum, { fee }) => sum + fee, 0n),
    rewards: z.encode(rewardsSchema, rewards),
  };
  return { batch, stored };
}

/** Puts open receipts that can be collected now into a new batch. Returns it, or undefined if none can. */
export async function buildBatch(context: Context, open: readonly OpenReceipt[]): Promise<BatchRow | undefined> {
  const chosen = await choose(context, open);
  return context.db.transaction(async (tx) => {
    const plan = await planBatch(tx, chosen);
    if (!plan) return undefined;
    const [row] = await tx
      .insert(batches)
      .values({ ...plan.batch, status: 'built' })
      .returning();
    if (!row) throw new Error('The database did not return the batch.');
    await tx
      .update(receipts)
      .set({ batchIndex: row.batchIndex })
      .where(
        inArray(
          receipts.hash,
          chosen.map(({ hash }) => hash),
        ),
      );
    return row;
  });
}

const settledPart = z.looseObject({
  receipt: receiptSchema,
  allocations: z.array(allocationSchema),
  parameters: batchParametersSchema,
});

/** Takes a batch, and those built on it, apart again: their receipts wait for another. Only while they are not on chain. */
export async function dissolveFrom({ db }: Pick<Context, 'db'>, batchIndex: number): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.update(receipts).set({ batchIndex: null, status: 'signed' }).where(gte(receipts.batchIndex, batchIndex));
    await tx.delete(batches).where(gte(batches.batchIndex, batchIndex));
  });
}

/** What the chain would let this operator collect now. */
async function limitsNow(context: Planner, open: readonly OpenReceipt[]): Promise<SelectionLimits> {
  const { chain, db, config } = context;
  const { client, contracts, operator } = chain;
  const ids = [...new Set(open.map(({ channel }) => channel))];
  const rows = ids.length === 0 ? [] : await db.select().from(sessions).where(inArray(sessions.channel, ids));
  const [state, pending] = await Promise.all([
    client.readContract({ ...contracts.operators, functionName: 'operator', args: [operator] }),
    client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] }),
  ]);
  if (!state.active) context.log.warn({ operator }, 'this operator has too little stake to settle: add some');
  const free = !state.active ? 0n : (state.stake + state.unbonding) / 2n - pending.pendingValue;
  const next = new Map<string, number>();
  for (const { channel, sequence } of open) if (!next.has(channel)) next.set(channel, sequence);
  const channelValue = new Map<string, bigint>();
  const payerValue = new Map<string, bigint>();
  for (const row of rows) {
    const onChain = await client.readContract({ ...contracts.escrow, functionName: 'channel', args: [row.channel as Hex] });
    const isSessionKey = !isAddressEqual(row.signer as Address, row.payer as Address);
    const ceiling = isSessionKey && onChain.cap < row.ceiling ? onChain.cap : row.ceiling;
    // A gap is never closed: this run would be refused, and a whole batch with it.
    if (next.get(row.channel) !== onChain.sequence + 1)
      context.log.warn(
        { channel: row.channel, next: next.get(row.channel), after: onChain.sequence },
        'these receipts do not continue their channel',
      );
    else if (ceiling > onChain.collected) channelValue.set(row.channel, ceiling - onChain.collected);
    else context.log.warn({ channel: row.channel, at: now() }, 'nothing more can be collected on this channel');
    if (!payerValue.has(row.payer)) {
      const { balance } = await client.readContract({
        ...contracts.escrow,
        functionName: 'account',
        args: [row.payer as Address, operator],
      });
      payerValue.set(row.payer, balance);
    }
  }
  return { receipts: config.batch.maxReceipts, channels: maxChannels, value: free > 0n ? free : 0n, channelValue, payerValue };
}
