import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  type BatchContext,
  type BatchFacts,
  type BatchFile,
  type BatchHeader,
  type Check,
  type Commitment,
  quotedRows,
  type WrongReceipt,
} from '@openledger/sdk';

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

/**
 * A batch of one's own on a thread of its own: there its trees are built, and it is checked as a watchtower would, while
 * calls go on. Ends with the check, or when it is closed.
 * @param text the batch's file in one piece, JSON
 */
export function openBatchThread(text: string) {
  const worker = new Worker(new URL('./batchWorker.ts', import.meta.url), { workerData: text });
  const gone = new AbortController();
  worker.on('error', (error) => gone.abort(error));
  worker.once('exit', (code) => gone.abort(new Error(`The thread of a batch ended with code ${code}.`)));
  async function answer<T>(): Promise<T> {
    try {
      const [message] = await once(worker, 'message', { signal: gone.signal });
      return message as T;
    } catch (error) {
      throw gone.signal.aborted ? gone.signal.reason : error;
    }
  }
  const roots = answer<Roots>();
  roots.catch(() => undefined); // whoever asks for them is told
  return {
    roots: (): Promise<Roots> => roots,
    check: (input: CheckInput): Promise<CheckResult> => {
      worker.postMessage(input);
      return answer<CheckResult>();
    },
    close: async (): Promise<void> => void (await worker.terminate()),
  };
}

/** Facts with those rows of the indices alone that a batch names: the rest need not be copied to its thread. */
export function onlyUsed(facts: BatchFacts, { receipts }: Pick<BatchFile, 'receipts'>): BatchFacts {
  const positions = new Set(receipts.flatMap(({ evidence }) => quotedRows(evidence).map(({ position }) => position)));
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
