import { attributionSchema, OpenLedgerError, type ReceiptBundle, receiptBundleSchema, type Session } from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let alice: Actor;
let bob: Actor;
let session: Session;
let model: string;

/** Long enough to be cut into phrases. */
const question =
  'what does transfer do it moves tokens to another account and only the owner of another contract may pause it or resume it';

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const proposer = await world.newActor();
  [alice, bob] = [await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [
    [alice, [makeRecord('what does transfer do', 'moves tokens to another account')]],
    [bob, [makeRecord('who may pause', 'only the owner of another contract')]],
  ]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  session = await makeSession(world, await world.newActor());
});

afterAll(() => world?.stop());
afterEach(() => {
  world.engine.behaviour.isIndexMissing = false;
});

async function ask(content: string): Promise<{ bundle: ReceiptBundle; text: string }> {
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.apiKey}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], max_tokens: 32, temperature: 0, seed: 1 }),
  });
  const text = await response.text();
  return { bundle: receiptBundleSchema.parse(z.looseObject({ receipt: z.unknown() }).parse(JSON.parse(text)).receipt), text };
}

const refusal = (promise: Promise<unknown>): Promise<unknown[]> =>
  promise.then(
    () => ['no refusal'],
    (error: unknown) => (error instanceof OpenLedgerError ? [error.status, error.code] : [error]),
  );

describe('of a receipt', () => {
  test('the records are the receipt’s, with whose they are, and shares that sum to the whole', async () => {
    const { bundle } = await ask(question);
    const found = await world.gateway.attribution({ receiptHash: bundle.receiptHash }, session.apiKey);
    expect(found).toMatchObject({ model, receiptHash: bundle.receiptHash, nullThreshold: bundle.evidence.nullThreshold });
    expect(found.records.map(({ recordId, score }) => [recordId, score])).toEqual(
      bundle.evidence.records.map(({ recordId, partials }) => [recordId, partials.reduce((sum, part) => sum + part, 0)]),
    );
    expect(found.records[0]).toMatchObject({
      contributor: alice.address.toLowerCase(),
      source: { title: 'what does transfer do' },
    });
    const shares = found.records.reduce((sum, { shareBps }) => sum + shareBps, found.unexplainedBps);
    expect(shares).toBe(10_000);
    expect(found.records[0]?.shareBps).toBeGreaterThan(found.records[1]?.shareBps ?? 10_000);
    expect(found.segments).toBeUndefined();
  });

  test('its phrases are the answer, and each record’s scores sum over them to its score', async () => {
    const { bundle } = await ask(question);
    const found = await world.gateway.attribution({ receiptHash: bundle.receiptHash, segments: true }, session.apiKey);
    const segments = found.segments ?? [];
    expect(segments.length).toBeGreaterThan(1);
    expect(segments.map(({ text }) => text).join('')).toBe(found.answer);
    expect(segments.every(({ start, end, text }) => found.answer.slice(start, end) === text)).toBe(true);
    for (const [index, { score }] of found.records.entries())
      expect(segments.reduce((sum, { scores }) => sum + (scores[index] ?? 0), 0)).toBe(score);
  });

  test('it costs nothing', async () => {
    const { bundle } = await ask(question);
    const before = await world.gateway.session(session.apiKey);
    await world.gateway.attribution({ receiptHash: bundle.receiptHash }, session.apiKey);
    expect(await world.gateway.session(session.apiKey)).toEqual(before);
  });

  test('only the key that paid for it may ask', async () => {
    const { bundle } = await ask(question);
    const other = await makeSession(world, await world.newActor());
    const { receiptHash } = bundle;
    expect(await refusal(world.gateway.attribution({ receiptHash }, other.apiKey))).toEqual([403, 'not_your_receipt']);
    expect(await refusal(world.gateway.attribution({ receiptHash }, `ol-${'9'.repeat(64)}`))).toEqual([401, 'invalid_api_key']);
    const unknown = `0x${'7'.repeat(64)}`;
    expect(await refusal(world.gateway.attribution({ receiptHash: unknown }, session.apiKey))).toEqual([
      404,
      'receipt_not_found',
    ]);
  });

  test('the bundle says where each token’s text ends, to its payer only', async () => {
    const { bundle } = await ask('moves tokens to another account');
    const [span] = bundle.evidence.spans;
    const ends = bundle.tokenEnds ?? [];
    expect(ends).toHaveLength(bundle.tokenIds?.length ?? 0);
    expect(bundle.answer?.slice(ends[(span?.start ?? 0) - 1], ends[(span?.start ?? 0) + (span?.length ?? 0) - 1])).toBe(
      ' moves tokens to another account',
    );
    expect(await world.gateway.receipt(bundle.receiptHash)).not.toHaveProperty('tokenEnds');
    const named = new Set(bundle.records.map(({ recordId }) => recordId));
    expect(bundle.evidence.spans.flatMap(({ sources }) => sources).every(({ recordId }) => named.has(recordId))).toBe(true);
  });
});

