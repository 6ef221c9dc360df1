import { expect, test } from 'vitest';
import { rangesOf, stretchesOf } from './stretches.ts';

test('an answer is cut where phrases and spans begin and end', () => {
  const answer = 'It queues. Emits an event.';
  const segments = [
    { start: 0, end: 10 },
    { start: 10, end: 26 },
  ];
  expect(stretchesOf(answer, segments, [{ start: 3, end: 16 }])).toEqual([
    { text: 'It ', segment: 0, span: undefined, endsSentence: false },
    { text: 'queues.', segment: 0, span: 0, endsSentence: false },
    { text: ' Emits', segment: 1, span: 0, endsSentence: false },
    { text: ' an event.', segment: 1, span: undefined, endsSentence: false },
  ]);
});

test('a sentence that is cut by phrases ends once', () => {
  const found = stretchesOf(
    'It queues. Emits.',
    [{ start: 0, end: 3 }],
    [],
    [
      { start: 0, end: 10 },
      { start: 11, end: 17 },
    ],
  );
  expect(found.map(({ text, sentence, endsSentence }) => [text, sentence, endsSentence])).toEqual([
    ['It ', 0, false],
    ['queues.', 0, true],
    [' ', undefined, false],
    ['Emits.', 1, true],
  ]);
});

test('whatever is marked, the stretches are the answer', () => {
  const answer = 'abcdefghij';
  for (let start = 0; start < 10; start += 1)
    for (let end = start + 1; end <= 12; end += 1) {
      const found = stretchesOf(
        answer,
        [
          { start: 0, end: 4 },
          { start: 4, end: 10 },
        ],
        [{ start, end }],
      );
      expect(found.map(({ text }) => text).join('')).toBe(answer);
    }
  expect(stretchesOf('', [], [])).toEqual([]);
  expect(stretchesOf('plain', [], [])).toEqual([
    { text: 'plain', segment: undefined, span: undefined, sentence: undefined, endsSentence: false },
  ]);
});

test('spans in tokens become characters, and none beyond what is known', () => {
  const ends = [2, 9, 9, 15];
  const spans = [
    { start: 0, length: 2 },
    { start: 1, length: 1 },
    { start: 2, length: 1 },
    { start: 3, length: 2 },
  ];
  expect(rangesOf(spans, ends)).toEqual([
    { start: 0, end: 9 },
    { start: 2, end: 9 },
  ]);
});
