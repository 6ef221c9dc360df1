import { encodeAbiParameters, keccak256 } from 'viem';
import { describe, expect, it } from 'vitest';
import { hashJson } from '../schema/hashJson.ts';
import { evaluationScore, itemsCommitment, itemsRoot, listRoot, passesItem } from './evaluationItems.ts';

const items = [
  { question: 'Which function mints?', expected: '_mint' },
  { question: 'Which one burns?', expected: '_burn' },
  { question: 'Who may pause?', expected: 'the guardian' },
];

describe('evaluation items', () => {
  it('commits to items, their order and how they are compared, under a salt', () => {
    const how = { metric: 'contains', maxTokens: 64, items } as const;
    const root = itemsRoot(how);
    const hashes = [{ metric: 'contains', maxTokens: 64 }, ...items].map(hashJson);
    expect(root).toBe(keccak256(encodeAbiParameters([{ type: 'bytes32[]' }], [hashes])));
    expect(itemsRoot({ ...how, metric: 'exact' })).not.toBe(root);
    expect(itemsRoot({ ...how, items: items.toReversed() })).not.toBe(root);
    const salt = `0x${'07'.repeat(32)}` as const;
    const words = encodeAbiParameters([{ type: 'bytes32' }, { type: 'bytes32' }], [salt, root]);
    expect(itemsCommitment(salt, root)).toBe(keccak256(words));
  });

  it('commits to outputs one by one', () => {
    expect(listRoot(['a', 'b'])).not.toBe(listRoot(['ab']));
    expect(listRoot(['a', 'b'])).not.toBe(listRoot(['b', 'a']));
  });

  it('compares without case and white space', () => {
    expect(passesItem({ question: '?', expected: 'The Guardian' }, ' it is\n the  guardian.', 'contains')).toBe(true);
    expect(passesItem({ question: '?', expected: 'The Guardian' }, ' the\n guardian ', 'exact')).toBe(true);
    expect(passesItem({ question: '?', expected: 'The Guardian' }, 'the guardian.', 'exact')).toBe(false);
  });

  it('scores in basis points, rounded down, and refuses to leave an item out', () => {
    expect(evaluationScore(items, ['_mint', 'I do not know', 'the guardian'], 'contains')).toBe(6_666);
    expect(evaluationScore(items, ['_mint', '_burn', 'The guardian.'], 'contains')).toBe(10_000);
    expect(() => evaluationScore(items, ['_mint'], 'contains')).toThrow('There are 3 items and 1 outputs');
  });
});
