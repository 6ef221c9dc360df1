import type { ReceiptBundle } from '@openledger/sdk';
import { eq, isNull, sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { calls, receipts, sessions } from '../db/schema.ts';
import { bundleOf } from '../receipts/bundle.ts';
import { sign } from '../receipts/sign.ts';
import { deliveredSchema, renderResponse } from './render.ts';
import type { CallRow } from './reserve.ts';

/** Signs the receipt of a charged call and stores the bytes of its answer. May be repeated: it gives the same bytes. */
export async function finish(
  context: Context,
  callId: string,
): Promise<{ call: CallRow; response: string; bundle: ReceiptBundle }> {
  const { db } = context;
  const [call] = await db.select().from(calls).where(eq(calls.id, callId));
  const [stored] = call?.receiptHash ? await db.select().from(receipts).where(eq(receipts.hash, call.receiptHash)) : [];
  if (!call || !stored) throw new Error('A charged call has lost its receipt.');
  const signed = await sign(context, stored);
  // The answer shows the receipt as it was then, whatever became of it since.
  const bundle = bundleOf({ ...signed, status: 'signed', batchIndex: null }, true);
  const response = renderResponse(call, deliveredSchema.parse(call.delivered), bundle);
  await db.transaction(async (tx) => {
    await tx.execute(sql`SET LOCAL synchronous_commit = off`); // it can be rendered again
    await tx.update(calls).set({ status: 'done', response }).where(eq(calls.id, callId));
  });
  return { call: { ...call, status: 'done', response }, response, bundle };
}

/** After a crash: calls that were running get no receipt and give back what they reserved; charged ones are finished. */
export async function recoverCalls(context: Context): Promise<void> {
  const { db, log } = context;
  const lost = await db.transaction(async (tx) => {
    await tx.update(sessions).set({ reserved: 0n });
    return tx
      .update(calls)
      .set({ status: 'failed', reserved: 0n })
      .where(eq(calls.status, 'running'))
      .returning({ id: calls.id });
  });
  const unsigned = await db.select().from(receipts).where(isNull(receipts.signature));
  for (const row of unsigned) await sign(context, row);
  const charged = await db.select({ id: calls.id }).from(calls).where(eq(calls.status, 'charged'));
  for (const { id } of charged) await finish(context, id);
  if (lost.length + charged.length > 0)
    log.info({ givenUp: lost.length, finished: charged.length }, 'calls of an earlier run put in order');
}
