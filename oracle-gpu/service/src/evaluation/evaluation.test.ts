import { type EvaluationItems, recordId } from '@openledger/sdk';
import { type Hex, zeroAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import type { GatheredRecord } from '../datanets/gather.ts';
import { drawItems } from './draw.ts';
import { keepOut } from './keepOut.ts';

const salt: Hex = `0x${'5a'.repeat(32)}`;
const source = { title: 't', path: 'p', version: '1', licence: 'MIT' };

function gathered(question: string, answer: string, cluster?: Hex): GatheredRecord {
  const messages: GatheredRecord['messages'] = [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ];
  const id = recordId({ messages, source });
  const owner = { contributor: zeroAddress, reviewer: zeroAddress, contributionId: 1, datanetId: 1 };
  return { recordId: id, cluster: cluster ?? id, messages, source, ...owner, place: { contributionId: 1, position: 0 } };
}

const held = (recordIds: Hex[] | null, ...items: [string, string][]) => {
  const listed = items.map(([question, expected]) => ({ question, expected }));
  const document: EvaluationItems = {
    schema: 'openledger.evaluation-items.1',
    salt,
    metric: 'contains',
    maxTokens: 8,
    items: listed,
  };
  return { items: document, recordIds };
};

const long = 'it moves tokens from the caller to another account and emits an event when that has been done';

describe('what resembles an item is not trained on', () => {
  const same = gathered('What does  MINT do', 'Something else altogether, in other words.');
  const near = gathered('and transfer', `${long} indeed`);
  const friend = gathered('quite another text', 'of the same cluster', near.cluster);
  const other = gathered('what does burn do', 'it destroys tokens');

  test('the same question, a near-duplicate, and what is in a cluster with one', () => {
    const left = keepOut(
      [same, near, friend, other],
      held(null, ['what does mint do', 'it makes tokens'], ['and transfer', long]),
    );
    expect(left).toEqual([other]);
  });

  test('the records that items were drawn from', () => {
    expect(keepOut([near, other], held([other.recordId], ['unlike', 'anything']))).toEqual([near]);
  });

  test('a withdrawn one is named, and so is an evaluation that leaves nothing', () => {
    expect(() => keepOut([other], held([near.recordId], ['a', 'b']))).toThrow('draw again');
    expect(() => keepOut([other], held(null, ['what does burn do', 'x']))).toThrow('nothing would be left');
  });
});

describe('items are drawn', () => {
  const records = Array.from({ length: 24 }, (_, i) => gathered(`what is number ${i}`, `it is ${i}`));
  const copy = { ...gathered('a copy', 'of the first'), cluster: records[0]?.cluster as Hex };

  test('one from a cluster, the same with the same salt, others with another', () => {
    const first = drawItems([...records, copy], 6, salt);
    expect(first.items).toHaveLength(6);
    expect(new Set(first.recordIds).size).toBe(6);
    expect(drawItems([...records].reverse(), 6, salt)).toEqual(first);
    expect(drawItems(records, 6, `0x${'11'.repeat(32)}`).recordIds).not.toEqual(first.recordIds);
  });

  test('only questions with one answer, and never more than half', () => {
    const chat = { ...gathered('a', 'b'), messages: [...records.slice(0, 2).flatMap(({ messages }) => messages)] };
    const { items } = drawItems([chat, ...records], 12, salt);
    expect(items.every(({ question }) => question.startsWith('what is number'))).toBe(true);
    expect(() => drawItems(records, 13, salt)).toThrow('At most 12');
    expect(() => drawItems(records.slice(0, 8), 5, salt)).toThrow('bring your own');
  });
});
