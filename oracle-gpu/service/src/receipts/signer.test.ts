import { openLedgerDomain, type Receipt, receiptHash, signReceipt, zeroHash } from '@openledger/sdk';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { openReceiptSigner } from './signer.ts';

const domain = openLedgerDomain(31_337, '0x00000000000000000000000000000000000000aa');
const receiptOf = (sequence: number): Receipt => ({
  channel: `0x${'c1'.repeat(32)}`,
  sequence,
  compositionHash: `0x${'02'.repeat(32)}`,
  promptTokens: 12,
  completionTokens: 34,
  retrievalTokens: 0,
  agentSteps: 0,
  fee: 120_000n,
  feeVersion: 1,
  promptHash: zeroHash,
  outputHash: zeroHash,
  evidenceHash: zeroHash,
  allocationHash: zeroHash,
  traceHash: zeroHash,
  parentReceipt: zeroHash,
  timestamp: 1_700_000_000,
});

test('signs as the account itself would, bit by bit', async () => {
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    const key = generatePrivateKey();
    const receipt = receiptOf(sequence);
    const signature = openReceiptSigner(key, domain)(receiptHash(receipt));
    expect(signature).toBe(await signReceipt(privateKeyToAccount(key), receipt, domain));
  }
});
