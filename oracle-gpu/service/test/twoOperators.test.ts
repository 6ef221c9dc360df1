// Two operators over one engine: the second serves what the first trained, and answers when the first does not.
import { createFailover, findOperators, type ModelOperator, type ReceiptBundle, receiptBundleSchema } from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let first: World;
let second: World;
let alice: Actor;
let model: string;
let releaseHash: string;
const keys = new Map<string, string>();
const chunkSchema = z.looseObject({ receipt: receiptBundleSchema.optional() });

beforeAll(async () => {
  // A release whose files are gone with their operator: it must not stand in the way of the others.
  const gone = await openWorld();
  await gone.start();
  const record = makeRecord('what does burn do', 'destroys tokens of the caller');
  await makeModel(gone, await gone.newActor(), await makeDatanet(gone, [[await gone.newActor(), [record]]]));
  await gone.stop();
  first = await openWorld();
  second = await openWorld({
    environment: {
      OPENLEDGER_ENGINE_URL: first.engine.url,
      OPENLEDGER_IPFS_URL: first.ipfsUrl,
      OPENLEDGER_TRAINS: 'no',
    },
  });
  await Promise.all([first.start(), second.start()]);
  alice = await first.newActor();
  const [proposer, caller] = [await first.newActor(), await first.newActor()];
  const datanet = await makeDatanet(first, [
    [alice, [makeRecord('what does transfer do', 'moves tokens from the caller to another account')]],
  ]);
  const made = await makeModel(first, proposer, datanet);
  [model, releaseHash] = [`model/${made.modelId}`, made.releaseHash];
  for (const world of [first, second]) keys.set(world.url, (await makeSession(world, caller)).apiKey);
});

afterAll(async () => {
  await second?.stop();
  await first?.stop();
});

const find = (): Promise<ModelOperator[]> => findOperators(first.client, first.deployment, model);
const seats = (found: readonly { url: string }[]) => found.map(({ url }) => ({ url, apiKey: keys.get(url) ?? '' }));

/** Asks with the official client, whose `fetch` is the failover. */
async function ask(operators: readonly { url: string }[]): Promise<{ text: string; bundle: ReceiptBundle }> {
  const client = new OpenAI({
    baseURL: 'https://openledger.example/v1',
    apiKey: 'replaced',
    maxRetries: 0,
    fetch: createFailover(seats(operators)),
  });
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'what does transfer do' }],
    max_tokens: 16,
    temperature: 0,
    stream: true,
  });
  let text = '';
  let bundle: ReceiptBundle | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    bundle = chunkSchema.parse(chunk).receipt ?? bundle;
  }
  if (!bundle) throw new Error('no receipt');
  return { text, bundle };
}

test('the second operator serves the release that the first trained, with the same prices', async () => {
  await until('the adopted release', async () => (await second.gateway.models()).data.some(({ id }) => id === model));
  // Whoever is too busy to say in time what it serves is left out.
  await until('an answer of both operators', async () => (await find()).length === 2);
  const found = await find();
  expect(found.map(({ url }) => url).sort()).toEqual([first.url, second.url].sort());
  expect(found[0]?.prices).toEqual(found[1]?.prices);
  expect(found[0]?.prices.completion).toBeGreaterThan(0n);
  expect((await findOperators(first.client, first.deployment, releaseHash)).length).toBe(2);
  expect(await findOperators(first.client, first.deployment, 'model/4000000000')).toEqual([]);
});

test('an answer of the second operator pays the same people, and its receipt holds against the chain', async () => {
  const { text, bundle } = await ask([second]);
  expect(text).toBe('Answer what does transfer do');
  expect(bundle.channel.operator).toBe(second.operator.address.toLowerCase());
  expect(bundle.records[0]?.contributor).toBe(alice.address.toLowerCase());
  expect(await notPassed({ ...second, ipfsUrl: first.ipfsUrl }, bundle)).toEqual([]); // who trained published
});

test('when the first operator dies, the next question is answered by the second, and only it is paid', async () => {
  const order = [first, second];
  expect((await ask(order)).bundle.channel.operator).toBe(first.operator.address.toLowerCase());
  const before = await first.gateway.session(keys.get(first.url) ?? '');
  await first.kill();
  const { text, bundle } = await ask(order);
  expect(text).toBe('Answer what does transfer do');
  expect(bundle.channel.operator).toBe(second.operator.address.toLowerCase());
  expect((await find()).map(({ url }) => url)).toEqual([second.url]);
  await first.start();
  expect(await first.gateway.session(keys.get(first.url) ?? '')).toEqual(before);
});

test('both settle, and the contributor is owed by both', async () => {
  for (const world of [first, second]) await world.gateway.settle();
  await until('both batches', async () => {
    const [a] = await first.gateway.batches(first.operator.address);
    const [b] = await second.gateway.batches(second.operator.address);
    return a?.status === 'pending' && b?.status === 'pending';
  });
  await first.advance(40);
  for (const world of [first, second]) {
    await until('finality', async () => (await world.gateway.batches(world.operator.address))[0]?.status === 'final');
    const { claim, claimable } = await world.gateway.rewards(alice.address);
    if (!claim) throw new Error('no claim');
    expect(claimable.amount).toBeGreaterThan(0n);
    await world.transact(alice, world.contracts.pool, 'claim', [claim]);
    expect((await world.gateway.rewards(alice.address)).claimable.amount).toBe(0n);
  }
});

test('an operator whose stake leaves takes no more calls', async () => {
  const { stake } = await second.client.readContract({
    ...second.contracts.operators,
    functionName: 'operator',
    args: [second.operator.address],
  });
  await second.transact(second.operator, second.contracts.operators, 'unbond', [stake]);
  await until('the refusal', async () => {
    const response = await fetch(`${second.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keys.get(second.url)}` },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'what does transfer do' }] }),
    });
    const body: unknown = await response.json();
    return response.status === 503 && JSON.stringify(body).includes('operator_inactive');
  });
  expect((await ask([second, first])).bundle.channel.operator).toBe(first.operator.address.toLowerCase());
});
