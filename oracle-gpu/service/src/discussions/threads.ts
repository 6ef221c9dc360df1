import { type Discussion, type SignedRemark, type Subject, type Thread, threadOf, threadText } from '@openledger/sdk';
import { and, eq } from 'drizzle-orm';
import type { Address, Hex } from 'viem';
import type { Context } from '../context.ts';
import { remarks, threads } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import { addText } from '../ipfs/client.ts';

type Needs = Pick<Context, 'db' | 'chain' | 'ipfs' | 'log'>;

/** Rows of one discussion. */
export const ofSubject = ({ contract, proposalId }: Subject, table: typeof remarks | typeof threads = remarks) =>
  and(eq(table.contract, contract.toLowerCase()), eq(table.proposalId, proposalId.toString()));

/** A discussion, and the document that was pinned of it. One that nobody has begun is empty. */
export async function readDiscussion({ db, chain }: Pick<Needs, 'db' | 'chain'>, subject: Subject): Promise<Discussion> {
  const thread = await readThread({ db, chain }, subject);
  const [pin] = await db.select().from(threads).where(ofSubject(subject, threads));
  return { thread, cid: pin?.cid ?? null, pinned: pin?.pinned ?? 0 };
}

/**
 * Pins the whole thread as one document, unless the last pinned one has as many messages: none is ever taken out. A node
 * that does not answer costs nobody a message; the next one said or read pins them all.
 * @returns the CID of the thread with all of its messages; null while it could not be pinned
 */
export async function pinThread({ db, chain, ipfs, log }: Needs, subject: Subject): Promise<string | null> {
  const { thread, cid, pinned } = await readDiscussion({ db, chain }, subject);
  const count = thread.messages.length;
  if (count === 0 || pinned === count) return cid;
  try {
    const next = await addText(ipfs, threadText(thread));
    const { contract, proposalId } = thread.subject;
    const row = { contract, proposalId: proposalId.toString(), cid: next, pinned: count };
    const target = [threads.contract, threads.proposalId];
    await db.insert(threads).values(row).onConflictDoUpdate({ target, set: row });
    return next;
  } catch (error) {
    log.warn({ reason: sentence(error) }, 'a discussion could not be pinned; the next message tries again');
    return null;
  }
}

async function readThread({ db, chain }: Pick<Needs, 'db' | 'chain'>, subject: Subject): Promise<Thread> {
  const rows = await db.select().from(remarks).where(ofSubject(subject));
  const messages = rows.map(
    ({ parent, timestamp, text, author, signature }): SignedRemark => ({
      ...subject,
      author: author as Address,
      parent: parent as Hex,
      timestamp,
      text,
      signature: signature as Hex,
    }),
  );
  return threadOf(chain.chainId, subject, messages);
}
