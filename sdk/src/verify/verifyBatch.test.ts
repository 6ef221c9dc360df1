import { expect, test } from 'vitest';
import type { BatchHeader } from '../settlement/batch.ts';
import { headerHash } from '../settlement/batch.ts';
import type { BatchFile } from '../settlement/batchFile.ts';
import { rewardsTree } from '../settlement/batchTrees.ts';
import { rewardClaim } from '../settlement/rewardClaim.ts';
import { zeroHash } from '../tree/nodes.ts';
import { commitmentOf } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { testBatch } from './testBatch.ts';
import { testOperator } from './testReceipt.ts';
import { verifyBatch } from './verifyBatch.ts';

const failed = async (file: BatchFile, header: BatchHeader, context: Parameters<typeof verifyBatch>[2]): Promise<string[]> =>
  (await verifyBatch(file, header, context)).checks.filter(({ status }) => status === 'failed').map(({ name }) => name);

test('an honest batch passes every check', async () => {
  const { file, header, context } = await testBatch();
  const { ok, checks } = await verifyBatch(file, header, context);
  expect(checks.filter(({ status }) => status !== 'passed')).toEqual([]);
  expect(ok).toBe(true);
});

test('each mutation is found', async () => {
  const { file, header, context } = await testBatch();
  const [first, second] = file.receipts as [BatchFile['receipts'][number], BatchFile['receipts'][number]];
  expect(await failed({ ...file, receipts: file.receipts.slice(1) }, header, context)).toEqual([
    'receiptsTree',
    'allocationsTree',
    'growth',
  ]);
  expect(await failed({ ...file, receipts: [second, first, ...file.receipts.slice(2)] }, header, context)).toContain('order');
  expect(await failed({ ...file, rewards: file.rewards.slice(1) }, header, context)).toEqual(['rewardsTree', 'growth']);
  expect(await failed({ ...file, dayIndex: 4 }, header, context)).toEqual(['belongs']);
  expect(await failed({ ...file, parameters: { ...file.parameters, burnBps: 1 } }, header, context)).toEqual(['parameters']);
  expect(await failed(file, { ...header, settledAt: 1 }, context)).toEqual(['header']);
  const allocations = first.allocations.slice(1);
  expect(await failed({ ...file, receipts: [{ ...first, allocations }, ...file.receipts.slice(1)] }, header, context)).toEqual([
    'allocations',
    'allocationsTree',
    'growth',
  ]);
});

test('rewards that grew by something else are found even when the header commits them', async () => {
  const { file, header, context } = await testBatch();
  const rewards = file.rewards.map((item, index) => (index === 0 ? { ...item, amount: item.amount + 1n } : item));
  const lying = { ...header, rewards: commitmentOf(rewardsTree(rewards)) };
  expect(await failed({ ...file, rewards }, lying, { ...context, storedHeaderHash: headerHash(lying) })).toEqual(['growth']);
});

test('a claim opens the account in the rewards tree', async () => {
  const { file, header } = await testBatch();
  for (const { account, amount, weight } of file.rewards) {
    const claim = rewardClaim(file.operator, file.rewards, account);
    if (!claim) throw new Error('no claim');
    expect(claim).toMatchObject({ amount, weight, rewards: header.rewards });
    const leaf = { key: BigInt(account) << 96n, data: zeroHash, amount, weight };
    expect(verifyTreeProof(treeId.rewards, claim.rewards, claim.index, leaf, claim.proof)).toBeDefined();
  }
  expect(rewardClaim(file.operator, file.rewards, testOperator.address)).toMatchObject({ amount: expect.any(BigInt) });
  expect(rewardClaim(file.operator, file.rewards, '0x00000000000000000000000000000000000000ff')).toBeUndefined();
});
