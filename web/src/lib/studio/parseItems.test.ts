import { expect, test } from 'vitest';
import { parseItems } from './evaluationChoice.svelte.ts';

test('questions are read line by line, and lines that are none are named', () => {
  const text = '{"question":"a","expected":"b"}\n\n{"question":"a"}\nnothing\n{"question":"","expected":"b"}\nc => d\n';
  const items = [
    { question: 'a', expected: 'b' },
    { question: 'c', expected: 'd' },
  ];
  expect(parseItems(text)).toEqual({ items, broken: [3, 4, 5] });
  expect(parseItems('')).toEqual({ items: [], broken: [] });
});
