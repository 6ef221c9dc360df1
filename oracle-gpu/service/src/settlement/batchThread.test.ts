import type { BatchFacts, BatchFile } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { onlyUsed } from './batchThread.ts';

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
