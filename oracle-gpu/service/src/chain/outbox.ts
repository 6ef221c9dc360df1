import { randomUUID } from 'node:crypto';
import { errorsAbi } from '@openledger/sdk';
import { and, desc, eq, inArray, max, ne } from 'drizzle-orm';
import {
  type Abi,
  type Address,
  BaseError,
  decodeErrorResult,
  type EncodeFunctionDataParameters,
  encodeFunctionData,
  type Hash,
  type Hex,
  keccak256,
  parseTransaction,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem';
import type { Database } from '../db/open.ts';
import { transactions } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import type { Log } from '../log.ts';
import { createMutex } from '../mutex.ts';
import type { Chain } from './open.ts';

/** Blocks after which a transaction is no longer expected to vanish. */
export const finalityBlocks = 10n;
/** Blocks that are looked at again after the chain was found shorter or changed (a development chain loses what it had not saved). */
const lookBackBlocks = 600n;
/** A transaction that is in no block yet is sent again this often, ms: nodes may forget their pool. */
const rebroadcastMs = 5_000;

/** Fees are not raised beyond this many times what the chain asks for. */
const mostRaise = 10n;

type OutboxChain = Pick<Chain, 'client' | 'account' | 'chainId'>;
type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };
export type Outbox = ReturnType<typeof createOutbox>;
export type OutboxRow = typeof transactions.$inferSelect;

/** A transaction that the chain refuses, with the contract's error in words. */
export class RefusedTransaction extends Error {
  readonly errorName: string | undefined;
  constructor(purpose: string, errorName: string | undefined, reason: string) {
    super(`The chain refuses ${purpose}: ${errorName ?? reason}`);
    this.name = 'RefusedTransaction';
    this.errorName = errorName;
  }
}

/**
 * Sends transactions so that a crash loses none and sends none twice: nonce, signed bytes and hash are stored before
 * the first broadcast, and `follow` sends again whatever the chain does not know, with higher fees if it waits for long.
 * @param stuckMs after which a transaction that is in no block is signed again with higher fees
 */
