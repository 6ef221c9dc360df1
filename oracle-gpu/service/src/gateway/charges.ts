import { quotedRows, type Receipt, receiptHash, toJson } from '@openledger/sdk';
import { DatabaseError, type Pool } from 'pg';
import type { Context } from '../context.ts';
import { isUniqueViolation } from '../db/isUniqueViolation.ts';
import { ServiceError } from '../errors.ts';
import type { ReceiptRow } from '../receipts/bundle.ts';
import { evidenceTexts } from '../receipts/evidence.ts';
import type { Account } from '../sessions/book.ts';
import type { Call } from './answer.ts';
import type { Composed } from './composeReceipt.ts';
import type { Delivered } from './delivered.ts';
import { inProgress, type Reservation } from './reserve.ts';

/** An answer that is to be paid: everything but its place in its channel. */
export type Charge = {
  call: Call;
  composed: Composed;
  delivered: Delivered;
  isPublic: boolean;
  reservation: Reservation;
};

type Waiting = { charge: Charge; done: (row: ReceiptRow) => void; failed: (error: unknown) => void };
/** `stored`: the bundle as the database keeps it. */
type Numbered = { charge: Charge; row: ReceiptRow; stored: string };

/** Most charges written in one transaction: at 20 KB each it stays below what a message to the database should be. */
const mostAtOnce = 128;

/**
 * Writes charges, those that wait together in one transaction: the channel's next sequence, what it spent, the receipt
 * with its signature, who earns by it and the answer that a retry gets. Until that is committed nothing of it leaves
 * this process, a signature least of all: the sequence may be given to another receipt if writing fails.
 */
export function createCharges({ db, book, signReceipt, log }: Pick<Context, 'db' | 'book' | 'signReceipt' | 'log'>) {
  const pool = db.$client as Pool;
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function write(group: readonly Waiting[], isAgain = false): Promise<void> {
    let numbered: Numbered[];
    try {
      numbered = number(group, signReceipt);
      await store(pool, numbered);
    } catch (error) {
      await Promise.all([...new Set(group.map(({ charge }) => charge.reservation.account.payer))].map(book.reread)).catch(
        () => undefined,
      );
      // Written once more it might be charged twice.
      if (error instanceof LostWrite) {
        for (const { failed } of group) failed(unknownOutcome());
        return;
      }
      if (group.length === 1) {
        // A process killed before this one may have left a statement behind that ended only now.
        if (error instanceof OtherSequences && !isAgain) return write(group, true);
        return group[0]?.failed(isUniqueViolation(error) ? inProgress() : error);
      }
      log.warn({ charges: group.length, reason: String(error) }, 'charges could not be written together: one by one');
      for (const one of group) await write([one]);
      return;
    }
    for (const [index, { charge, row }] of numbered.entries()) {
      charge.reservation.account.sequence = row.sequence;
      charge.reservation.account.spent += row.fee;
      charge.reservation.release(row.fee);
      group[index]?.done(row);
    }
  }

  async function writeAll(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, mostAtOnce);
      waiting = waiting.slice(mostAtOnce);
      await write(group);
    }
    isWriting = false;
  }

  /** Charges an answer. @returns its receipt, stored; 409 when an answer to its Idempotency-Key was charged meanwhile */
  return (charge: Charge): Promise<ReceiptRow> =>
    new Promise((done, failed) => {
      waiting.push({ charge, done, failed });
      void writeAll();
    });
}

const unknownOutcome = (): ServiceError =>
  new ServiceError(
    503,
    'charge_unknown',
    'The database was lost while this call was charged: ask again with the same Idempotency-Key, and you get the answer if it was charged, or look at the session.',
    { retryAfter: 1 },
  );

/** Gives each charge the next sequence of its channel and signs its receipt. */
function number(group: readonly Waiting[], signReceipt: Context['signReceipt']): Numbered[] {
  const last = new Map<Account, number>();
  return group.map(({ charge }) => {
    const { call, composed, isPublic } = charge;
    const { account } = charge.reservation;
    const sequence = (last.get(account) ?? account.sequence) + 1;
    last.set(account, sequence);
    const receipt: Receipt = { ...composed.unnumbered, sequence };
    const hash = receiptHash(receipt);
    const head = JSON.stringify({ receipt: toJson(receipt), ...composed.bundle }).slice(0, -1);
    const evidence = evidenceTexts(composed.release, composed.evidence);
    const row: ReceiptRow = {
      hash,
      channel: account.channel,
      sequence,
      payer: account.payer,
      modelId: composed.release.modelId,
      releaseHash: composed.release.releaseHash,
      fee: receipt.fee,
      feeVersion: receipt.feeVersion,
      dayIndex: composed.dayIndex,
      parametersHash: composed.parametersHash,
      bundle: `${head},"evidence":${evidence.whole}}`,
      quoted: quotedRows(composed.evidence),
      secret: composed.secret,
      query: composed.query,
      signature: signReceipt(hash),
      status: 'signed',
      batchIndex: null,
      isPublic,
      created: call.created,
      createdAt: new Date(),
    };
    return { charge, row, stored: `${head},"evidence":${evidence.stored}}` };
  });
}

