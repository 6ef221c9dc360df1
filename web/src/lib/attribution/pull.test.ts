import { expect, test } from 'vitest';
import { behindPhrase, clarity, phrasesOf } from './pull.ts';

const segments = [{ scores: [300, -50, 100] }, { scores: [-10, 0, -5] }, { scores: [30, 90, 0] }];

test('the records behind a phrase come by what they pulled; what pulled the other way is left out', () => {
  expect(behindPhrase(segments, 0)).toEqual([
    { record: 0, share: 0.75 },
    { record: 2, share: 0.25 },
  ]);
  expect(behindPhrase(segments, 2)).toEqual([
    { record: 1, share: 0.75 },
    { record: 0, share: 0.25 },
  ]);
  expect(behindPhrase(segments, 1)).toEqual([]);
  expect(behindPhrase(segments, 9)).toEqual([]);
});

test('the phrases of a record, against the one that it shaped most', () => {
  expect(phrasesOf(segments, 0)).toEqual([1, 0, 0.1]);
  expect(phrasesOf(segments, 7)).toEqual([0, 0, 0]);
});

test('how far above chance a score stands', () => {
  expect(clarity(undefined, 100)).toBe('none');
  expect(clarity(100, 100)).toBe('none');
  expect(clarity(149, 100)).toBe('weak');
  expect(clarity(150, 100)).toBe('clear');
  expect(clarity(300, 100)).toBe('strong');
  expect(clarity(5, 0)).toBe('strong');
});
