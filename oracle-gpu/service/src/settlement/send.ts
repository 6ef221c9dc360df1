import { type BatchHeader, batchHeaderSchema, bodyHash, canonicalJson, emptyTree, zeroHash } from '@openledger/sdk';
import { and, eq } from 'drizzle-orm';
import { RefusedTransaction } from '../chain/outbox.ts';
import type { Context } from '../context.ts';
import { batches, receipts, voidedBatches } from '../db/schema.ts';
import { type BatchRow, dissolveFrom, settledColumns } from './build.ts';
import { pinBatch } from './file.ts';
import { leaveOut } from './leaveOut.ts';
import { prepareBatch } from './prepare.ts';

/** Longest parameters that can be given on chain when they are asked for, bytes: nodes take transactions of 128 KiB. */
const maxParameters = 120_000;

/** As `provenFault` names it. */
const withheldFault = 'withheld data';

export const settlePurpose = (batchIndex: number): string => `settle:${batchIndex}`;

/**
 * Pins a batch, checks it as anyone would, and sends it to be settled if nothing is wrong with it. A batch that the chain
 * refuses is taken apart: its receipts go into a later one.
 * @returns whether it was sent
 */
export async function sendBatch(context: Context, row: BatchRow): Promise<boolean> {
  const { db, chain, outbox, ipfs, log } = context;
  const { batchIndex } = row;
  const stored = await db.select(settledColumns).from(receipts).where(eq(receipts.batchIndex, batchIndex));
  const prepared = await prepareBatch(context, row, stored, (encoded) => pinBatch(ipfs, encoded));
  const { file, dataCid, composed, checks, wrong } = prepared;
  const { header, channels, commitment, previous } = composed;
  const failed = checks.filter(({ status }) => status === 'failed').map(({ sentence }) => sentence);
  const length = Buffer.byteLength(canonicalJson(file.parameters));
  if (length > maxParameters) {
    // All its receipts rest on them: held, they keep nothing else from being settled.
    const reason = `Its parameters have ${length} bytes, and no more than ${maxParameters} can be given on chain when they are asked for.`;
    await refuse(
      context,
      row,
      [reason],
      stored.map(({ hash }) => ({ hash, reason })),
    );
    return false;
  }
  if (await repeatsVoided(context, header)) failed.push('It is the batch that was proven wrong, once more.');
  if (failed.length > 0) {
    await refuse(context, row, failed, wrong);
    return false;
  }
  await db.update(batches).set({ dataCid, dayIndex: file.dayIndex }).where(eq(batches.batchIndex, batchIndex));
  const opening = previous
    ? { bodyHash: bodyHash(previous.body), rewards: previous.rewards, settledAt: BigInt(previous.settledAt) }
    : { bodyHash: zeroHash, rewards: emptyTree, settledAt: 0n };
  try {
    await outbox.send(settlePurpose(batchIndex), {
      ...chain.contracts.settlement,
      functionName: 'settle',
      args: [header.body, header.rewards, opening, channels, commitment],
    });
  } catch (error) {
    if (!(error instanceof RefusedTransaction)) throw error;
    log.warn({ batchIndex, reason: error.message }, 'the batch is refused: taking it apart');
    await dissolveFrom(context, batchIndex);
    return false;
  }
  return true;
}

/**
 * Whether a proof against a batch of this number would hold against this one too, since nothing that it opened has changed.
 * What was withheld may be settled again: nothing in it is wrong.
 */
async function repeatsVoided({ db }: Context, { body, rewards }: BatchHeader): Promise<boolean> {
  const voided = await db
    .select()
    .from(voidedBatches)
    .where(and(eq(voidedBatches.batchIndex, body.batchIndex), eq(voidedBatches.isAccused, true)));
  return voided.some((row) => {
    if (row.fault === withheldFault) return false;
    const { body: before, rewards: paid } = batchHeaderSchema.parse(row.header);
    return (
      before.receipts.root === body.receipts.root &&
      before.allocations.root === body.allocations.root &&
      paid.root === rewards.root &&
      before.channelsHash === body.channelsHash &&
      before.feeVersion === body.feeVersion &&
      before.parametersHash === body.parametersHash
    );
  });
}

/** Settling it would cost the stake behind it. What is wrong by itself is held, so that the rest can be settled. */
async function refuse(context: Context, { batchIndex }: BatchRow, failed: string[], wrong: { hash: string; reason: string }[]) {
  const { log, metrics, closed } = context;
  metrics.refusedBatches.inc();
  log.error(
    { batchIndex, failed, wrong: wrong.map(({ hash }) => hash) },
    wrong.length > 0
      ? 'this batch fails the check before it is settled: its wrong receipts are held, openledger held lists them'
      : 'this batch fails the check before it is settled and is not sent: look at it',
  );
  if (wrong.length === 0) return;
  await dissolveFrom(context, batchIndex);
  await leaveOut(context, wrong, 'held');
  await closed.refresh();
}