/** What the channels had and have after these charges. */
function channelsOf(numbered: readonly Numbered[]) {
  const channels = new Map<string, { channel: string; before: number; sequence: number; spent: bigint }>();
  for (const { charge, row } of numbered) {
    const known = channels.get(row.channel);
    if (known) Object.assign(known, { sequence: row.sequence, spent: known.spent + row.fee });
    else
      channels.set(row.channel, {
        channel: row.channel,
        before: charge.reservation.account.sequence,
        sequence: row.sequence,
        spent: charge.reservation.account.spent + row.fee,
      });
  }
  return [...channels.values()].map((channel) => ({ ...channel, spent: String(channel.spent) }));
}

// Rows travel as JSON and become rows in the database: the statement stays the same for any number of them, so the
// database plans it once. It is a transaction by itself, since each way to the database and back keeps all waiting that
// wait for it. If a channel does not stand where this process believes it, the division fails, and everything with it.
const storeCharges = {
  name: 'store charges',
  text: `WITH raised AS (
        UPDATE sessions SET sequence = now.sequence, spent = now.spent
        FROM json_to_recordset($1) AS now(channel text, before bigint, sequence bigint, spent numeric)
        WHERE sessions.channel = now.channel AND sessions.sequence = now.before RETURNING 1),
      earned AS (INSERT INTO earnings SELECT * FROM json_populate_recordset(NULL::earnings, $3)),
      answered AS (INSERT INTO answers SELECT * FROM json_populate_recordset(NULL::answers, $4))
    INSERT INTO receipts SELECT * FROM json_populate_recordset(NULL::receipts, $2)
      WHERE 1 / (SELECT (count(*) = json_array_length($1))::int FROM raised) = 1`,
};
const divisionByZero = '22012';
class OtherSequences extends Error {}
/** The statement was sent and nothing came back: it may have been written, or may still be. */
class LostWrite extends Error {}

async function store(pool: Pool, numbered: readonly Numbered[]): Promise<void> {
  const texts = [
    JSON.stringify(channelsOf(numbered)),
    `[${numbered.map(receiptText).join(',')}]`,
    JSON.stringify(numbered.flatMap(earningColumns)),
    JSON.stringify(numbered.flatMap(answerColumns)),
  ];
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query({ ...storeCharges, values: texts });
  } catch (error) {
    if (!(error instanceof DatabaseError)) {
      broken = new LostWrite('The database was lost while charges were written.', { cause: error });
      throw broken;
    }
    if (error.code === divisionByZero)
      throw new OtherSequences('The sessions in the database are not those in memory.', { cause: error });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** The columns of a receipt as JSON; its bundle is JSON already. */
function receiptText({ row, stored }: Numbered): string {
  const columns = {
    hash: row.hash,
    channel: row.channel,
    sequence: row.sequence,
    payer: row.payer,
    model_id: row.modelId,
    release_hash: row.releaseHash,
    fee: String(row.fee),
    fee_version: row.feeVersion,
    day_index: row.dayIndex,
    parameters_hash: row.parametersHash,
    secret: row.secret,
    query: row.query && `\\x${row.query.slice(2)}`, // how the database writes bytes
    signature: row.signature,
    status: row.status,
    is_public: row.isPublic,
    created: row.created,
    created_at: row.createdAt,
  };
  return `${JSON.stringify(columns).slice(0, -1)},"bundle":${stored}}`;
}

function earningColumns({ charge, row }: Numbered) {
  return charge.composed.sources.map(({ account, role, datanetId, amount }) => ({
    receipt_hash: row.hash,
    account,
    role,
    datanet_id: datanetId,
    model_id: row.modelId,
    amount: String(amount),
  }));
}

/** Only calls with an Idempotency-Key can be asked for again. */
function answerColumns({ charge: { call, delivered }, row }: Numbered) {
  if (call.idempotencyKey === null) return [];
  return {
    channel: row.channel,
    idempotency_key: call.idempotencyKey,
    request_hash: call.requestHash,
    id: call.id,
    created: call.created,
    model: call.model,
    stream: call.stream,
    include_usage: call.includeUsage,
    delivered,
    receipt_hash: row.hash,
    created_at: row.createdAt,
  };
}
