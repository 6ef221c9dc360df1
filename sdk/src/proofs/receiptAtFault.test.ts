import { expect, test } from 'vitest';
import { receiptAtFault } from './receiptAtFault.ts';

const hash = `0x${'ab'.repeat(32)}` as const;
const accused = { body: {}, rewards: {}, settledAt: 1n };
const receipt = { receipt: { sequence: 1 }, leaf: { key: 1n, data: hash }, index: 1, proof: '0x' };

test('what is proven of a signed receipt makes that receipt wrong', () => {
  expect(receiptAtFault({ functionName: 'proveWrongPrice', args: [accused, receipt, {}, {}] })).toBe(hash);
  expect(receiptAtFault({ functionName: 'proveUnbalancedAllocation', args: [accused, receipt, []] })).toBe(hash);
});

test('what is proven of its evidence does so too', () => {
  const opened = { receipt, evidence: { records: [] } };
  for (const functionName of [
    'proveUnfoundedAllocation',
    'proveFalseRecord',
    'proveFalseScore',
    'proveOmittedRecord',
    'proveFalseSpan',
  ])
    expect(receiptAtFault({ functionName, args: [accused, opened] })).toBe(hash);
});

test('what is proven of the batch leaves its receipts right', () => {
  expect(receiptAtFault({ functionName: 'proveDisorder', args: [accused, 1, {}, {}] })).toBeUndefined();
  expect(receiptAtFault({ functionName: 'proveMislabelledReceipt', args: [accused, receipt] })).toBeUndefined();
  expect(receiptAtFault({ functionName: 'proveUnfaithfulAllocation', args: [accused, receipt, [], hash, {}] })).toBeUndefined();
});
