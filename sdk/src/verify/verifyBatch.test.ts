import { keccak256 } from 'viem';
import { expect, test } from 'vitest';
import { type BatchHeader, dataCommitment, headerHash, parametersHash } from '../settlement/batch.ts';
import type { BatchFile } from '../settlement/batchFile.ts';
import { addRewards, allocationsTree, receiptsTree, rewardsTree, sortReceipts } from '../settlement/batchTrees.ts';
import { rewardClaim } from '../settlement/rewardClaim.ts';
import { zeroHash } from '../tree/nodes.ts';
import { commitmentOf } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { testContext, testOperator, testReceipt } from './testReceipt.ts';
import { verifyBatch } from './verifyBatch.ts';

async function honestBatch() {
  const made = await Promise.all([1, 2, 3].map((sequence) => testReceipt(sequence)));
  const receipts = sortReceipts(
    made.map(({ bundle: { receipt, signature, allocations, evidence, composition, channel } }) => ({
      receipt,
      signature,
      allocations,
      evidence,
      composition,
      payer: channel.payer,
      signer: channel.signer,
    })),
  );
  const first = made[0]?.bundle;
  if (!first) throw new Error('no receipt');
  const previousRewards = [{ account: first.developer, amount: 5n, weight: 6n }];
  const rewards = addRewards(previousRewards, receipts);
  const file: BatchFile = {
    version: 1,
    operator: first.channel.operator,
    batchIndex: 2,
    feeVersion: 1,
    dayIndex: 3,
    parameters: first.parameters,
    receipts,
    rewards,
  };
  const receiptsCommitment = commitmentOf(receiptsTree(receipts));
  const header: BatchHeader = {
    body: {
      operator: file.operator,
      batchIndex: 2,
      previousHash: zeroHash,
      receipts: receiptsCommitment,
      allocations: commitmentOf(allocationsTree(receipts)),
      protocolFee: receiptsCommitment.amount / 10n,
      feeVersion: 1,
      dayIndex: 3,
      parametersHash: parametersHash(file.parameters),
      channelsHash: zeroHash,
      dataHash: keccak256(dataCommitment('bafy')),
    },
    rewards: commitmentOf(rewardsTree(rewards)),
    settledAt: 1_800_000_100,
  };
  const context = { ...testContext, signer: testOperator.address, storedHeaderHash: headerHash(header), previousRewards };
  return { file, header, context };
}

const failed = async (file: BatchFile, header: BatchHeader, context: Parameters<typeof verifyBatch>[2]): Promise<string[]> =>
  (await verifyBatch(file, header, context)).checks.filter(({ status }) => status === 'failed').map(({ name }) => name);

test('an honest batch passes every check', async () => {
  const { file, header, context } = await honestBatch();
  const { ok, checks } = await verifyBatch(file, header, context);
  expect(checks.filter(({ status }) => status !== 'passed')).toEqual([]);
  expect(ok).toBe(true);
});

test('each mutation is found', async () => {
  const { file, header, context } = await honestBatch();
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
    'hashes',
    'allocationsTree',
    'growth',
  ]);
});

test('rewards that grew by something else are found even when the header commits them', async () => {
  const { file, header, context } = await honestBatch();
  const rewards = file.rewards.map((item, index) => (index === 0 ? { ...item, amount: item.amount + 1n } : item));
  const lying = { ...header, rewards: commitmentOf(rewardsTree(rewards)) };
  expect(await failed({ ...file, rewards }, lying, { ...context, storedHeaderHash: headerHash(lying) })).toEqual(['growth']);
});

test('a claim opens the account in the rewards tree', async () => {
  const { file, header } = await honestBatch();
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
