import { keccak256 } from 'viem';
import { expect, test } from 'vitest';
import { allocationHash } from '../evidence/allocationHash.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { openBatch } from '../proofs/openBatch.ts';
import { headerHash } from '../settlement/batch.ts';
import { compositionHash } from '../settlement/composition.ts';
import { receiptHash } from '../settlement/receipt.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { headerOf, testBatch } from '../verify/testBatch.ts';
import { dataAnswer, readDataAnswer } from './dataAnswer.ts';
import { askedTree, type LeavesAsked } from './leavesAsked.ts';

async function opened() {
  const { file, facts } = await testBatch(3);
  const header = headerOf(file, facts.channels);
  return { file, header, channels: facts.channels, batch: openBatch(file, header, facts.channels) };
}

type Opened = Awaited<ReturnType<typeof opened>>;

function answerOf({ batch, header }: Opened, tree: LeavesAsked['tree'], from: number, count = 1) {
  const data = dataAnswer(batch, { headerHash: headerHash(header), tree, from, count });
  return data && readDataAnswer(data);
}

test('a receipt is answered with all that its hashes are taken over, and opens the committed tree', async () => {
  const one = await opened();
  const { receipts } = one.header.body;
  for (let index = 1; index < receipts.count - 1; index += 1) {
    const answer = answerOf(one, askedTree.receipts, index);
    if (answer?.of !== 'receipt') throw new Error('no answer');
    const { leaf, disclosed } = answer;
    expect(leaf.index).toBe(index);
    expect(verifyTreeProof(askedTree.receipts, receipts, index, leaf, leaf.proof)).toBeDefined();
    expect(receiptHash(disclosed.receipt)).toBe(leaf.data);
    expect(evidenceHash(disclosed.evidence as Parameters<typeof evidenceHash>[0])).toBe(disclosed.receipt.evidenceHash);
    expect(allocationHash(disclosed.allocations)).toBe(disclosed.receipt.allocationHash);
    expect(compositionHash(disclosed.composition)).toBe(disclosed.receipt.compositionHash);
  }
});

test('sentinels are answered too, and what lies behind the last is not', async () => {
  const one = await opened();
  const last = one.header.body.receipts.count - 1;
  expect(answerOf(one, askedTree.receipts, 0)).toMatchObject({ of: 'receipt', leaf: { index: 0, key: 0n } });
  expect(answerOf(one, askedTree.receipts, last)).toMatchObject({ of: 'receipt', leaf: { index: last, key: 2n ** 256n - 1n } });
  expect(answerOf(one, askedTree.receipts, last + 1)).toBeUndefined();
});

test('allocations and rewards are answered in their order, each with its path', async () => {
  const one = await opened();
  const trees = [
    [askedTree.allocations, one.header.body.allocations],
    [askedTree.rewards, one.header.rewards],
  ] as const;
  for (const [tree, commitment] of trees) {
    const count = Math.min(commitment.count, 16);
    const answer = answerOf(one, tree, 0, count);
    if (answer?.of !== 'leaves') throw new Error('no answer');
    expect(answer.leaves.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, index) => index));
    for (const leaf of answer.leaves) expect(verifyTreeProof(tree, commitment, leaf.index, leaf, leaf.proof)).toBeDefined();
    expect(answerOf(one, tree, commitment.count, 1)).toBeUndefined();
  }
});

test('the parameters are answered with the bytes that the batch hashed', async () => {
  const one = await opened();
  const answer = answerOf(one, askedTree.parameters, 0);
  if (answer?.of !== 'parameters') throw new Error('no answer');
  expect(keccak256(answer.parameters)).toBe(one.header.body.parametersHash);
});

test('a file that does not open what was committed answers nothing', async () => {
  const { file, header, channels } = await opened();
  const changed = {
    ...file,
    parameters: { ...file.parameters, burnBps: file.parameters.burnBps + 1 },
    receipts: file.receipts.map((one) => ({ ...one, receipt: { ...one.receipt, completionTokens: 1 } })),
    rewards: file.rewards.slice(1),
  };
  const batch = openBatch(changed, header, channels);
  for (const tree of [askedTree.parameters, askedTree.receipts, askedTree.rewards])
    expect(dataAnswer(batch, { headerHash: headerHash(header), tree, from: 0, count: 1 })).toBeUndefined();
});

test('what is no answer is not read as one', () => {
  expect(readDataAnswer('0x12345678')).toBeUndefined();
  expect(readDataAnswer('0x')).toBeUndefined();
});
