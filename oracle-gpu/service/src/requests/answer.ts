import { outputTree, receiptSchema } from '@openledger/sdk';
import { asc, eq } from 'drizzle-orm';
import { concatHex, type Hex, isAddressEqual, keccak256, size, stringToHex, zeroAddress, zeroHash } from 'viem';
import { z } from 'zod';
import { RefusedTransaction } from '../chain/outbox.ts';
import type { Context } from '../context.ts';
import { inferenceRequests } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import { leaveOut } from '../settlement/leaveOut.ts';
import { Declined, PromptMissing, planAnswer, promptOf, type RequestRow } from './plan.ts';
import { makeReceipt, type RequestChannel, receiptOf, type StoredReceipt, strandedReceipts } from './receipt.ts';

/** Bytes of an answer that InferenceRequests takes as such; a longer one is pinned. */
const maxOutput = 4_096;

const answerPurpose = ({ requestId }: RequestRow, { channel }: RequestChannel): string =>
  `answer:${requestId}:${channel.slice(2, 10)}`;

/** Attempts after which a request that nobody has accepted is declined for want of its prompt. */
const mostAttempts = 5;
/** Longest pause between two attempts, ms: deadlines may be near. */
const longestPause = 30_000;

/** As the contract counts them. */
const status = { open: 1, accepted: 2, answered: 3, refunded: 4 } as const;

const signedPart = z.looseObject({ receipt: receiptSchema });
const secretPart = z.looseObject({
  salt: z.custom<Hex>((value) => typeof value === 'string'),
  answer: z.string(),
  tokenIds: z.array(z.int()),
});

/**
 * Accepts and answers what is asked on chain. Each `tick` reads where a request stands and does the next thing, so that it
 * may be broken off anywhere: a receipt, once signed, is the only one of its channel, and transactions wait in the outbox.
 */
