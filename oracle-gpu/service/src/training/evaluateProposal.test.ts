import { evaluationItemsSchema, itemsCommitment, itemsRoot } from '@openledger/sdk';
import { expect, test } from 'vitest';
import type { GenerateEvent, GenerateRequest } from '../engine/client.ts';
import { answerItems, readItems } from './evaluateProposal.ts';

const items = evaluationItemsSchema.parse({
  schema: 'openledger.evaluation-items.1',
  salt: `0x${'07'.repeat(32)}`,
  metric: 'contains',
  maxTokens: 16,
  items: ['one', 'two', 'three', 'four', 'five'].map((word) => ({ question: `Say ${word}.`, expected: word })),
});
const commitment = itemsCommitment(items.salt, itemsRoot(items));
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('items are those that were committed to, or nothing is stated', () => {
  expect(readItems(bytesOf(items), commitment)).toEqual(items);
  const easier = { ...items, items: items.items.map((item) => ({ ...item, expected: 'a' })) };
  expect(() => readItems(bytesOf(easier), commitment)).toThrow('not those that the proposal committed to');
  expect(() => readItems(bytesOf({ ...items, items: [] }), commitment)).toThrow();
});

test('every item is asked once, in order, without randomness', async () => {
  const asked: GenerateRequest[] = [];
  const engine = {
    async *generate(request: GenerateRequest): AsyncGenerator<GenerateEvent> {
      asked.push(request);
      const text = request.messages?.[0]?.content ?? '';
      yield { type: 'done', text, promptTokenIds: [1], tokenIds: [2], finishReason: 'stop', passages: null };
    },
  };
  const outputs = await answerItems(engine, 'adapter', items, new AbortController().signal);
  expect(outputs).toEqual(items.items.map(({ question }) => question));
  expect(
    asked.every(({ adapter, temperature, maxTokens }) => adapter === 'adapter' && temperature === 0 && maxTokens === 16),
  ).toBe(true);
});

test('an answer that breaks off is no answer', async () => {
  const engine = {
    async *generate(): AsyncGenerator<GenerateEvent> {
      yield { type: 'token', index: 0, tokenId: 1, text: 'half' };
    },
  };
  await expect(answerItems(engine, 'adapter', items, new AbortController().signal)).rejects.toThrow('ended without an answer');
});
