import { expect, test } from 'vitest';
import { readEvaluation } from './evaluation.ts';

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
