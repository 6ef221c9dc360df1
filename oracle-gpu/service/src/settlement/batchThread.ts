import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BatchContext, BatchFacts, BatchFile, BatchHeader, Check, Commitment, WrongReceipt } from '@openledger/sdk';

/** Commitments of a batch's trees. */
export type Roots = { receipts: Commitment; allocations: Commitment; rewards: Commitment };
/** What a batch is checked against. */
export type CheckInput = {
  header: BatchHeader;
  context: BatchContext;
  facts: BatchFacts;
  /** Rewards that the chain holds of the batch before; of no leaves for the first. */
  rewardsBefore: Commitment;
};
/** `wrong`: the receipts that fail by themselves, looked for only when something failed. */
export type CheckResult = { checks: Check[]; wrong: WrongReceipt[] };

/** What a batch's thread is asked: first the batch's commitments, then its check. */
export type Asked = { text: string } | { input: CheckInput };

/** How long a thread that has nothing to do waits for another batch, ms. */
const keptFor = 60_000;

/** A thread, and what says why it is there no more. */
type Thread = { worker: Worker; gone: AbortSignal };

/** The thread that has done its batch: its code is loaded and compiled, which takes longer than checking a batch does. */
let idle: (Thread & { ending: NodeJS.Timeout }) | undefined;

/**
 * A batch of one's own on a thread beside this one: there its trees are built, and it is checked as a watchtower would,
 * while calls go on. A thread whose batch was checked waits for the next one a while; any other ends when it is closed.
 * @param text the batch's file in one piece, JSON
 */
export function openBatchThread(text: string) {
  const thread = takeIdle() ?? startThread();
  const { worker, gone } = thread;
  let isDone = false;
  async function ask<T>(asked: Asked): Promise<T> {
    gone.throwIfAborted();
    worker.postMessage(asked);
    try {
      const [message] = await once(worker, 'message', { signal: gone });
      return message as T;
    } catch (error) {
      throw gone.aborted ? gone.reason : error;
    }
  }
  const roots = ask<Roots>({ text });
  roots.catch(() => undefined); // whoever asks for them is told
  return {
    roots: (): Promise<Roots> => roots,
    check: async (input: CheckInput): Promise<CheckResult> => {
      const result = await ask<CheckResult>({ input });
      isDone = true;
      return result;
    },
    close: async (): Promise<void> => {
      if (isDone && !gone.aborted && !idle) keepIdle(thread);
      else await worker.terminate();
    },
  };
}

function startThread(): Thread {
  const worker = new Worker(new URL('./batchWorker.ts', import.meta.url));
  const gone = new AbortController();
  worker.on('error', (error) => gone.abort(error));
  worker.once('exit', (code) => gone.abort(new Error(`The thread of a batch ended with code ${code}.`)));
  return { worker, gone: gone.signal };
}

function takeIdle(): Thread | undefined {
  if (!idle) return undefined;
  const { ending, ...thread } = idle;
  idle = undefined;
  clearTimeout(ending);
  if (thread.gone.aborted) return undefined;
  thread.worker.ref();
  return thread;
}

/** Nothing waits for such a thread: the process may end before it does. */
function keepIdle(thread: Thread): void {
  thread.worker.unref();
  const ending = setTimeout(() => {
    idle = undefined;
    void thread.worker.terminate();
  }, keptFor);
  ending.unref();
  idle = { ...thread, ending };
}

/** Facts with those rows of the indices alone that a batch names: the rest need not be copied to its thread. */
export function onlyUsed(facts: BatchFacts, { receipts }: Pick<BatchFile, 'receipts'>): BatchFacts {
  const positions = new Set<number>();
  for (const { evidence } of receipts) {
    for (const { position } of evidence.records) positions.add(position);
    for (const { sources } of evidence.spans) for (const { position } of sources) positions.add(position);
  }
  const releases = [...facts.releases].map(([hash, release]) => {
    const { index, ...rest } = release;
    return [hash, index ? { ...rest, index: pick(index, positions) } : rest] as const;
  });
  return { ...facts, releases: new Map(releases) };
}

/** A sparse array with these positions alone. */
function pick<T>(rows: readonly T[], positions: ReadonlySet<number>): T[] {
  const picked: T[] = [];
  for (const position of positions) {
    const row = rows[position];
    if (row !== undefined) picked[position] = row;
  }
  return picked;
}
