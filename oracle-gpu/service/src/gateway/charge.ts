import { receiptHash, toJson } from '@openledger/sdk';
import { and, eq, sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { calls, earnings, receipts, sessions } from '../db/schema.ts';
import type { ReceiptRow } from '../receipts/bundle.ts';
import type { SessionRow } from '../sessions/openSession.ts';
import { type Answer, composeReceipt } from './composeReceipt.ts';
import type { CallRow } from './reserve.ts';
import type { ServedModel } from './resolveModel.ts';

/**
 * Stores the receipt of an answer: in one transaction the channel's next sequence, what it spent, the receipt, who
 * earns by it and the call's state. Nothing is signed before that has been committed.
 */
export async function charge(
  context: Context,
  session: SessionRow,
  call: CallRow,
  model: ServedModel,
  answer: Answer,
): Promise<{ call: CallRow; receipt: ReceiptRow }> {
  const { unnumbered, bundle, secret, sources, dayIndex, parametersHash } = await composeReceipt(
    context,
    session,
    call,
    model,
    answer,
  );
  const { fee, feeVersion } = unnumbered;
  const { releaseHash, modelId } = model.release;
  return context.db.transaction(async (tx) => {
    const [taken] = await tx
      .update(sessions)
      .set({
        sequence: sql`${sessions.sequence} + 1`,
        spent: sql`${sessions.spent} + ${fee}`,
        reserved: sql`${sessions.reserved} - ${call.reserved}`,
      })
      .where(eq(sessions.channel, session.channel))
      .returning({ sequence: sessions.sequence });
    if (!taken) throw new Error('The session of a running call is gone.');
    const receipt = { ...unnumbered, sequence: taken.sequence };
    const hash = receiptHash(receipt);
    const charged = { status: 'charged', reserved: 0n, receiptHash: hash, delivered: answer.delivered };
    const row = {
      hash,
      channel: session.channel,
      sequence: taken.sequence,
      payer: session.payer,
      modelId,
      releaseHash,
      fee,
      feeVersion,
      dayIndex,
      parametersHash,
      bundle: toJson({ receipt, ...bundle }),
      secret,
      signature: null,
      status: 'signed',
      batchIndex: null,
      isPublic: answer.isPublic,
      created: call.created,
      createdAt: new Date(),
    };
    const mine = tx.$with('mine').as(
      tx
        .update(calls)
        .set(charged)
        .where(and(eq(calls.id, call.id), eq(calls.status, 'running')))
        .returning({ id: calls.id }),
    );
    const [stored] = await tx
      .with(mine)
      .insert(receipts)
      .values(row)
      .returning({ calls: sql<number>`(SELECT count(*)::int FROM ${mine})` });
    if (stored?.calls !== 1) throw new Error('The call was given up meanwhile.');
    if (sources.length > 0) {
      await tx.insert(earnings).values(sources.map((source) => ({ ...source, receiptHash: hash, modelId })));
    }
    return { call: { ...call, ...charged }, receipt: row };
  });
}
