// Calls that leave the choice of a model open: led to the release that was trained on what they ask about, with the reason in
// the receipt, or refused where none was.
import { receiptBundleSchema, routingOf } from '@openledger/sdk';
import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

type Model = Awaited<ReturnType<typeof makeModel>>;

let world: World;
let apiKey: string;
let garden: Model;
let bank: Model;

const gardenRecords = [
  makeRecord('when do roses bloom', 'roses bloom in june'),
  makeRecord('which roses climb', 'ramblers climb walls'),
];
const bankRecords = [makeRecord('who signs a loan', 'the debtor signs the loan at the desk')];

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, bob, caller]: Actor[] = [await world.newActor(), await world.newActor(), await world.newActor()];
  garden = await makeModel(world, await world.newActor(), await makeDatanet(world, [[alice as Actor, gardenRecords]]));
  bank = await makeModel(world, await world.newActor(), await makeDatanet(world, [[bob as Actor, bankRecords]]));
  apiKey = (await makeSession(world, caller as Actor)).apiKey;
  await areLed([garden, bank]);
}, 120_000);

afterAll(() => world?.stop());

/** Waits until questions can be led to exactly these. */
function areLed(models: readonly Model[]): Promise<unknown> {
  return until('questions to be led to the models', async () => {
    const { status, body } = await ask([{ role: 'user', content: 'zyzzyva' }]);
    const nearest = z.array(z.object({ model: z.string() })).safeParse(body.error?.nearest).data ?? [];
    const wanted = models.map(({ modelId }) => `model/${modelId}`).sort();
    return (
      status === 404 &&
      nearest
        .map(({ model }) => model)
        .sort()
        .join() === wanted.join()
    );
  });
}

const answerSchema = z.looseObject({
  model: z.string().optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  receipt: receiptBundleSchema.optional(),
});

async function post(path: string, fields: object): Promise<{ status: number; text: string }> {
  const response = await fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model: 'auto', max_tokens: 8, temperature: 0, seed: 1, ...fields }),
  });
  return { status: response.status, text: await response.text() };
}

async function ask(messages: { role: string; content: string }[], fields: object = {}) {
  const { status, text } = await post('/v1/chat/completions', { messages, ...fields });
  return { status, body: answerSchema.parse(JSON.parse(text)) };
}

const user = (content: string) => ({ role: 'user', content });

