import { expect, test } from 'vitest';
import { datanetOfKey, shelfKey } from '../retrieval/shelf.ts';
import { isRevoked } from './revoked.ts';

const accepted = { status: 'accepted', revokedBlock: null, revokedLogIndex: null };
const revoked = { status: 'revoked', revokedBlock: 10, revokedLogIndex: 3 };

test('what is revoked by now is told from what was revoked before a moment', () => {
  expect([accepted, revoked].map((row) => isRevoked(row))).toEqual([false, true]);
  const before = (blockNumber: number, logIndex: number): boolean => isRevoked(revoked, { blockNumber, logIndex });
  expect([before(9, 9), before(10, 2), before(10, 3), before(10, 4), before(11, 0)]).toEqual([false, false, false, true, true]);
  expect(isRevoked(accepted, { blockNumber: 99, logIndex: 0 })).toBe(false);
});

test('an index is named by the version and what is left out of it', () => {
  const version = { datanetId: 7, version: 2, root: `0x${'ab'.repeat(32)}` as const };
  const keys = [[], [1], [1, 2], [12]].map((left) => shelfKey({ ...version, revoked: left }));
  expect(new Set(keys).size).toBe(4);
  expect(keys[0]).toBe('7@2-abababababababab');
  expect(keys.map(datanetOfKey)).toEqual([7, 7, 7, 7]);
  expect(datanetOfKey('7@2-abababababababab-1')).toBeUndefined();
});
