import { Worker } from 'node:worker_threads';
import type { BatchContext, BatchFacts, BatchFile, BatchHeader, Check, Commitment, WrongReceipt } from '@openledger/sdk';

export type CheckInput = {
  file: BatchFile;
  header: BatchHeader;
  context: BatchContext;
  facts: BatchFacts;
  /** Rewards that the chain holds of the batch before; of no leaves for the first. */
  rewardsBefore: Commitment;
};
/** `wrong`: the receipts that fail by themselves, looked for only when something failed. */
export type CheckResult = { checks: Check[]; wrong: WrongReceipt[] };

/** Checks a batch of one's own as a watchtower would, on a thread of its own: calls go on meanwhile. */
export function checkBatch({ facts, ...input }: CheckInput): Promise<CheckResult> {
  const workerData: CheckInput = { ...input, facts: onlyUsed(facts, input.file) };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./checkWorker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`The check of a batch ended with code ${code}.`)));
  });
}

/** The same facts with those rows of the indices alone that the batch names: the rest need not be copied. */
function onlyUsed(facts: BatchFacts, { receipts }: BatchFile): BatchFacts {
  const positions = new Set(receipts.flatMap(({ evidence }) => evidence.records.map(({ position }) => position)));
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
