import { eq, isNull } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { calls, receipts, sessions } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import { bundleJson, type ReceiptRow } from '../receipts/bundle.ts';
import { sign, signatureOf } from '../receipts/sign.ts';
import { deliveredSchema, renderResponse } from './render.ts';
import type { CallRow } from './reserve.ts';

export type Finished = { response: string; bundle: Record<string, unknown>; stored: Promise<void> };

/**
 * Signs the receipt of a charged call and renders its answer: repeated, it gives the same bytes. Both are then stored,
 * which nobody waits for, since they can be made again.
 */
export async function finish({ relaxed, chain, log }: Context, call: CallRow, receipt: ReceiptRow): Promise<Finished> {
  const signature = await signatureOf({ chain }, receipt);
  // The answer shows the receipt as it was then, whatever became of it since.
  const bundle = bundleJson({ ...receipt, signature, status: 'signed', batchIndex: null }, true);
  const response = renderResponse(call, deliveredSchema.parse(call.delivered), bundle);
  const store = async (): Promise<void> => {
    const signed = relaxed
      .$with('signed')
      .as(relaxed.update(receipts).set({ signature }).where(eq(receipts.hash, receipt.hash)).returning({ hash: receipts.hash }));
    await relaxed.with(signed).update(calls).set({ status: 'done', response }).where(eq(calls.id, call.id));
  };
  const stored = store().catch((error: unknown) =>
    log.warn({ reason: sentence(error) }, 'an answer is not stored: it will be rendered again'),
  );
  return { response, bundle, stored };
}

/** Finishes a charged call from what the database holds of it. */
export async function finishStored(context: Context, call: CallRow): Promise<string> {
  const [receipt] = call.receiptHash ? await context.db.select().from(receipts).where(eq(receipts.hash, call.receiptHash)) : [];
  if (!receipt) throw new Error('A charged call has lost its receipt.');
  const { response, stored } = await finish(context, call, receipt);
  await stored;
  return response;
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
  const charged = await db.select().from(calls).where(eq(calls.status, 'charged'));
  for (const call of charged) await finishStored(context, call);
  if (lost.length + charged.length > 0) {
    log.info({ givenUp: lost.length, finished: charged.length }, 'calls of an earlier run put in order');
  }
}
