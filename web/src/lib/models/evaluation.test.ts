import { type EvaluationItems, itemsCommitment, itemsRoot } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { isAsCommitted, readEvaluation } from './evaluation.ts';

const numbers = { heldOutLossBefore: 3.1, heldOutLossAfter: 1.2, heldOutRecords: 19, exactMatch: 0.1 };

test('numbers and the samples after training are read', () => {
  const text = JSON.stringify({
    evaluation: numbers,
    passes: [
      { when: 'before', samples: [{ prompt: 'x' }] },
      { when: 'after', samples: [{ prompt: 'p', answer: 'a' }] },
    ],
  });
  expect(readEvaluation(text)).toMatchObject({ before: 3.1, after: 1.2, records: 19, samples: [{ prompt: 'p', answer: 'a' }] });
});

test('bare numbers are enough', () => {
  expect(readEvaluation(JSON.stringify(numbers))).toMatchObject({ before: 3.1, after: 1.2, samples: [] });
});

test.each(['', '{', '[]', '{"evaluation":{}}'])('%j is no evaluation', (text) => {
  expect(readEvaluation(text)).toBeUndefined();
});

const told: EvaluationItems = {
  schema: 'openledger.evaluation-items.1',
  salt: `0x${'5a'.repeat(32)}`,
  metric: 'contains',
  maxTokens: 8,
  items: Array.from({ length: 5 }, (_, i) => ({ question: `q${i}`, expected: `a${i}` })),
};
const commitment = itemsCommitment(told.salt, itemsRoot(told));

test('what was measured on committed questions is read, and rubbish in its place is nothing', () => {
  const measured = {
    commitment,
    items: 5,
    itemsCid: 'i',
    reportCid: 'r',
    models: [{ adapter: null, loss: 3, perplexity: 20, exactMatch: 0, rougeL: 0.1, scoreBps: 0 }],
  };
  const read = (items: unknown) => readEvaluation(JSON.stringify({ evaluation: numbers, items }))?.items;
  expect(read(measured)).toEqual(measured);
  expect(read({ commitment, items: 5, failed: 'No memory.' })).toMatchObject({ failed: 'No memory.' });
  expect(read({ ...measured, models: [] })).toBeUndefined();
  expect(read(undefined)).toBeUndefined();
});

test('published questions are held against what the job committed to', () => {
  const spec = JSON.stringify({ evaluation: { commitment, items: 5 } });
  expect(isAsCommitted(JSON.stringify(told), spec, { commitment })).toBe(true);
  const changed = { ...told, items: told.items.toReversed() };
  expect(isAsCommitted(JSON.stringify(changed), spec, { commitment })).toBe(false);
  const own = itemsCommitment(told.salt, itemsRoot(changed)); // a report that commits to what it pleases
  expect(isAsCommitted(JSON.stringify(changed), spec, { commitment: own })).toBe(false);
  expect(isAsCommitted(JSON.stringify(told), '{}', { commitment })).toBe(false);
  expect(isAsCommitted('{', spec, { commitment })).toBe(false);
});
