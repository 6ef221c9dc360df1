import { type BatchFacts, type BatchFile, commitmentOf, receiptsTree, rewardsTree } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { falsify, type TestBatch, testBatch } from '../../../../sdk/src/verify/testBatch.ts';
import { onlyUsed, openBatchThread } from './batchThread.ts';
import { encodeFile } from './file.ts';

async function checked({ file, header, context, facts }: TestBatch) {
  const thread = openBatchThread((await encodeFile(file)).text);
  try {
    const roots = await thread.roots();
    const rewardsBefore = commitmentOf(rewardsTree(context.previousRewards));
    const { checks, wrong } = await thread.check({ header, context, facts, rewardsBefore });
    const failed = checks.filter(({ status }) => status === 'failed').map(({ name }) => name);
    return { receipts: roots.receipts, failed, wrong: wrong.length };
  } finally {
    await thread.close();
  }
}

test('batches one after the other are each told their own commitments and faults', async () => {
  const honest = await testBatch(3);
  const dearer = await falsify(honest, ({ receipt }) => ({ receipt: { fee: receipt.fee + 10_000n } }));
  const commitment = (batch: TestBatch) => commitmentOf(receiptsTree(batch.file.receipts));
  const right = { receipts: commitment(honest), failed: [], wrong: 0 };
  expect(await checked(honest)).toEqual(right);
  const { receipts, failed, wrong } = await checked(dearer);
  expect({ receipts, wrong }).toEqual({ receipts: commitment(dearer), wrong: 1 });
  expect(failed).toContain('price');
  expect(await checked(honest)).toEqual(right);
});

test('a signature of another key is found by native code too', async () => {
  const { file, ...batch } = await testBatch(2);
  const [first, second] = file.receipts as [BatchFile['receipts'][number], BatchFile['receipts'][number]];
  const swapped = { ...file, receipts: [{ ...first, signature: second.signature }, second] };
  const { failed, wrong } = await checked({ ...batch, file: swapped });
  expect({ failed, wrong }).toEqual({ failed: ['signatures'], wrong: 1 });
});

test('what is no batch says so, and keeps no later batch from being checked', async () => {
  const thread = openBatchThread('{"receipts":[]}');
  await expect(thread.roots()).rejects.toThrow('version');
  await thread.close();
  const left = openBatchThread('{}'); // closed before it has answered
  await left.close();
  await expect(left.roots()).rejects.toThrow();
  expect((await checked(await testBatch(1))).failed).toEqual([]);
});

test('the thread is given the rows that records and sources of spans name, and no others', () => {
  const index = [0, 1, 2, 3, 4].map((position) => ({ position }));
  const facts = { releases: new Map([['0xaa', { index, nullThreshold: 5 }]]) } as unknown as BatchFacts;
  const receipts = [
    { evidence: { records: [{ releaseHash: '0xaa', position: 3, recordId: '0x3' }], spans: [] } },
    {
      evidence: {
        records: [],
        spans: [{ start: 0, length: 8, sources: [{ releaseHash: '0xaa', position: 1, recordId: '0x1' }] }],
      },
    },
  ] as unknown as BatchFile['receipts'];
  const picked = onlyUsed(facts, { receipts }).releases.get('0xaa');
  expect(Object.keys(picked?.index ?? [])).toEqual(['1', '3']);
  expect(picked?.nullThreshold).toBe(5);
});