describe('of any text', () => {
  const messages = [{ role: 'user', content: 'what does transfer do' }];

  test('records and spans are found as for an answer of the model’s own', async () => {
    const answer = 'it moves tokens to another account';
    const found = await world.gateway.attribution({ model, messages, answer, segments: true }, session.apiKey);
    expect(found.answer).toBe(answer);
    expect(found.receiptHash).toBeUndefined();
    expect(found.records[0]?.contributor).toBe(alice.address.toLowerCase());
    expect(found.spans).toMatchObject([
      {
        start: 2,
        end: answer.length,
        text: ' moves tokens to another account',
        sources: [{ contributor: alice.address.toLowerCase() }],
      },
    ]);
  });

  test('bad requests say what to do', async () => {
    const good = { model, messages, answer: 'it moves tokens' };
    const ask = (change: object) => refusal(world.gateway.attribution({ ...good, ...change }, session.apiKey));
    expect(await ask({ answer: '' })).toEqual([400, 'empty_answer']);
    expect(await ask({ answer: ' \n' })).toEqual([400, 'empty_answer']);
    expect(await ask({ answer: 'word '.repeat(200) })).toEqual([400, 'context_length_exceeded']);
    expect(await ask({ messages: [] })).toEqual([400, 'invalid_request']);
    expect(await ask({ model: 'gpt-4' })).toEqual([404, 'model_not_found']);
    expect(await ask({ temperature: 1 })).toEqual([400, 'invalid_request']);
  });

  test('one key asks for a few a minute', async () => {
    const eager = await makeSession(world, await world.newActor());
    const answers = [];
    for (let count = 0; count < 21; count += 1)
      answers.push(await refusal(world.gateway.attribution({ model, messages, answer: 'it moves' }, eager.apiKey)));
    expect(answers.at(-1)).toEqual([429, 'too_many_requests']);
    expect(answers.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => ['no refusal']));
    expect(await refusal(world.gateway.attribution({ model, messages, answer: 'it moves' }, session.apiKey))).toEqual([
      'no refusal',
    ]);
  });
});

describe('a release whose index the engine has lost', () => {
  test('answers; the datanets’ pools are paid, and receipt and model list say so', async () => {
    world.engine.behaviour.isIndexMissing = true;
    const { bundle } = await ask(question);
    expect(bundle.trace.unattributed).toBe('index_missing');
    expect(bundle.evidence.records).toEqual([]);
    expect(bundle.query).toBeUndefined();
    const accounts = bundle.allocations.map(({ account }) => account.toLowerCase());
    expect(accounts).not.toContain(alice.address.toLowerCase());
    const [pool] = bundle.parameters.poolSizes;
    expect(bundle.allocations.find(({ account }) => account.toLowerCase() === pool?.pool.toLowerCase())?.amount).toBeGreaterThan(
      0n,
    );
    await until('the model list', async () => {
      const { data } = await world.gateway.models();
      return data.find(({ id }) => id === model)?.openledger.attribution === 'index_missing';
    });
    expect(await refusal(world.gateway.attribution({ receiptHash: bundle.receiptHash }, session.apiKey))).toEqual([
      409,
      'no_index',
    ]);
  });

  test('is attributed again once the index is back', async () => {
    const { bundle } = await ask(question);
    expect(bundle.trace.unattributed).toBeUndefined();
    expect(bundle.evidence.records.length).toBeGreaterThan(0);
  });
});

test('the answer of the endpoint has the shape that the SDK documents', async () => {
  const response = await fetch(`${world.url}/v1/attribution`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.apiKey}` },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'who may pause' }],
      answer: 'only the owner',
      segments: true,
    }),
  });
  expect(attributionSchema.strict().safeParse(await response.json()).error).toBeUndefined();
});
