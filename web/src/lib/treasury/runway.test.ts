import { expect, test } from 'vitest';
import { type Books, runwayOf } from './runway.ts';
import { vestedAt } from './vesting.ts';

const DAY = 86_400;
const NOW = 1_000 * DAY;
const books = (change: Partial<Books>): Books => ({
  balance: 1_000n,
  streams: [],
  paid: [],
  fees: [],
  since: NOW - 90 * DAY,
  deployedAt: 0,
  now: NOW,
  ...change,
});
const stream = { opened: '300', withdrawn: '0', start: String(NOW - 100 * DAY), duration: String(300 * DAY), endedAt: null };

test('a stream vests evenly, never more than it opened with, and no further once it was ended', () => {
  expect(vestedAt(stream, NOW - 100 * DAY)).toBe(0n);
  expect(vestedAt(stream, NOW)).toBe(100n);
  expect(vestedAt(stream, NOW + 1_000 * DAY)).toBe(300n);
  expect(vestedAt({ ...stream, endedAt: String(NOW - 50 * DAY) }, NOW)).toBe(50n);
  expect(vestedAt({ ...stream, opened: '10', duration: '3', start: '0' }, 1)).toBe(3n);
});

test('what is left lasts as long as the net pace of the last 90 days says', () => {
  expect(runwayOf(books({ paid: ['100', '80'], fees: ['90'] }))).toEqual({ left: 1_000n, pace: 1n, days: 1_000 });
});

test('a stream counts by what vested in these days, and what it is owed is not there to spend', () => {
  expect(runwayOf(books({ streams: [stream] }))).toEqual({ left: 900n, pace: 1n, days: 900 });
  expect(runwayOf(books({ streams: [{ ...stream, withdrawn: '40' }] })).left).toBe(940n);
});

test('it has no end while fees cover what is paid, and while nothing is', () => {
  expect(runwayOf(books({ paid: ['50'], fees: ['50'] })).days).toBeUndefined();
  expect(runwayOf(books({})).days).toBeUndefined();
});

test('a young treasury is measured over its age, at least a day', () => {
  expect(runwayOf(books({ paid: ['100'], deployedAt: NOW - 10 * DAY })).days).toBe(100);
  expect(runwayOf(books({ paid: ['100'], deployedAt: NOW - 60 })).days).toBe(10);
});
