import { and, eq, sql } from 'drizzle-orm';
import { type Address, type Hex, isAddressEqual } from 'viem';
import type { PayerState } from '../chain/facts.ts';
import { type Context, now } from '../context.ts';
import { calls, sessions } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { SessionRow } from '../sessions/openSession.ts';

export type CallRow = typeof calls.$inferSelect;
export type NewCall = Pick<CallRow, 'id' | 'idempotencyKey' | 'requestHash' | 'created' | 'model' | 'stream' | 'includeUsage'>;

/**
 * Sets `most` wei of the channel aside for a call, under a lock on all channels of its payer, and stores the call.
 * Throws 402 with what is missing; 409 when a call with the same Idempotency-Key runs already.
 */
export async function reserve(
  context: Context,
  channel: string,
  payer: string,
  call: NewCall,
  most: bigint,
  running: number,
): Promise<CallRow> {
  const { relaxed, facts } = context;
  const onChain = await facts.payer(payer);
  return relaxed.transaction(async (tx) => {
    const all = await tx.select().from(sessions).where(eq(sessions.payer, payer)).orderBy(sessions.channel).for('update');
    const session = all.find((row) => row.channel === channel);
    if (!session) throw new ServiceError(401, 'invalid_api_key', 'This API key has no session any more: open one.');
    check(session, all, onChain, most, running);
    const values = { ...call, channel, status: 'running', reserved: most, delivered: null, receiptHash: null, response: null };
    const taken = tx.$with('taken').as(
      tx
        .update(sessions)
        .set({ reserved: sql`${sessions.reserved} + ${most}` })
        .where(eq(sessions.channel, channel))
        .returning({ channel: sessions.channel }),
    );
    const [row] = await tx
      .with(taken)
      .insert(calls)
      .values(values)
      .onConflictDoUpdate({ target: [calls.channel, calls.idempotencyKey], set: values, setWhere: eq(calls.status, 'failed') })
      .returning();
    if (!row)
      throw new ServiceError(409, 'call_in_progress', 'A call with this Idempotency-Key is running: wait for it and ask again.', {
        retryAfter: 1,
      });
    return row;
  });
}

function check(session: SessionRow, all: readonly SessionRow[], onChain: PayerState, most: bigint, running: number): void {
  const state = onChain.channels.get(session.channel as Hex);
  const isSessionKey = !isAddressEqual(session.signer as Address, session.payer as Address);
  if (isSessionKey && (state?.expiry ?? 0) <= now()) {
    throw new ServiceError(402, 'session_expired', 'The session key has expired or was revoked: authorise a new one.', {
      expiry: state?.expiry ?? 0,
      now: now(),
    });
  }
  if (session.expiry <= now()) {
    throw new ServiceError(402, 'voucher_expired', 'The voucher has expired: sign one that ends later.', {
      expiry: session.expiry,
      now: now(),
    });
  }
  const ceiling = isSessionKey && state && state.cap < session.ceiling ? state.cap : session.ceiling;
  const left = ceiling - session.spent - session.reserved;
  if (left < most || session.sequence + running > session.maxSequence) {
    throw new ServiceError(
      402,
      'insufficient_voucher',
      `This answer can cost ${most} wei and the voucher allows ${left > 0n ? left : 0n} more: sign one with a higher ceiling.`,
      {
        required: most.toString(),
        available: (left > 0n ? left : 0n).toString(),
        voucher: signedState(session),
      },
    );
  }
  const owed = all.reduce(
    (sum, row) => sum + row.spent + row.reserved - (onChain.channels.get(row.channel as Hex)?.collected ?? 0n),
    0n,
  );
  const available = onChain.balance - onChain.thawing - owed;
  if (available < most) {
    throw new ServiceError(
      402,
      'insufficient_escrow',
      `This answer can cost ${most} wei and the escrow has ${available > 0n ? available : 0n} left for this operator: deposit more.`,
      {
        required: most.toString(),
        available: (available > 0n ? available : 0n).toString(),
      },
    );
  }
}

/** What client and server may disagree about: the last voucher and how far it is used. */
export function signedState(session: SessionRow): Record<string, unknown> {
  return {
    payer: session.payer,
    signer: session.signer,
    cumulativeCeiling: session.ceiling.toString(),
    maxSequence: session.maxSequence,
    app: session.app,
    appMarkupBps: session.appMarkupBps,
    expiry: session.expiry,
    signature: session.signature,
    spent: session.spent.toString(),
    reserved: session.reserved.toString(),
    sequence: session.sequence,
  };
}

/** Gives back what a call had set aside; it gets no receipt. Does nothing to a call that was charged. */
export async function release({ db }: Context, call: CallRow): Promise<void> {
  await db.transaction(async (tx) => {
    const [row] = await tx
      .update(calls)
      .set({ status: 'failed', reserved: 0n })
      .where(and(eq(calls.id, call.id), eq(calls.status, 'running')))
      .returning();
    if (row)
      await tx
        .update(sessions)
        .set({ reserved: sql`${sessions.reserved} - ${call.reserved}` })
        .where(eq(sessions.channel, call.channel));
  });
}
