import { expect, test } from 'vitest';
import { maxBytes } from '../ipfs/client.ts';
import { adapterId } from './adapterId.ts';
import { priceOfTraining, type Trainer } from './estimate.ts';
import { publishRows } from './finish.ts';

test('an adapter is named by its bytes and its configuration, not by how that is written', () => {
  const weights = new Uint8Array([1, 2, 3]);
  const id = adapterId(weights, new TextEncoder().encode('{"r":8,"a":1}'));
  expect(adapterId(weights, new TextEncoder().encode('{ "a": 1,\n "r": 8 }'))).toBe(id);
  expect(adapterId(new Uint8Array([1, 2, 4]), new TextEncoder().encode('{"r":8,"a":1}'))).not.toBe(id);
});

test('a price is a multiple of 10,000 wei and never below its tokens', () => {
  expect(priceOfTraining(3, 3_333n)).toBe(10_000n);
  expect(priceOfTraining(100, 10n ** 14n)).toBe(10n ** 16n);
});

test.each([
  { name: 'of open datanets', policies: [0, 0], size: 8, isPublished: true },
  { name: 'of a datanet that is not open', policies: [0, 1], size: 8, isPublished: false },
  { name: 'beyond what a file holds', policies: [0], size: maxBytes + 1, isPublished: false },
])('index rows $name: published $isPublished', async ({ policies, size, isPublished }) => {
  const readContract = async ({ args }: { args: [number] }) => ({ policy: policies[args[0]] });
  const context = { chain: { client: { readContract }, contracts: {} }, ipfs: { add: async () => 'cid' } } as unknown as Trainer;
  const datanets = policies.map((_, datanetId) => ({ datanetId }));
  expect(await publishRows(context, datanets, new Uint8Array(size))).toBe(isPublished ? 'cid' : undefined);
});
