import { and, eq, gt, inArray, sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import type { Database, Transaction } from '../db/open.ts';
import { receipts, sessions } from '../db/schema.ts';
import type { Metrics } from '../metrics.ts';
import { isOpen } from './build.ts';

/**
 * `unpaid`: proven wrong, nobody will ever pay it. `held`: wrong by the operator's own check, which asks for a person;
 * its payer still owes it.
 */
export type LeftOut = 'held' | 'unpaid';

/** A receipt to leave out, and why. */
export type Fault = { hash: string; reason: string };
type Forgiven = { channel: string; fees: bigint };

/**
 * Keeps receipts out of every batch, and with each all later ones of its channel: the chain takes sequences without a gap,
 * and a second receipt for a wrong one would be punished.
 * @param also done in the same transaction, before
 */
export async function leaveOut(
  context: Pick<Context, 'db' | 'book'>,
  faults: readonly Fault[],
  status: LeftOut,
  also: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<void> {
  const hashes = faults.map(({ hash }) => hash);
  const channels = await context.db
    .selectDistinct({ channel: receipts.channel, payer: receipts.payer })
    .from(receipts)
    .where(inArray(receipts.hash, hashes));
  await forgiving(context, channels, async (tx) => {
    await also(tx);
    const forgiven: Forgiven[] = [];
    for (const { hash, reason } of faults) {
      const [wrong] = await tx
        .update(receipts)
        .set({ status, reason })
        .where(and(eq(receipts.hash, hash), isOpen))
        .returning();
      if (!wrong) continue; // a repeated step
      const behind = `Receipt ${wrong.sequence} of this channel cannot be settled, and those behind it not without it.`;
      const others = await leaveOutAfter(tx, wrong, status, behind);
      if (status === 'unpaid') forgiven.push({ channel: wrong.channel, fees: wrong.fee + others });
    }
    return forgiven;
  });
}

/** Leaves out what calls that were running added behind a receipt that is left out. */
export async function leaveOutBehind(context: Pick<Context, 'db' | 'book'>, closed: ReadonlySet<string>): Promise<void> {
  if (closed.size === 0) return;
  const stragglers = await context.db
    .selectDistinct({ channel: receipts.channel, payer: receipts.payer })
    .from(receipts)
    .where(and(inArray(receipts.channel, [...closed]), isOpen));
  if (stragglers.length === 0) return;
  const names = stragglers.map(({ channel }) => channel);
  await forgiving(context, stragglers, async (tx) => {
    const first = await tx
      .selectDistinctOn([receipts.channel])
      .from(receipts)
      .where(and(inArray(receipts.channel, names), inArray(receipts.status, ['held', 'unpaid'])))
      .orderBy(receipts.channel, receipts.sequence);
    const forgiven: Forgiven[] = [];
    for (const row of first) {
      const fees = await leaveOutAfter(tx, row, row.status as LeftOut, row.reason ?? '');
      if (row.status === 'unpaid') forgiven.push({ channel: row.channel, fees });
    }
    return forgiven;
  });
}

/** @returns the sum of their fees */
async function leaveOutAfter(
  tx: Transaction,
  { channel, sequence }: { channel: string; sequence: number },
  status: LeftOut,
  reason: string,
): Promise<bigint> {
  const rows = await tx
    .update(receipts)
    .set({ status, reason })
    .where(and(eq(receipts.channel, channel), gt(receipts.sequence, sequence), isOpen))
    .returning({ fee: receipts.fee });
  return rows.reduce((sum, { fee }) => sum + fee, 0n);
}

/**
 * The payer does not owe what is unpaid: the one place where a void changes what a session has spent, in the database and
 * in memory. A charge that is being written meanwhile stores what memory said before; it is itself behind the receipt that
 * closed the channel, so leaving it out adds everything up anew.
 */
async function forgiving(
  { db, book }: Pick<Context, 'db' | 'book'>,
  channels: readonly { channel: string; payer: string }[],
  work: (tx: Transaction) => Promise<Forgiven[]>,
): Promise<void> {
  const accounts = await Promise.all(
    channels.map(async ({ channel, payer }) => [channel, (await book.payer(payer)).get(channel)] as const),
  );
  const inMemory = new Map(accounts);
  const forgiven = await db.transaction(async (tx) => {
    const done = await work(tx);
    for (const { channel } of done) {
      const owed = sql`(SELECT coalesce(sum(fee), 0) FROM receipts WHERE channel = ${channel} AND status <> 'unpaid')`;
      await tx.update(sessions).set({ spent: owed }).where(eq(sessions.channel, channel));
    }
    return done;
  });
  for (const { channel, fees } of forgiven) {
    const account = inMemory.get(channel);
    if (account) account.spent -= fees;
  }
}

export type ClosedChannels = Awaited<ReturnType<typeof openClosedChannels>>;

/** Channels on which nothing can be settled any more, in memory: each call asks. */
export async function openClosedChannels(db: Database, metrics: Pick<Metrics, 'closedChannels'>) {
  const channels = new Set<string>();
  const refresh = async (): Promise<void> => {
    const rows = await db.selectDistinct({ channel: receipts.channel }).from(receipts).where(sql`status IN ('held', 'unpaid')`);
    channels.clear();
    for (const { channel } of rows) channels.add(channel);
    metrics.closedChannels.set(channels.size);
  };
  await refresh();
  return { channels: channels as ReadonlySet<string>, refresh };
}
