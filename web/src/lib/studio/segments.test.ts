import { expect, test } from 'vitest';
import { segmentsOf } from './segments.ts';

test('a sample is cut where training begins and ends', () => {
  expect(segmentsOf('ask: answer!', [[5, 11]])).toEqual([
    { text: 'ask: ', trained: false, read: true },
    { text: 'answer', trained: true, read: true },
    { text: '!', trained: false, read: true },
  ]);
});

test('characters outside the basic plane count once', () => {
  expect(segmentsOf('𝒳y', [[1, 2]])).toEqual([
    { text: '𝒳', trained: false, read: true },
    { text: 'y', trained: true, read: true },
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

test('what is too long to be read is not shown as trained', () => {
  expect(segmentsOf('ask: answer!', [[5, 11]], 7)).toEqual([
    { text: 'ask: ', trained: false, read: true },
    { text: 'an', trained: true, read: true },
    { text: 'swer', trained: false, read: false },
    { text: '!', trained: false, read: false },
  ]);
});
