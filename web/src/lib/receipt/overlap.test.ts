import { expect, test } from 'vitest';
import { sharedWording } from './overlap.ts';

const answer = 'The proposal is queued in the timelock, and emits ProposalQueued.';

test('shared runs of words are marked with their record', () => {
  const pieces = sharedWording(answer, ['Emits: and emits ProposalQueued event', 'It is queued in the timelock.']);
  expect(pieces).toEqual([
    { text: 'The proposal ', source: undefined },
    { text: 'is queued in the timelock', source: 1 },
    { text: ', ', source: undefined },
    { text: 'and emits ProposalQueued', source: 0 },
    { text: '.', source: undefined },
  ]);
});

test('quotes and brackets stay with the word they touch', () => {
  expect(sharedWording('Checks the `owner` of `id`.', ['the owner of id'])).toEqual([
    { text: 'Checks ', source: undefined },
    { text: 'the `owner` of `id`', source: 0 },
    { text: '.', source: undefined },
  ]);
});

test('two equal words are not shared wording', () => {
  expect(sharedWording('in the house', ['in the garden'])).toEqual([{ text: 'in the house', source: undefined }]);
});

test('the pieces are the answer, whatever the records', () => {
  const text = 'a b c d e — a b c!';
  const joined = sharedWording(text, ['a b c', 'c d e a'])
    .map((piece) => piece.text)
    .join('');
  expect(joined).toBe(text);
});

test('the longer run wins where two records share the same words', () => {
  const pieces = sharedWording('one two three four five', ['one two three', 'one two three four five']);
  expect(pieces).toEqual([{ text: 'one two three four five', source: 1 }]);
});
