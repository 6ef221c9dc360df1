import { expect, test } from 'vitest';
import { readSpec } from './readSpec.ts';

const good = {
  schema: 'openledger.model-proposal.1',
  name: 'Guide',
  description: 'Explains functions.',
  purpose: 'Auditors ask the same every day.',
  language: 'en',
  baseModel: `0x${'ba'.repeat(32)}`,
  datanets: [{ datanetId: 1, version: 1 }],
  evaluation: { description: 'What it does.', metric: 'contains', items: 10, passMarkBps: 7000, maxTokens: 64 },
  goal: '1000000000000000000',
  deadline: 1_800_000_000,
  capBps: 20_000,
  terms: {
    operatorBps: 3000,
    developerBps: 2000,
    backersBps: 1000,
    contributorsBps: 4000,
    promptPrice: '1',
    completionPrice: '2',
    retrievalPrice: '0',
    agentStepPrice: '0',
  },
  trainingCid: 'bafkreitraining',
};

test('a document of the known shape is read', () => {
  expect(readSpec({ text: JSON.stringify(good), problem: null }).spec?.goal).toBe(10n ** 18n);
});

test('what is missing, cut, no JSON or of another shape is said, never thrown', () => {
  expect(readSpec(null)).toEqual({ problem: 'missing', detail: '' });
  expect(readSpec({ text: null, problem: 'The file is too large.' })).toEqual({
    problem: 'malformed',
    detail: 'The file is too large.',
  });
  expect(readSpec({ text: '{', problem: null })).toEqual({ problem: 'malformed', detail: 'no JSON' });
  expect(readSpec({ text: '[]', problem: null })).toMatchObject({ problem: 'malformed' });
  const { purpose: _, ...lacking } = good;
  expect(readSpec({ text: JSON.stringify(lacking), problem: null }).detail).toContain('purpose');
});
