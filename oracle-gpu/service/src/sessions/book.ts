import { eq } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { sessions } from '../db/schema.ts';

type SessionRow = typeof sessions.$inferSelect;

/** A session with what its running calls have set aside, which only memory knows: a call that a crash ends costs nothing. */
export type Account = SessionRow & {
  reserved: bigint; // wei, the most that running calls can cost
  /** Request hashes of running calls by their Idempotency-Key. */
  running: Map<string, string>;
  calls: number; // running ones
};

/** The accounts of one payer by channel: they share its escrow. */
export type Accounts = ReadonlyMap<string, Account>;
export type Book = ReturnType<typeof createBook>;

/** Payers held in memory; those without a running call make room for others. */
const mostPayers = 10_000;

/**
 * The sessions of this operator's callers in memory, as the database has them. One service works on a database, so
 * nobody else changes them; what a call spends is written to the database first and here afterwards.
 */
export function createBook(db: Database) {
  const payers = new Map<string, Promise<Map<string, Account>>>();
  const byKey = new Map<string, Account>();

  const open = (row: SessionRow): Account => {
    const account = { ...row, reserved: 0n, running: new Map<string, string>(), calls: 0 };
    byKey.set(account.keyHash, account);
    return account;
  };

  async function makeRoom(): Promise<void> {
    for (const [payer, loading] of payers) {
      if (payers.size <= mostPayers) return;
      const accounts = [...(await loading.catch(() => new Map<string, Account>())).values()];
      if (accounts.some(({ calls }) => calls > 0)) continue;
      for (const { keyHash } of accounts) byKey.delete(keyHash);
      payers.delete(payer);
    }
  }

  /** All accounts of a payer. */
  function payer(address: string): Promise<Accounts> {
    const known = payers.get(address);
    if (known) {
      payers.delete(address); // to the end of the line of those that make room
      payers.set(address, known);
      return known;
    }
    const loading = db
      .select()
      .from(sessions)
      .where(eq(sessions.payer, address))
      .orderBy(sessions.channel)
      .then((rows) => new Map(rows.map((row) => [row.channel, open(row)])));
    payers.set(address, loading);
    loading.catch(() => payers.delete(address));
    if (payers.size > mostPayers) void makeRoom();
    return loading;
  }

  return {
    payer,

    /** The account that an API key's hash stands for, or undefined. */
    async ofKey(keyHash: string): Promise<Account | undefined> {
      const known = byKey.get(keyHash);
      if (known) return known;
      const [row] = await db.select({ payer: sessions.payer }).from(sessions).where(eq(sessions.keyHash, keyHash));
      if (!row) return undefined;
      await payer(row.payer);
      return byKey.get(keyHash);
    },

    /** Takes over a session that was opened, or whose voucher was raised, in the database. */
    async learn(row: SessionRow): Promise<Account> {
      const accounts = (await payer(row.payer)) as Map<string, Account>;
      const known = accounts.get(row.channel);
      if (!known) {
        const account = open(row);
        accounts.set(row.channel, account);
        return account;
      }
      const { ceiling, maxSequence, expiry, signature } = row;
      return Object.assign(known, { ceiling, maxSequence, expiry, signature });
    },

    /** Reads again how far a payer's channels are used: after writing failed, or was done by somebody else. */
    async reread(address: string): Promise<void> {
      const accounts = await payer(address);
      const rows = await db.select().from(sessions).where(eq(sessions.payer, address));
      for (const { channel, spent, sequence } of rows) {
        const account = accounts.get(channel);
        if (account) Object.assign(account, { spent, sequence });
      }
    },
  };
}