export function createResponder(context: Context) {
  const { db, chain, config, outbox, facts, log, metrics, closed } = context;
  const { client, contracts, operator } = chain;
  const stopping = new AbortController();
  /** Requests that could not be brought further when they were last looked at: why, and when they are looked at again. */
  const failing = new Map<number, { reason: string; attempts: number; notBefore: number }>();

  async function end({ requestId }: RequestRow, to: 'done' | 'declined', reason: string): Promise<void> {
    await db.update(inferenceRequests).set({ status: to, reason }).where(eq(inferenceRequests.requestId, requestId));
    failing.delete(requestId);
  }

  function read(requestId: number) {
    return client.readContract({ ...contracts.requests, functionName: 'requestOf', args: [BigInt(requestId)] });
  }

  async function unlessRefused(purpose: string, sending: Promise<unknown>): Promise<void> {
    try {
      await sending;
    } catch (error) {
      // Somebody else was faster, or deposits are paused: the next look tells.
      if (!(error instanceof RefusedTransaction)) throw error;
      log.debug({ purpose, reason: error.message }, 'not sent');
    }
  }

  async function accept(row: RequestRow): Promise<void> {
    if (row.deadline - (await facts.clock()) < config.requests.seconds) return end(row, 'declined', 'Its deadline is too near.');
    const purpose = `accept:${row.requestId}`;
    if (await outbox.isInFlight(purpose)) return;
    await planAnswer(context, row);
    const { active, signer } = await facts.operator();
    if (!active || !isAddressEqual(signer, operator)) return; // nothing may be promised now
    const call = { ...contracts.requests, functionName: 'accept', args: [BigInt(row.requestId)] } as const;
    await unlessRefused(purpose, outbox.send(purpose, call));
  }

  async function channelOf(requestId: number, acceptedAt: number): Promise<RequestChannel> {
    const [account, channel, expiry] = await client.readContract({
      ...contracts.requests,
      functionName: 'channelOf',
      args: [BigInt(requestId)],
    });
    return { account, channel, expiry, acceptedAt };
  }

  async function answer(row: RequestRow, at: RequestChannel): Promise<void> {
    const purpose = answerPurpose(row, at);
    if (await outbox.isInFlight(purpose)) return;
    if (!(await receiptOf(context, at.channel)))
      await makeReceipt(context, row, await planAnswer(context, row), at, stopping.signal);
    const stored = await receiptOf(context, at.channel);
    if (!stored) throw new Error(`The receipt of request ${row.requestId} is not stored.`);
    const given = await answerOf(stored, await promptOf(context, row));
    const call = { ...contracts.requests, functionName: 'answer', args: [BigInt(row.requestId), given] } as const;
    await unlessRefused(purpose, outbox.send(purpose, call));
  }

  async function answerOf({ bundle, secret, signature }: StoredReceipt, prompt: Hex) {
    const { receipt } = signedPart.parse(bundle);
    const { salt, answer: text, tokenIds } = secretPart.parse(secret);
    const output = stringToHex(text);
    const isLong = size(output) > maxOutput;
    return {
      receipt,
      signature: signature as Hex,
      prompt,
      salt,
      output: isLong ? ('0x' as const) : output,
      outputCid: isLong ? await context.ipfs.add(new TextEncoder().encode(text)) : '',
      textHash: isLong ? keccak256(concatHex([salt, output])) : zeroHash,
      outputRoot: outputTree(salt, tokenIds).root,
    };
  }

  async function leaveUnpaid(stranded: readonly { hash: string }[], reason: string): Promise<void> {
    if (stranded.length === 0) return;
    await leaveOut(
      context,
      stranded.map(({ hash }) => ({ hash, reason })),
      'unpaid',
    );
    await closed.refresh();
  }

  /** Once the answer can no longer vanish, nobody will ever pay what was signed for another acceptance. */
  async function finish(row: RequestRow, at: RequestChannel): Promise<void> {
    const stranded = await strandedReceipts(context, row.requestId, at.channel);
    if (stranded.length > 0 && (await outbox.find(answerPurpose(row, at)))?.status !== 'final') return;
    await leaveUnpaid(stranded, `Request ${row.requestId} was accepted anew after the chain was reorganised.`);
    metrics.requests.inc({ outcome: 'answered' });
    log.info({ requestId: row.requestId }, 'a request on chain is answered');
    await end(row, 'done', 'Answered.');
  }

  /** Nobody will ever pay what was not answered in time. */
  async function giveUp(row: RequestRow, reason: string): Promise<void> {
    await leaveUnpaid(await strandedReceipts(context, row.requestId, zeroHash), reason);
    await end(row, 'done', reason);
    metrics.requests.inc({ outcome: 'late' });
    log.error({ requestId: row.requestId }, 'a request that was accepted was not answered in time');
  }

  async function follow(row: RequestRow): Promise<void> {
    const { requestId } = row;
    const [state, { timestamp }] = await Promise.all([read(requestId), client.getBlock()]);
    const isOurs = isAddressEqual(state.operator, operator) && !isAddressEqual(state.signer, zeroAddress);
    if (state.status === status.open) return accept(row);
    if (!isOurs) return end(row, 'done', 'It was taken back, or another operator has accepted it.');
    const at = await channelOf(requestId, state.acceptedAt);
    if (state.status === status.answered) return finish(row, at);
    if (state.status === status.refunded || timestamp > BigInt(state.deadline))
      return giveUp(row, `Request ${requestId} was not answered before its deadline.`);
    return answer(row, at);
  }

  async function failed(row: RequestRow, error: unknown): Promise<void> {
    const { requestId } = row;
    const reason = sentence(error);
    const before = failing.get(requestId);
    const attempts = (before?.attempts ?? 0) + 1;
    const isHopeless =
      error instanceof PromptMissing && attempts >= mostAttempts && (await read(requestId)).status === status.open;
    if (error instanceof Declined || isHopeless) {
      metrics.requests.inc({ outcome: 'declined' });
      log.info({ requestId, reason }, 'a request on chain is declined');
      return end(row, 'declined', reason);
    }
    if (before?.reason !== reason) log.warn({ requestId, reason }, 'a request on chain waits');
    const pause = Math.min(500 * 2 ** attempts, longestPause);
    failing.set(requestId, { reason, attempts, notBefore: Date.now() + pause });
  }

  async function tick(): Promise<void> {
    const open = await db
      .select()
      .from(inferenceRequests)
      .where(eq(inferenceRequests.status, 'open'))
      .orderBy(asc(inferenceRequests.deadline), asc(inferenceRequests.requestId));
    for (const row of open) {
      if (stopping.signal.aborted) return;
      if ((failing.get(row.requestId)?.notBefore ?? 0) > Date.now()) continue;
      try {
        await follow(row);
        failing.delete(row.requestId);
      } catch (error) {
        if (stopping.signal.aborted) return;
        await failed(row, error);
      }
    }
  }

  return {
    tick,
    /** Ends an answer that is being made: it costs nothing, and is made again. */
    stop: (): void => stopping.abort(),
  };
}
