import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import type { Database, Transaction } from '../db/open.ts';
import { receipts, sessions } from '../db/schema.ts';
import type { Metrics } from '../metrics.ts';

/**
 * `unpaid`: proven wrong, nobody will ever pay it. `held`: wrong by the operator's own check, which asks for a person;
 * its payer still owes it.
 */
export type LeftOut = 'held' | 'unpaid';

/**
 * Keeps a receipt out of every batch, and with it all later ones of its channel: the chain takes sequences without a gap,
 * and a second receipt for this one would be punished.
 */
export async function leaveOut(tx: Transaction, hash: string, status: LeftOut, reason: string): Promise<void> {
  const open = and(eq(receipts.status, 'signed'), isNull(receipts.batchIndex));
  const [wrong] = await tx
    .update(receipts)
    .set({ status, reason })
    .where(and(eq(receipts.hash, hash), open))
    .returning();
  if (!wrong) return; // a repeated step
  const behind = await tx
    .update(receipts)
    .set({ status, reason: `Receipt ${wrong.sequence} of this channel cannot be settled, and those behind it not without it.` })
    .where(and(eq(receipts.channel, wrong.channel), gt(receipts.sequence, wrong.sequence), open))
    .returning({ fee: receipts.fee });
  if (status === 'unpaid') await forgive(tx, wrong.channel, [wrong, ...behind]);
}

/** Leaves out what calls that were running added behind a receipt that is left out. */
export async function leaveOutBehind({ db }: Pick<Context, 'db'>, channels: ReadonlySet<string>): Promise<void> {
  if (channels.size === 0) return;
  await db.transaction(async (tx) => {
    const isLeftOut = inArray(receipts.status, ['held', 'unpaid']);
    const first = await tx
      .selectDistinctOn([receipts.channel])
      .from(receipts)
      .where(and(inArray(receipts.channel, [...channels]), isLeftOut))
      .orderBy(receipts.channel, receipts.sequence);
    for (const { channel, sequence, status, reason } of first) {
      const behind = await tx
        .update(receipts)
        .set({ status, reason })
        .where(
          and(
            eq(receipts.channel, channel),
            gt(receipts.sequence, sequence),
            eq(receipts.status, 'signed'),
            isNull(receipts.batchIndex),
          ),
        )
        .returning({ fee: receipts.fee });
      if (status === 'unpaid') await forgive(tx, channel, behind);
    }
  });
}

/** The payer does not owe these: the one place where a void changes what a session has spent. */
async function forgive(tx: Transaction, channel: string, forgiven: readonly { fee: bigint }[]): Promise<void> {
  const fees = forgiven.reduce((sum, { fee }) => sum + fee, 0n);
  if (fees === 0n) return;
  await tx
    .update(sessions)
    .set({ spent: sql`${sessions.spent} - ${fees}` })
    .where(eq(sessions.channel, channel));
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
