// The thread of one batch after the other (batchThread.ts): says a batch's commitments, then checks it against what it is
// given.
import { parentPort } from 'node:worker_threads';
import {
  allocationsTree,
  type BatchFile,
  batchFileSchema,
  check,
  commitmentOf,
  receiptsTree,
  recomputeBatch,
  rewardsTree,
  verifyBatch,
  wrongReceipts,
  zeroHash,
} from '@openledger/sdk';
import { prettifyError } from 'zod';
import { recoverSigner } from '../receipts/recover.ts';
import type { Asked, CheckInput, CheckResult, Roots } from './batchThread.ts';

const port = parentPort as NonNullable<typeof parentPort>;
let file: BatchFile | undefined;

function open(text: string): Roots {
  const { data, error } = batchFileSchema.safeParse(JSON.parse(text));
  if (!data) throw new Error(`This is no batch’s file: ${prettifyError(error)}`); // its own words get lost between threads
  file = data;
  return {
    receipts: commitmentOf(receiptsTree(file.receipts)),
    allocations: commitmentOf(allocationsTree(file.receipts)),
    rewards: commitmentOf(rewardsTree(file.rewards)),
  };
}

async function checkAll(file: BatchFile, { header, context: given, facts, rewardsBefore }: CheckInput): Promise<CheckResult> {
  const context = { ...given, recover: recoverSigner };
  const [verified, recomputed] = [await verifyBatch(file, header, context), await recomputeBatch(file, header, facts)];
  const before = context.previousRewards ?? [];
  const ground = check(
    'rewardsBefore',
    (before.length === 0 ? zeroHash : rewardsTree(before).root) === rewardsBefore.root,
    'The rewards before this batch are those that the chain holds.',
    'The rewards before this batch, in the database, are not those that the chain holds.',
  );
  const isRight = verified.ok && recomputed.ok;
  return {
    checks: [...verified.checks, ground, ...recomputed.checks],
    wrong: isRight ? [] : await wrongReceipts(file, header, context, facts),
  };
}

port.on('message', async (asked: Asked) => {
  if ('text' in asked) return port.postMessage(open(asked.text));
  if (!file) throw new Error('There is no batch to check: give its file first.');
  const opened = file;
  file = undefined; // nothing of it need stay until the next one
  port.postMessage(await checkAll(opened, asked.input));
});
