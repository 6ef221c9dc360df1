import { describe, expect, it } from 'vitest';
import { modelProposalSpecSchema } from './modelProposalSpec.ts';

const good = {
  schema: 'openledger.model-proposal.1',
  name: 'Solidity guide',
  description: 'Explains functions of audited contracts.',
  purpose: '# Why\n\nAuditors ask the same questions every day.',
  language: 'en',
  baseModel: `0x${'ba'.repeat(32)}`,
  datanets: [{ datanetId: 1, version: 2 }],
  evaluation: { description: 'What a function does.', metric: 'contains', items: 20, passMarkBps: 7_000, maxTokens: 64 },
  goal: '100000000000000000000',
  deadline: 1_800_000_000,
  capBps: 20_000,
  terms: {
    operatorBps: 3_000,
    developerBps: 2_000,
    backersBps: 1_000,
    contributorsBps: 4_000,
    promptPrice: '1000000000000',
    completionPrice: '2000000000000',
    retrievalPrice: '0',
    agentStepPrice: '0',
  },
  trainingCid: 'bafkreitraining',
};

const problemOf = (change: object): string | undefined => {
  const read = modelProposalSpecSchema.safeParse({ ...good, ...change });
  const issue = read.success ? undefined : read.error.issues[0];
  return issue && `${issue.path.join('.')}: ${issue.message}`;
};

describe('modelProposalSpecSchema', () => {
  it('reads amounts as bigints and writes them back as they were', () => {
    const spec = modelProposalSpecSchema.parse(good);
    expect(spec.goal).toBe(100n * 10n ** 18n);
    expect(modelProposalSpecSchema.encode(spec)).toEqual(good);
  });

  it('says what is missing or too much', () => {
    expect(problemOf({ name: ' ' })).toBe('name: is empty');
    expect(problemOf({ description: 'x'.repeat(281) })).toBe('description: has more than 280 characters');
    expect(problemOf({ datanets: [] })).toBe('datanets: names no datanet');
    expect(problemOf({ language: 'klingon!' })).toBe('language: must be a language tag such as en or zh-Hant');
    expect(problemOf({ terms: { ...good.terms, developerBps: 2_001 } })).toBe(
      'terms: the shares must add up to 10,000 basis points',
    );
    expect(problemOf({ terms: { ...good.terms, backersBps: 0, developerBps: 3_000 } })).toBe(
      'terms.backersBps: backers need a share',
    );
  });

  it('refuses what it does not know, and a document of another kind', () => {
    expect(problemOf({ bonus: 1 })).toContain('bonus');
    expect(problemOf({ schema: 'openledger.model-proposal.2' })).toContain('schema');
  });
});
