// One batch is checked and the thread ends.
import { parentPort, workerData } from 'node:worker_threads';
import { check, recomputeBatch, rewardsTree, verifyBatch, wrongReceipts, zeroHash } from '@openledger/sdk';
import type { CheckInput, CheckResult } from './check.ts';

const { file, header, context, facts, rewardsBefore } = workerData as CheckInput;
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
parentPort?.postMessage(result);