describe('a call that leaves the model open', () => {
  test('is answered by the release trained on what it asks about, and the receipt binds why', async () => {
    const { status, body } = await ask([user('who signs the loan')]);
    expect([status, body.model]).toEqual([200, `model/${bank.modelId}`]);
    const bundle = body.receipt;
    if (!bundle) throw new Error('no receipt');
    expect(bundle.composition[0]?.releaseHash).toBe(bank.releaseHash);
    expect(routingOf(bundle.trace)).toEqual({
      version: 'words-1',
      embedder: 'double',
      threshold: 5_000,
      messages: 1,
      reason: 'nearest',
      choices: [
        { releaseHash: bank.releaseHash, score: 10_000 },
        { releaseHash: garden.releaseHash, score: 0 },
      ],
    });
    expect(await notPassed(world, bundle)).toEqual([]);
    expect(await world.gateway.receipt(bundle.receiptHash as Hex)).toMatchObject({ trace: bundle.trace });
    expect((await ask([user('when do roses bloom')])).body.model).toBe(`model/${garden.modelId}`);
  });

  test('says in a stream, and for a text, who answered', async () => {
    const streamed = await post('/v1/chat/completions', { messages: [user('which roses climb')], stream: true });
    const first = z.object({ model: z.string() }).parse(JSON.parse(streamed.text.split('\n')[0]?.slice(6) ?? ''));
    expect(first.model).toBe(`model/${garden.modelId}`);
    const { status, text } = await post('/v1/completions', { prompt: 'who signs' });
    expect([status, JSON.parse(text).model]).toEqual([200, `model/${bank.modelId}`]);
  });

  test('takes earlier questions along where the last one alone is near nothing', async () => {
    const earlier = [user('who signs a loan at the desk'), { role: 'assistant', content: 'the debtor' }];
    const { body } = await ask([...earlier, user('and why')]);
    expect(body.model).toBe(`model/${bank.modelId}`);
    expect(routingOf(body.receipt?.trace ?? {})?.messages).toBe(2);
    const changed = await ask([...earlier, user('when do roses bloom')]);
    expect([changed.body.model, routingOf(changed.body.receipt?.trace ?? {})?.messages]).toEqual([`model/${garden.modelId}`, 1]);
  });

  test('is refused, and not charged, where it is near nothing', async () => {
    const before = (await world.gateway.session(apiKey)).spent;
    const { status, body } = await ask([user('launch rockets toward mars')]);
    expect([status, body.error]).toMatchObject([404, { code: 'no_specialist', param: 'model', threshold: 5_000 }]);
    expect(body.error?.message).toContain('name one of GET /v1/models');
    expect((await world.gateway.session(apiKey)).spent).toBe(before);
  });

  test.each([
    ['several prompts', '/v1/completions', { prompt: ['who signs', 'roses'] }, 'invalid_request'],
    ['tokens', '/v1/completions', { prompt: [1, 2] }, 'invalid_request'],
    ['no question', '/v1/chat/completions', { messages: [{ role: 'system', content: 'Be kind.' }] }, 'empty_query'],
  ])('is refused with %s, which say no model', async (_, path, fields, code) => {
    const { status, text } = await post(path, fields);
    expect([status, answerSchema.parse(JSON.parse(text)).error?.code]).toEqual([400, code]);
  });

  test('is priced before it is paid, and a retry gets the same bytes', async () => {
    const unpaid = await fetch(`${world.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: [user('who signs the loan')] }),
    });
    expect([unpaid.status, unpaid.headers.has('payment-required')]).toEqual([402, true]);
    const again = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}`, 'idempotency-key': 'routed' };
    const body = JSON.stringify({ model: 'auto', messages: [user('who signs the loan')], max_tokens: 8 });
    const [first, second] = [
      await (await fetch(`${world.url}/v1/chat/completions`, { method: 'POST', headers: again, body })).text(),
      await (await fetch(`${world.url}/v1/chat/completions`, { method: 'POST', headers: again, body })).text(),
    ];
    expect(second).toBe(first);
  });
});

describe('the releases that questions are led to', () => {
  test('are made again after the engine has lost them', async () => {
    const { routed } = world.engine.count;
    world.engine.routes.clear();
    expect(await ask([user('who signs the loan')])).toMatchObject({
      status: 503,
      body: { error: { code: 'router_unavailable' } },
    });
    await areLed([garden, bank]);
    expect(world.engine.count.routed).toBe(routed + 2);
  });

  test('are the listed ones', async () => {
    const developer = await world.newActor();
    const [carol] = [await world.newActor()];
    const datanet = await makeDatanet(world, [[carol, [makeRecord('what do otters eat', 'otters eat fish')]]]);
    const otters = await makeModel(world, developer, datanet);
    await areLed([garden, bank, otters]);
    expect((await ask([user('what do otters eat')])).body.model).toBe(`model/${otters.modelId}`);
    await world.transact(developer, world.contracts.models, 'setListed', [otters.modelId, false]);
    await areLed([garden, bank]);
  }, 60_000);

  test('a default answers what is near none, where the operator named one', async () => {
    await world.kill();
    await world.start({ OPENLEDGER_DEFAULT_MODEL: `model/${garden.modelId}` });
    const { body } = await until('the default to answer', async () => {
      const answer = await ask([user('launch rockets toward mars')]);
      return answer.status === 200 && answer;
    });
    const bundle = body.receipt;
    if (!bundle) throw new Error('no receipt');
    expect(body.model).toBe(`model/${garden.modelId}`);
    expect(routingOf(bundle.trace)).toMatchObject({ reason: 'default', choices: [{ score: 0 }, { score: 0 }] });
    expect(await notPassed(world, bundle)).toEqual([]);
  });
});
