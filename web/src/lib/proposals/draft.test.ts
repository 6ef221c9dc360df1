import { expect, test } from 'vitest';
import { parseItems } from './draft.svelte.ts';

test('items are one a line, split at the last arrow', () => {
  expect(parseItems('Which function mints? => _mint\n\n  a => b => c \n')).toEqual({
    items: [
      { question: 'Which function mints?', expected: '_mint' },
      { question: 'a => b', expected: 'c' },
    ],
    broken: [],
  });
});

test('lines that lack one of both are named', () => {
  expect(parseItems('no arrow\n=> only an answer\nonly a question =>\nq => a').broken).toEqual([1, 2, 3]);
});
