import { expect, test } from 'vitest';
import { drawOrder, none, readTallies, tallyOf, vote, winShare } from './votes.ts';

test('a vote counts for whoever had the letter', () => {
  let tallies = vote({}, 'r1', 'base', 'A', 'A');
  tallies = vote(tallies, 'r1', 'base', 'B', 'A');
  tallies = vote(tallies, 'r1', 'base', 'B', 'B');
  tallies = vote(tallies, 'r1', 'base', 'A', 'tie');
  expect(tallyOf(tallies, 'r1', 'base')).toEqual({ wins: 2, losses: 1, ties: 1 });
  expect(tallyOf(tallies, 'r1', 'r0')).toEqual(none);
  expect(winShare(tallyOf(tallies, 'r1', 'base'))).toBe(0.625);
  expect(winShare(none)).toBeUndefined();
});

test('what is stored is read again, and rubbish is nothing', () => {
  const tallies = vote({}, 'r1', 'base', 'A', 'tie');
  expect(readTallies(JSON.stringify(tallies))).toEqual(tallies);
  for (const text of [null, '', '{', '[1]', '{"a":{"wins":-1,"losses":0,"ties":0}}']) expect(readTallies(text)).toEqual({});
});

test('both letters are drawn', () => {
  expect(new Set(Array.from({ length: 200 }, drawOrder))).toEqual(new Set(['A', 'B']));
});
