import { expect, test } from 'vitest';
import { phraseEnds } from './phrases.ts';

/** Tokens as byte-pair vocabularies make them: a blank belongs to the word after it. */
const tokens = (text: string): string[] => text.match(/\s?[\p{L}\p{N}_]+|\s?[^\p{L}\p{N}\s]|\s/gu) ?? [];
const phrases = (pieces: readonly string[]): string[] => {
  const ends = phraseEnds(pieces);
  return ends.map((end, index) => pieces.slice(ends[index - 1] ?? 0, end).join(''));
};

test('an answer is cut after sentences, then after clauses', () => {
  const text =
    'It queues the proposal in the timelock. Emits `ProposalQueued`, and then returns the id. Reverts if it is not due.';
  expect(phrases(tokens(text))).toEqual([
    'It queues the proposal in the timelock.',
    ' Emits `ProposalQueued`,',
    ' and then returns the id.',
    ' Reverts if it is not due.',
  ]);
});

test('whatever the text, the phrases are the answer, in at most eight pieces, none inside a word', () => {
  const words = Array.from({ length: 300 }, (_, index) => `${index % 7 === 0 ? '。\n' : ' '}word${index % 11 === 3 ? ',' : ''}`);
  for (const size of [1, 2, 3, 17, 64, 300]) {
    const pieces = tokens(words.slice(0, size).join(''));
    const found = phrases(pieces);
    expect(found.join('')).toBe(pieces.join(''));
    expect(found.length).toBeLessThanOrEqual(8);
    expect(found.slice(1).filter((phrase, index) => /^\w/.test(phrase) && /\w$/.test(found[index] ?? ''))).toEqual([]);
  }
});

test('text without blanks is cut between its characters', () => {
  const text = '佇列函式把提案排入時間鎖。它會發出事件，並回傳提案的識別碼，讓任何人之後都可以執行這個提案。';
  const found = phrases([...text]);
  expect(found.join('')).toBe(text);
  expect(found.length).toBeGreaterThan(1);
  expect(found[0]?.endsWith('。')).toBe(true);
});

test('short answers and answers without a place to cut stay whole', () => {
  expect(phraseEnds([])).toEqual([]);
  expect(phraseEnds(['Yes', '.', ''])).toEqual([3]);
  expect(phraseEnds(Array.from({ length: 50 }, () => 'xyz'))).toEqual([50]);
});
