import { expect, test } from 'vitest';
import { cardText } from './cardText.ts';

test('Markdown is shown as it is', () => {
  expect(cardText({ text: '# Model' })).toBe('# Model');
});
test('a JSON document shows its long text, never its braces', () => {
  expect(cardText({ text: '{"name":"x","readme":"# Hello"}' })).toBe('# Hello');
  expect(cardText({ text: '{"name":"x"}' })).toBeUndefined();
  expect(cardText({ text: '{broken' })).toBeUndefined();
});
test('no card, no text', () => {
  expect(cardText(null)).toBeUndefined();
});
