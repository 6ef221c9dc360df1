import { batchHeaderSchema, dataAnswer, type OpenedBatch, openBatch } from '@openledger/sdk';
import { asc, eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import { type AskedData, askedStatus, heldForNow, openAskedData } from '../chain/askedData.ts';
import { RefusedTransaction } from '../chain/outbox.ts';
import type { Context } from '../context.ts';
import { batches, receipts } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import type { BatchRow } from '../settlement/build.ts';
import { fileOf } from '../settlement/compose.ts';
import { settlePurpose } from '../settlement/send.ts';
import { readBatchData } from '../watchtower/batchData.ts';
import { rowCalldata } from './row.ts';

export const dataPurpose = (requestId: Hex): string => `data:${requestId}`;

/** Longest pause between two attempts, ms: a batch is lost at the deadline. */
const longestPause = 15_000;
/** Blocks before a settling transaction from which on requests are read, should it have moved meanwhile. */
const moved = 64n;

type Open = { row: BatchRow; asked: AskedData };

/**
 * Answers what is asked on chain of this operator's pending batches, the nearest deadline first. Each `tick` reads from
 * the chain what is open and from the outbox what is on its way, and remembers nothing: it may be broken off anywhere, and
 * what a reorganisation takes back is no longer there to be answered.
 */
export function createDataAnswers(context: Context) {
  const { db, chain, config, outbox, ipfs, log, metrics } = context;
  const { client, contracts } = chain;
  const requests = openAskedData(chain);
  /** Batches that are asked for, opened. */
  const opened = new Map<Hex, OpenedBatch>();
  /** Requests that could not be answered when they were last looked at: why, and when they are looked at again. */
  const failing = new Map<Hex, { reason: string; attempts: number; notBefore: number }>();
  const late = new Set<Hex>();

  /** Requests of a batch that wait for an answer. */
  async function openOf(row: BatchRow): Promise<Open[]> {
    const headerHash = row.headerHash as Hex;
    const held = await client.readContract({ ...contracts.data, functionName: 'heldUntil', args: [headerHash] });
    if (held !== heldForNow) {
      opened.delete(headerHash);
      return [];
    }
    const start = BigInt(config.deployment.startBlock);
    const settled = BigInt((await outbox.find(settlePurpose(row.batchIndex)))?.blockNumber ?? 0);
    const asked = await requests.askedOf(headerHash, settled - moved > start ? settled - moved : start);
    const states = await Promise.all(asked.map(({ requestId }) => requests.stateOf(requestId)));
    return asked.flatMap((one, index) => (states[index]?.status === askedStatus.open ? [{ row, asked: one }] : []));
  }

  async function calldata({ row, asked }: Open): Promise<Hex> {
    if (asked.of === 'row') return rowCalldata(context, headerOf(row), asked);
    const data = dataAnswer(await openOwn(row), asked);
    if (data) return data;
    const published = openBatch(await readBatchData(ipfs, `ipfs://${row.dataCid}`), headerOf(row), '0x');
    const found = dataAnswer(published, asked);
    if (!found)
      throw new Error(
        `Neither this database nor the file ${row.dataCid} opens batch ${row.batchIndex}: restore the database that belongs to this chain.`,
      );
    opened.set(asked.headerHash, published);
    return found;
  }

  /** The batch as the database has it; its channels are nobody's question. */
  async function openOwn(row: BatchRow): Promise<OpenedBatch> {
    const headerHash = row.headerHash as Hex;
    const known = opened.get(headerHash);
    if (known) return known;
    const stored = await db.select().from(receipts).where(eq(receipts.batchIndex, row.batchIndex));
    const batch = openBatch(await fileOf(context, row, stored), headerOf(row), '0x');
    opened.set(headerHash, batch);
    return batch;
  }

  async function answer(open: Open, now: number): Promise<void> {
    const { row, asked } = open;
    const { requestId, deadline } = asked;
    const about = { ...asked, batchIndex: row.batchIndex };
    if (now > deadline) {
      if (late.has(requestId)) return;
      late.add(requestId);
      metrics.dataRequests.inc({ outcome: 'late' });
      log.error(about, 'data that was asked for on chain was not given in time: the batch can be proven withheld');
      return;
    }
    const purpose = dataPurpose(requestId);
    const sent = await outbox.find(purpose);
    if (sent && ['stored', 'sent', 'mined'].includes(sent.status)) return; // on its way, or back on it after a reorganisation
    try {
      await outbox.sendData(purpose, contracts.data.address, await calldata(open));
    } catch (error) {
      // Somebody else was faster, or it is gone: the next look tells.
      if (!(error instanceof RefusedTransaction)) throw error;
      return postpone(asked, error);
    }
    failing.delete(requestId);
    metrics.dataRequests.inc({ outcome: 'answered' });
    log.info(about, 'answering a request for data of a batch');
  }

  function postpone({ requestId }: AskedData, error: unknown): void {
    const reason = sentence(error);
    const before = failing.get(requestId);
    const attempts = (before?.attempts ?? 0) + 1;
    if (before?.reason !== reason) log.warn({ requestId, reason }, 'a request for data of a batch waits');
    failing.set(requestId, { reason, attempts, notBefore: Date.now() + Math.min(250 * 2 ** attempts, longestPause) });
  }

  async function tick(): Promise<void> {
    const pending = await db.select().from(batches).where(eq(batches.status, 'pending')).orderBy(asc(batches.batchIndex));
    const open = (await Promise.all(pending.map(openOf))).flat();
    if (open.length === 0) return;
    const now = Number((await client.getBlock()).timestamp);
    open.sort((a, b) => a.asked.deadline - b.asked.deadline);
    for (const one of open) {
      if ((failing.get(one.asked.requestId)?.notBefore ?? 0) > Date.now()) continue;
      try {
        await answer(one, now);
      } catch (error) {
        await client.getBlockNumber(); // throws in an outage; else it is this request alone
        postpone(one.asked, error);
      }
    }
  }

  return { tick };
}

function headerOf({ header }: BatchRow) {
  return batchHeaderSchema.parse(header);
}
