import { expect, test } from 'vitest';
import { nearDuplicate } from './findDuplicates.ts';
import { resembling } from './resembling.ts';
import { jaccard, shingles } from './shingles.ts';

const long = 'the function moves tokens from the caller to another account and emits an event when that is done';

test('a near-duplicate is found, also where it resembles something else more', () => {
  const changed = `${long} indeed`;
  expect(resembling([changed, long.toUpperCase(), 'something else'], [long, changed])).toEqual([true, true, false]);
  expect(resembling([long], ['short', 'it is'])).toEqual([false]);
  expect(resembling([], [long])).toEqual([]);
  expect(resembling([long], [])).toEqual([false]);
});

test('it says the same as comparing every pair', () => {
  const words = ['mint', 'burn', 'pause', 'grant', 'vote', 'queue', 'claim'];
  const make = (seed: number): string =>
    Array.from({ length: 24 }, (_, at) => words[(at * at + (at > seed % 24 ? seed : 0)) % words.length]).join(' ');
  const [texts, others] = [
    Array.from({ length: 40 }, (_, seed) => make(seed)),
    Array.from({ length: 9 }, (_, seed) => make(seed * 5)),
  ];
  const expected = texts.map((text) => others.some((other) => jaccard(shingles(text), shingles(other)) >= nearDuplicate));
  expect(resembling(texts, others)).toEqual(expected);
  expect(new Set(expected)).toEqual(new Set([true, false]));
});
