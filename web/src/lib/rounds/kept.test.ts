import { judgementCommitment, packBallot } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { ballotOf, type Kept, keptKey, newKept, opens, readKept, rememberSent, sentFrom } from './kept.ts';

const seat = { chainId: 1, rounds: `0x${'a'.repeat(40)}`, roundId: 3, judge: `0x${'b'.repeat(40)}` } as const;

test('what is kept is read back, and anything else is none', () => {
  const kept = newKept(3);
  expect(readKept(JSON.stringify(kept), 3)).toEqual(kept);
  expect(readKept(JSON.stringify(kept), 4)).toBeUndefined();
  expect(readKept(null, 3)).toBeUndefined();
  expect(readKept('{', 3)).toBeUndefined();
  expect(readKept(JSON.stringify({ ...kept, choices: ['left', 'up', 'tie'] }), 3)).toBeUndefined();
});

test('two judgements never share a salt, nor two judges a place', () => {
  expect(newKept(1).salt).not.toBe(newKept(1).salt);
  expect(keptKey(seat)).not.toBe(keptKey({ ...seat, judge: seat.rounds }));
  expect(keptKey(seat)).toBe(keptKey(seat).toLowerCase());
});

test('a ballot takes every question, and opens only what was committed with it', () => {
  const kept: Kept = { ...newKept(2), choices: ['left', null] };
  expect(ballotOf(kept)).toBeUndefined();
  const full: Kept = { ...kept, choices: ['left', 'tie'] };
  const commitment = judgementCommitment(seat, packBallot(['left', 'tie']), full.salt);
  expect(opens(seat, full, commitment)).toBe(true);
  expect(opens(seat, { ...full, choices: ['left', 'right'] }, commitment)).toBe(false);
  expect(opens({ ...seat, roundId: 4 }, full, commitment)).toBe(false);
  expect(opens(seat, kept, commitment)).toBe(false);
});

test('a ballot that was sent is found although its choices were changed after it', () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, text: string) => void items.set(key, text),
  };
  const first: Kept = { ...newKept(2), choices: ['left', 'tie'] };
  const second: Kept = { ...first, choices: ['right', 'tie'] };
  expect(sentFrom(storage, seat, 2)).toEqual([]);
  rememberSent(storage, seat, first);
  rememberSent(storage, seat, second);
  const commitment = judgementCommitment(seat, packBallot(['left', 'tie']), first.salt);
  expect(sentFrom(storage, seat, 2).filter((sent) => opens(seat, sent, commitment))).toEqual([first]);
  expect(sentFrom(storage, { ...seat, roundId: 4 }, 2)).toEqual([]);
  expect(sentFrom(storage, seat, 3)).toEqual([]);
});
