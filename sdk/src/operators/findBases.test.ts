import { expect, test } from 'vitest';
import { findBases } from './findBases.ts';

const operators = { a: `0x${'a'.repeat(40)}`, b: `0x${'b'.repeat(40)}`, c: `0x${'c'.repeat(40)}` } as const;
const base = (id: string, parameters: number) => ({
  ...{ id: `0x${id.repeat(64)}`, name: `base ${id}`, family: 'llama', licence: 'MIT', parameters, contextLength: 128 },
});
const training = (price: string, tokensPerSecond: number) => ({
  price,
  reference: { rank: 8, batchSize: 4, maxLength: 128 },
  kinds: { lora: { memoryBytes: 1, tokensPerSecond } },
  freeBytes: 2,
});
const info = (operator: string) => ({
  operator,
  signer: operator,
  chainId: 1,
  feeVersion: 1,
  protocolFeeBps: 0,
  limits: { fileBytes: 1, records: 1, recordBytes: 1, maxTokens: 1, contextLength: null },
  batch: { maxAge: 1, maxReceipts: 1, window: 1 },
});

const services: Record<string, { operator: string; bases: object[] }> = {
  'http://a': { operator: operators.a, bases: [{ ...base('1', 500), training: training('20', 9) }] },
  'http://b': {
    operator: operators.b,
    bases: [
      { ...base('1', 500), training: training('10', 5) },
      { ...base('2', 100), training: training('10', 5) },
    ],
  },
  'http://c': { operator: operators.c, bases: [{ ...base('3', 1), training: null }] },
};

const send = (async (input: string) => {
  const { origin, pathname } = new URL(input);
  const service = services[origin];
  if (!service) throw new TypeError('fetch failed');
  return Response.json(pathname === '/v1/info' ? info(service.operator) : service.bases);
}) as typeof fetch;

const deployment = {
  chainId: 1,
  startBlock: 0,
  deployedAt: 0,
  clocks: {},
  contracts: { OperatorRegistry: `0x${'9'.repeat(40)}` as const },
};
const client = (endpoints: Record<string, string>, isChainAway = false) =>
  ({
    getContractEvents: async ({ eventName }: { eventName: string }) => {
      if (isChainAway) throw new Error('no node');
      if (eventName !== 'OperatorRegistered') return [];
      return Object.entries(endpoints).map(([operator, endpoint]) => ({ args: { operator, endpoint } }));
    },
    readContract: async () => true,
  }) as unknown as Parameters<typeof findBases>[0];

test('bases are found with who trains on them, the cheapest first', async () => {
  const chain = client({ [operators.a]: 'http://a', [operators.b]: 'http://b/', [operators.c]: 'http://c' });
  const found = await findBases(chain, deployment, ['http://gone', 'http://a'], send);
  expect(found.map(({ name, offers }) => [name, offers.map(({ operator }) => operator)])).toEqual([
    ['base 2', [operators.b]],
    ['base 1', [operators.b, operators.a]],
  ]);
  expect(found[0]?.offers[0]).toMatchObject({ url: 'http://b', price: 10n });
});

test('without a chain the services that are known are asked, and without both it is said', async () => {
  expect((await findBases(client({}, true), deployment, ['http://a'], send)).map(({ name }) => name)).toEqual(['base 1']);
  await expect(findBases(client({}, true), deployment, [], send)).rejects.toThrow('no node');
});