export function createOutbox(db: Database, chain: OutboxChain, log: Log, stuckMs = 30_000) {
  const inOrder = createMutex();
  const { client, account } = chain;
  const broadcastAt = new Map<string, number>();

  /** Signs and stores a call, then broadcasts it. Throws RefusedTransaction, storing nothing, when it would revert. */
  async function send<const A extends Abi>(
    purpose: string,
    call: { address: Address } & EncodeFunctionDataParameters<A>,
  ): Promise<OutboxRow> {
    return sendData(purpose, call.address, encodeFunctionData(call as EncodeFunctionDataParameters));
  }

  /** The same of a call that is encoded already. */
  function sendData(purpose: string, to: Address, data: Hex): Promise<OutboxRow> {
    return inOrder(async () => {
      const gas = await estimate(purpose, to, data);
      const nonce = await nextNonce();
      const row = await store({ purpose, to, data, nonce, gas: (gas * 13n) / 10n, ...(await currentFees()) });
      await broadcast(row);
      log.info({ purpose, hash: row.hash }, 'transaction sent');
      return row;
    });
  }

  type Unsigned = { purpose: string; to: Address; data: Hex; nonce: number; gas: bigint } & Fees;

  async function store({ purpose, to, data, nonce, ...rest }: Unsigned): Promise<OutboxRow> {
    const raw = await account.signTransaction({ chainId: chain.chainId, type: 'eip1559', to, data, nonce, ...rest });
    const [row] = await db
      .insert(transactions)
      .values({ id: randomUUID(), purpose, recipient: to, data, nonce, hash: keccak256(raw), raw, status: 'stored' })
      .returning();
    if (!row) throw new Error('The database did not return the stored transaction.');
    return row;
  }

  /** What a transaction offers that is sent now: twice the base fee that is usual, so that it outlives a rise. */
  async function currentFees(): Promise<Fees> {
    const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
    return { maxFeePerGas: maxFeePerGas * 2n, maxPriorityFeePerGas };
  }

  /**
   * Signs the call of a transaction that no block takes once more, under the same nonce, so that only one of them can
   * ever be mined, and with fees that nodes accept in its place. Whichever is mined, the other is then `replaced`.
   */
  async function bump(stuck: OutboxRow): Promise<void> {
    const { gas, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(stuck.raw as Hex);
    const current = await currentFees();
    if (maxFeePerGas > current.maxFeePerGas * mostRaise) return; // it is not the fee that keeps it waiting
    const fees = {
      maxFeePerGas: larger(raised(maxFeePerGas), current.maxFeePerGas),
      maxPriorityFeePerGas: larger(raised(maxPriorityFeePerGas), current.maxPriorityFeePerGas),
    };
    const { purpose, nonce } = stuck;
    const row = await store({ purpose, to: stuck.recipient as Address, data: stuck.data as Hex, nonce, gas: gas ?? 0n, ...fees });
    log.warn({ purpose, hash: row.hash, before: stuck.hash }, 'in no block for long: sent again with higher fees');
    await broadcast(row);
  }

  async function estimate(purpose: string, to: Address, data: Hex): Promise<bigint> {
    try {
      return await client.estimateGas({ account, to, data });
    } catch (error) {
      throw refused(purpose, error, await explain(to, data));
    }
  }

  /** The custom error that a call reverts with, if it does. */
  async function explain(address: Address, data: Hex): Promise<string | undefined> {
    try {
      await client.call({ account, to: address, data });
      return undefined;
    } catch (error) {
      return decodeRevert(error);
    }
  }

  async function nextNonce(): Promise<number> {
    const onChain = await client.getTransactionCount({ address: account.address, blockTag: 'pending' });
    const [row] = await db
      .select({ last: max(transactions.nonce) })
      .from(transactions)
      .where(inArray(transactions.status, ['stored', 'sent']));
    return Math.max(onChain, (row?.last ?? -1) + 1);
  }

  async function broadcast(row: OutboxRow): Promise<void> {
    broadcastAt.set(row.id, Date.now());
    try {
      await client.sendRawTransaction({ serializedTransaction: row.raw as Hex });
    } catch (error) {
      const reason = (error instanceof BaseError ? error.details || error.shortMessage : sentence(error)).toLowerCase();
      if (/already (known|imported)/.test(reason)) return mark(row.id, { status: 'sent' });
      if (/nonce too low|nonce is too low/.test(reason)) {
        // Either it is in a block already, or somebody else used the nonce: then it can never be.
        if (await receiptOf(row.hash as Hash)) return mark(row.id, { status: 'sent' });
        log.warn({ purpose: row.purpose, hash: row.hash }, 'its nonce was used by another transaction');
        return mark(row.id, { status: 'replaced' });
      }
      log.warn({ purpose: row.purpose, hash: row.hash, reason }, 'transaction not taken yet');
      return;
    }
    await mark(row.id, { status: 'sent' });
  }

  function mark(id: string, values: Partial<OutboxRow>): Promise<void> {
    return db
      .update(transactions)
      .set(values)
      .where(eq(transactions.id, id))
      .then(() => undefined);
  }

  async function receiptOf(hash: Hash): Promise<TransactionReceipt | undefined> {
    try {
      return await client.getTransactionReceipt({ hash });
    } catch (error) {
      if (error instanceof TransactionReceiptNotFoundError) return undefined;
      throw error;
    }
  }

  /** Looks at every transaction that is not final: notes what was mined, sends again what is not there. */
  async function follow(): Promise<void> {
    const head = await client.getBlockNumber();
    const [last] = await db.select({ block: max(transactions.blockNumber) }).from(transactions);
    if (last?.block && BigInt(last.block) > head) await reopen(head);
    const open = await db
      .select()
      .from(transactions)
      .where(inArray(transactions.status, ['stored', 'sent', 'mined', 'reverted']))
      .orderBy(transactions.nonce);
    for (const row of open) await followOne(row, head);
    await inOrder(bumpStuck);
  }

  /** The first transaction that waits holds up all behind it: only it is looked at, by the last that was signed for its nonce. */
  async function bumpStuck(): Promise<void> {
    const [first] = await db
      .select()
      .from(transactions)
      .where(inArray(transactions.status, ['stored', 'sent']))
      .orderBy(transactions.nonce, desc(transactions.createdAt))
      .limit(1);
    if (first?.status === 'sent' && Date.now() - first.createdAt.getTime() > stuckMs) await bump(first);
  }

  async function followOne(row: OutboxRow, head: bigint): Promise<void> {
    const receipt = await receiptOf(row.hash as Hash);
    if (!receipt) {
      if (row.blockNumber !== null) {
        log.warn({ purpose: row.purpose, hash: row.hash }, 'the chain was reorganised: sending again');
        await mark(row.id, { status: 'stored', blockNumber: null, blockHash: null });
      } else if (row.status === 'sent' && Date.now() - (broadcastAt.get(row.id) ?? 0) < rebroadcastMs) {
        return; // it waits in the node's pool
      }
      await inOrder(() => broadcast(row));
      return;
    }
    const mined = receipt.status === 'success';
    if (!mined && row.status !== 'reverted')
      log.warn(
        { purpose: row.purpose, hash: row.hash, reason: await explain(row.recipient as Address, row.data as Hex) },
        'transaction reverted',
      );
    const deep = head - receipt.blockNumber >= finalityBlocks;
    await mark(row.id, {
      status: mined ? (deep ? 'final' : 'mined') : deep ? 'replaced' : 'reverted',
      blockNumber: Number(receipt.blockNumber),
      blockHash: receipt.blockHash,
    });
    if (deep) broadcastAt.delete(row.id);
    // The same call with other fees can no longer be mined.
    const { nonce } = row;
    await db
      .update(transactions)
      .set({ status: 'replaced' })
      .where(and(eq(transactions.nonce, nonce), ne(transactions.id, row.id), inArray(transactions.status, ['stored', 'sent'])));
  }

  /** After a reorganisation deeper than what was called final. */
  async function reopen(head: bigint): Promise<void> {
    log.warn({ head: head.toString() }, 'the chain is shorter than it was: looking at its last transactions again');
    const rows = await db.select().from(transactions).where(eq(transactions.status, 'final'));
    for (const row of rows) {
      if (BigInt(row.blockNumber ?? 0) + lookBackBlocks >= head) await mark(row.id, { status: 'mined' });
    }
  }

  /** The latest transaction for a purpose, if any. */
  async function find(purpose: string): Promise<OutboxRow | undefined> {
    const [row] = await db
      .select()
      .from(transactions)
      .where(eq(transactions.purpose, purpose))
      .orderBy(desc(transactions.createdAt))
      .limit(1);
    return row;
  }

  /** Whether a transaction for the purpose is on its way: stored or sent, but in no block. */
  async function isInFlight(purpose: string): Promise<boolean> {
    const rows = await db
      .select({ id: transactions.id })
      .from(transactions)
      .where(and(eq(transactions.purpose, purpose), inArray(transactions.status, ['stored', 'sent'])))
      .limit(1);
    return rows.length > 0;
  }

  /** Waits until the transaction is in a block. Throws RefusedTransaction if it reverted there. */
  async function settled(row: OutboxRow, signal?: AbortSignal): Promise<TransactionReceipt> {
    for (let waited = 0; !signal?.aborted; waited += 1) {
      const receipt = await receiptOf(row.hash as Hash);
      if (receipt) {
        await followOne(row, await client.getBlockNumber());
        if (receipt.status === 'success') return receipt;
        throw new RefusedTransaction(row.purpose, await explain(row.recipient as Address, row.data as Hex), 'it reverted');
      }
      const [now] = await db.select({ status: transactions.status }).from(transactions).where(eq(transactions.id, row.id));
      if (now?.status === 'replaced') {
        const other = await minedInstead(row);
        if (other) return other;
        throw new RefusedTransaction(row.purpose, undefined, 'its nonce was used by another transaction');
      }
      await new Promise((done) => setTimeout(done, Math.min(50 + waited * 20, 500)));
    }
    throw new Error(`Stopped while waiting for ${row.purpose}.`);
  }

  /** Receipt of the same call with other fees, if that was mined and did not revert. */
  async function minedInstead({ purpose, nonce }: OutboxRow): Promise<TransactionReceipt | undefined> {
    const isSameCall = and(eq(transactions.purpose, purpose), eq(transactions.nonce, nonce));
    for (const { hash } of await db.select().from(transactions).where(isSameCall)) {
      const receipt = await receiptOf(hash as Hash);
      if (receipt?.status === 'success') return receipt;
    }
    return undefined;
  }

  return { send, sendData, follow, find, isInFlight, settled };
}

/** Nodes take a replacement for at least 10 % more; rounded up, since a tip of 1 wei must grow too. */
const raised = (fee: bigint): bigint => (fee * 9n) / 8n + 1n;
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function refused(purpose: string, error: unknown, errorName: string | undefined): unknown {
  const name = errorName ?? decodeRevert(error);
  if (name === undefined && !(error instanceof BaseError && /revert/i.test(error.message))) return error; // the node, not the contract
  return new RefusedTransaction(purpose, name, sentence(error));
}

/** Name and arguments of the custom error inside an error of viem, if there is one. */
export function decodeRevert(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const holder = error.walk((inner) => typeof (inner as { data?: unknown }).data === 'string') as { data?: Hex } | null;
  if (!holder?.data) return undefined;
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorsAbi as Abi, data: holder.data });
    return `${errorName}(${(args ?? []).map(String).join(', ')})`;
  } catch {
    return `error ${holder.data.slice(0, 10)}`;
  }
}
