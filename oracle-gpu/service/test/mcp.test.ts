// The gateway as a server of the Model Context Protocol, asked by the official client: it lists, answers for a key, and
// says what an answer rests on.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { receiptBundleSchema } from '@openledger/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Datanet, makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let datanet: Datanet;
let model: string;
let apiKey: string;
const clients: Client[] = [];

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, proposer, caller] = [await world.newActor(), await world.newActor(), await world.newActor()];
  datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  apiKey = (await makeSession(world, caller)).apiKey;
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await world?.stop();
});

async function connect(key?: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const requestInit = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), { requestInit });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  clients.push(client);
  return client;
}

const resultSchema = z.looseObject({
  content: z.tuple([z.looseObject({ type: z.literal('text'), text: z.string() })]),
  isError: z.boolean().default(false),
});

async function call(
  client: Client,
  name: string,
  given: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean }> {
  const { content, isError } = resultSchema.parse(await client.callTool({ name, arguments: given }));
  return { text: content[0].text, isError };
}

test('says which tools it has, and what they take', async () => {
  const { tools } = await (await connect()).listTools();
  expect(tools.map(({ name }) => name)).toEqual(['list_models', 'list_datanets', 'ask_model', 'get_sources', 'get_receipt']);
  const ask = tools.find(({ name }) => name === 'ask_model');
  expect(ask?.inputSchema.required).toEqual(['model', 'question']);
});

test('lists models and datanets without a key', async () => {
  const client = await connect();
  const { data } = z
    .object({ data: z.array(z.looseObject({ id: z.string() })) })
    .parse(JSON.parse((await call(client, 'list_models')).text));
  expect(data.map(({ id }) => id)).toContain(model);
  await until('the datanet to be listed', async () =>
    (await call(client, 'list_datanets')).text.includes(`"datanetId":${datanet.datanetId},`),
  );
});

test('answers for a key, which pays, and opens the receipt of the answer', async () => {
  const client = await connect(apiKey);
  const before = (await world.gateway.session(apiKey)).spent;
  const asked = await call(client, 'ask_model', { model, question: 'what does transfer do', temperature: 0 });
  expect(asked.isError, asked.text).toBe(false);
  const { answer, receiptHash, fee } = z
    .object({ answer: z.string(), receiptHash: z.string(), fee: z.coerce.bigint() })
    .parse(JSON.parse(asked.text));
  expect(answer).toBe('Answer what does transfer do');
  expect((await world.gateway.session(apiKey)).spent - before).toBe(fee);
  const bundle = receiptBundleSchema.parse(JSON.parse((await call(client, 'get_receipt', { receipt: receiptHash })).text));
  expect(await notPassed(world, bundle)).toEqual([]);
  expect(bundle.answer).toBe(answer);
  const { records } = z
    .looseObject({ records: z.array(z.looseObject({ source: z.looseObject({ title: z.string() }) })) })
    .parse(JSON.parse((await call(client, 'get_sources', { receipt: receiptHash })).text));
  expect(records.map(({ source }) => source.title)).toEqual(['what does transfer do']);
  const stranger = receiptBundleSchema.parse(
    JSON.parse((await call(await connect(), 'get_receipt', { receipt: receiptHash })).text),
  );
  expect(stranger.answer).toBeUndefined();
});

test('says what is wrong in words: no key, no such model, no such receipt, what is no hash', async () => {
  const client = await connect();
  expect(await call(client, 'ask_model', { model, question: 'x' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('payment_required'),
  });
  expect((await call(await connect(apiKey), 'ask_model', { model: 'model/999', question: 'x' })).text).toContain(
    'model_not_found',
  );
  expect((await call(client, 'get_receipt', { receipt: `0x${'0'.repeat(64)}` })).text).toContain('receipt_not_found');
  expect((await call(client, 'get_receipt', { receipt: '0x1' })).isError).toBe(true);
  expect((await fetch(`${world.url}/mcp`)).status).toBe(405);
});
