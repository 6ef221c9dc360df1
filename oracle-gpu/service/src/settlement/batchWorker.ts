// The thread of one batch (batchThread.ts): says its commitments, waits for what to check it against, checks it, ends.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import {
  allocationsTree,
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
import type { CheckInput, CheckResult, Roots } from './batchThread.ts';

const port = parentPort as NonNullable<typeof parentPort>;
const asked = once(port, 'message');

const file = batchFileSchema.parse(JSON.parse(workerData as string));
const roots: Roots = {
  receipts: commitmentOf(receiptsTree(file.receipts)),
  allocations: commitmentOf(allocationsTree(file.receipts)),
  rewards: commitmentOf(rewardsTree(file.rewards)),
};
port.postMessage(roots);

const [{ header, context, facts, rewardsBefore }] = (await asked) as [CheckInput];
const [verified, recomputed] = [await verifyBatch(file, header, context), await recomputeBatch(file, header, facts)];
const before = context.previousRewards ?? [];
const ground = check(
  'rewardsBefore',
  (before.length === 0 ? zeroHash : rewardsTree(before).root) === rewardsBefore.root,
  'The rewards before this batch are those that the chain holds.',
  'The rewards before this batch, in the database, are not those that the chain holds.',
);
const isRight = verified.ok && recomputed.ok;
const result: CheckResult = {
  checks: [...verified.checks, ground, ...recomputed.checks],
  wrong: isRight ? [] : await wrongReceipts(file, header, context, facts),
};
port.postMessage(result);
