import { and, asc, eq, ne, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { formatEther } from 'viem';
import { readConfig } from '../config.ts';
import { readDatabase, serviceLock } from '../db/open.ts';
import * as schema from '../db/schema.ts';
import { receipts, sessions } from '../db/schema.ts';

type Print = (text: string) => void;
type Environment = Record<string, string | undefined>;

/** Lists the receipts that the service's own check holds back, by channel. */
export async function heldList(environment: Environment, print: Print): Promise<boolean> {
  const { db, close } = readDatabase(readConfig(environment).databaseUrl);
  try {
    const rows = await db
      .select()
      .from(receipts)
      .where(eq(receipts.status, 'held'))
      .orderBy(asc(receipts.channel), asc(receipts.sequence));
    if (rows.length === 0) print('No receipt is held.');
    for (const { channel, sequence, fee, hash, reason } of rows)
      print(`channel ${channel}  receipt ${sequence}  ${formatEther(fee)} OPEN  ${hash}\n  ${reason ?? ''}`);
    return true;
  } finally {
    await close();
  }
}

/**
 * Decides about the held receipts of a channel, in the service's environment and while it is stopped, since it keeps
 * sessions in memory. `retry`: the cause is repaired, they are checked and settled anew. `forgive`: nobody owes them; the
 * channel stays closed, as its numbers have a gap.
 */
export async function decideHeld(
  environment: Environment,
  channel: string,
  decision: 'retry' | 'forgive',
  print: Print,
): Promise<boolean> {
  const client = new pg.Client({ connectionString: readConfig(environment).databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ held: boolean }>(serviceLock);
    if (!rows[0]?.held) throw new Error('The service is running: stop it first, since it keeps its sessions in memory.');
    const changed = await drizzle({ client, schema }).transaction(async (tx) => {
      const ofChannel = eq(receipts.channel, channel.toLowerCase());
      const values = decision === 'retry' ? { status: 'signed', reason: null } : { status: 'unpaid' };
      const done = await tx
        .update(receipts)
        .set(values)
        .where(and(ofChannel, eq(receipts.status, 'held')))
        .returning({ fee: receipts.fee });
      if (done.length > 0 && decision === 'forgive') {
        const [owed] = await tx
          .select({ sum: sql<string>`coalesce(sum(${receipts.fee}), 0)` })
          .from(receipts)
          .where(and(ofChannel, ne(receipts.status, 'unpaid')));
        await tx
          .update(sessions)
          .set({ spent: BigInt(owed?.sum ?? 0) })
          .where(eq(sessions.channel, channel.toLowerCase()));
      }
      return done;
    });
    if (changed.length === 0) {
      print(`Channel ${channel} has no held receipts: openledger held lists those there are.`);
      return false;
    }
    const sum = formatEther(changed.reduce((total, { fee }) => total + fee, 0n));
    print(
      decision === 'retry'
        ? `${changed.length} receipts (${sum} OPEN) are checked and settled anew once the service runs.`
        : `${changed.length} receipts (${sum} OPEN) are forgiven: nobody owes them.`,
    );
    return true;
  } finally {
    await client.end();
  }
}
