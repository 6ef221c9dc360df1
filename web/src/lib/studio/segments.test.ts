import { expect, test } from 'vitest';
import { segmentsOf } from './segments.ts';

test('a sample is cut where training begins and ends', () => {
  expect(segmentsOf('ask: answer!', [[5, 11]])).toEqual([
    { text: 'ask: ', trained: false },
    { text: 'answer', trained: true },
    { text: '!', trained: false },
  ]);
});

test('characters outside the basic plane count once', () => {
  expect(segmentsOf('𝒳y', [[1, 2]])).toEqual([
    { text: '𝒳', trained: false },
    { text: 'y', trained: true },
  ]);
});

test('overlapping ranges repeat nothing', () => {
  expect(
    segmentsOf('abcd', [
      [0, 3],
      [2, 4],
    ])
      .map(({ text }) => text)
      .join(''),
  ).toBe('abcd');
});
