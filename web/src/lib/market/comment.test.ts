import { expect, test } from 'vitest';
import { commentDocument, commentOf, LONGEST_COMMENT } from './comment.ts';

const read = (comment: unknown) => commentOf({ text: JSON.stringify({ comment }) });

test('a comment is read back as it was written', () => {
  const document = commentDocument('  Names its sources.\nFast. ');
  expect(commentOf({ text: JSON.stringify(document) })).toBe('Names its sources.\nFast.');
});

test.each([
  ['markup stays text', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['a turn of direction is taken out', 'ev\u202eil\u2066', 'evil'],
  ['control characters are taken out', 'a\u0000b\u001b[31mc', 'ab[31mc'],
  ['empty lines do not push others away', 'a\n\n\n\n\n\nb', 'a\n\nb'],
])('%s', (_, written, shown) => {
  expect(read(written)).toBe(shown);
});

test('a comment that is too long is cut between characters', () => {
  expect([...(read('𠮷'.repeat(2 * LONGEST_COMMENT)) ?? '')]).toHaveLength(LONGEST_COMMENT);
});

test.each([
  null,
  { text: null },
  { text: '' },
  { text: '{' },
  { text: '[]' },
  { text: '{"comment":7}' },
  { text: '{"comment":" "}' },
])('%j is no comment', (document) => {
  expect(commentOf(document)).toBeUndefined();
});
