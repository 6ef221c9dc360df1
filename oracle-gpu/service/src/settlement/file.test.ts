import { type SettledReceipt, settledReceiptSchema, zeroHash } from '@openledger/sdk';
import { zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { testBatch } from '../../../../sdk/src/verify/testBatch.ts';
import { encodeReceipt, paginate } from './file.ts';

const receipt = (sequence: number): SettledReceipt => ({
  receipt: {
    channel: zeroHash,
    sequence,
    compositionHash: zeroHash,
    promptTokens: 1,
    completionTokens: 1,
    retrievalTokens: 0,
    agentSteps: 0,
    fee: 10_000n,
    feeVersion: 1,
    promptHash: zeroHash,
    outputHash: zeroHash,
    evidenceHash: zeroHash,
    allocationHash: zeroHash,
    traceHash: zeroHash,
    parentReceipt: zeroHash,
    timestamp: 1,
  },
  signature: `0x${'00'.repeat(65)}`,
  allocations: [{ account: zeroAddress, amount: 9_000n, weight: 0n }],
  evidence: { queryRoot: zeroHash, nullThreshold: 0, records: [], spans: [], passages: [], parents: [] },
  composition: [{ releaseHash: zeroHash, termsVersion: 1, weightBps: 10_000 }],
  payer: zeroAddress,
  signer: zeroAddress,
});

test('pages hold every receipt once, in order, and none is larger than the limit', () => {
  const receipts = Array.from({ length: 50 }, (_, index) => receipt(index + 1));
  const encoded = receipts.map(encodeReceipt);
  const limit = 8_000;
  const pages = paginate(encoded, limit);
  expect(pages.length).toBeGreaterThan(5);
  for (const page of pages) expect(Buffer.byteLength(`{"receipts":[${page.join(',')}]}`)).toBeLessThanOrEqual(limit);
  const sequences = pages.flat().map((item) => (JSON.parse(item) as { receipt: { sequence: number } }).receipt.sequence);
  expect(sequences).toEqual(receipts.map(({ receipt: { sequence } }) => sequence));
});

test('amounts are decimal strings in the file', () => {
  expect(encodeReceipt(receipt(1))).toContain('"fee":"10000"');
});

test('a receipt is written as its schema encodes it, byte by byte', async () => {
  const { file } = await testBatch(2, 4);
  const byHand = file.receipts.map(encodeReceipt);
  expect(byHand).toEqual(file.receipts.map((settled) => JSON.stringify(z.encode(settledReceiptSchema, settled))));
});

test('a receipt that is larger than a page has its own', () => {
  expect(paginate([receipt(1), receipt(2)].map(encodeReceipt), 10).map((page) => page.length)).toEqual([1, 1]);
});
