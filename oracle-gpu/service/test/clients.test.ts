// What OpenAI's official clients for Node and Python ask of the gateway, unchanged, and what they are answered.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ReceiptBundle, receiptBundleSchema, type Session } from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tools as programs } from '../../../script/dev/config.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { startTinyEngine, type TinyEngine } from './support/tinyEngine.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let session: Session;
let model: string;
let client: OpenAI;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, proposer, caller] = [await world.newActor(), await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  session = await makeSession(world, caller, { ceiling: 10n ** 18n });
  client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: session.apiKey, maxRetries: 0 });
});
afterAll(() => world?.stop());
afterEach(() => Object.assign(world.engine.behaviour, { says: undefined, isBusy: false, tokenDelayMs: 0 }));

const messages = [{ role: 'user' as const, content: 'what does transfer do' }];
const carried = z.looseObject({ receipt: receiptBundleSchema });
const receiptOf = (answer: unknown): ReceiptBundle => carried.parse(answer).receipt;
const spent = async (): Promise<bigint> => (await world.gateway.session(session.apiKey)).spent;
const tool = { type: 'function' as const, function: { name: 'move', parameters: { type: 'object', properties: {} } } };

test('settings of the choice reach the engine, and the receipt states them', async () => {
  const answer = await client.chat.completions.create({
    model,
    messages,
    temperature: 0.5,
    presence_penalty: 1,
    frequency_penalty: 0.5,
    logit_bias: { '17': -5 },
    seed: 3,
    stop: ['END'],
    user: 'somebody',
    ...{ top_k: 7, min_p: 0.1, repetition_penalty: 1.1 },
  });
  const settings = {
    ...{ temperature: 0.5, topP: 1, topK: 7, minP: 0.1, presencePenalty: 1, frequencyPenalty: 0.5, repetitionPenalty: 1.1 },
    ...{ logitBias: { '17': -5 }, seed: 3, stop: ['END'] },
  };
  expect(world.engine.asked.at(-1)).toMatchObject(settings);
  expect(receiptOf(answer).trace).toMatchObject(settings);
  expect(answer.usage?.completion_tokens).toBe(receiptOf(answer).receipt.completionTokens);
});

test('logprobs come whole and in a stream', async () => {
  const asked = { model, messages, logprobs: true, top_logprobs: 2 };
  const whole = await client.chat.completions.create(asked);
  const told = whole.choices[0]?.logprobs?.content ?? [];
  expect(told.map(({ token }) => token).join('')).toBe(whole.choices[0]?.message.content);
  expect(told[0]?.top_logprobs).toHaveLength(2);
  let text = '';
  for await (const { choices } of await client.chat.completions.create({ ...asked, stream: true }))
    text += choices[0]?.logprobs?.content?.map(({ token }) => token).join('') ?? '';
  expect(text).toBe(whole.choices[0]?.message.content);
});

test('several answers have a receipt and a charge each, and a retry gets the same bytes', async () => {
  const before = await spent();
  const headers = { 'idempotency-key': 'several' };
  const asked = { model, messages, n: 3, seed: 5 };
  const response = await client.chat.completions.create(asked, { headers }).asResponse();
  const text = await response.text();
  const { choices, usage } = z
    .looseObject({ choices: z.array(carried), usage: z.looseObject({ prompt_tokens: z.int() }) })
    .parse(JSON.parse(text));
  const receipts = choices.map(({ receipt }) => receipt);
  expect(new Set(receipts.map(({ receiptHash }) => receiptHash)).size).toBe(3);
  expect(receipts.map(({ trace }) => trace.seed)).toEqual([5, 6, 7]);
  const fees = receipts.reduce((sum, { receipt }) => sum + receipt.fee, 0n);
  expect((await spent()) - before).toBe(fees);
  expect(usage.prompt_tokens).toBe(receipts.reduce((sum, { receipt }) => sum + receipt.promptTokens, 0));
  const again = await client.chat.completions.create(asked, { headers }).asResponse();
  expect(await again.text()).toBe(text);
  expect((await spent()) - before).toBe(fees);
});

test('of several answers none is charged when one fails, and all must be affordable', async () => {
  const before = await spent();
  world.engine.behaviour.breakAfterTokens = 1;
  await expect(client.chat.completions.create({ model, messages, n: 3 })).rejects.toMatchObject({ status: 503 });
  world.engine.behaviour.breakAfterTokens = Number.POSITIVE_INFINITY;
  expect(await spent()).toBe(before);
  const poor = await makeSession(world, await world.newActor(), { ceiling: 45n * 10n ** 15n });
  const ask = (n: number) =>
    client.chat.completions.create(
      { model, messages, n, max_tokens: 16 },
      { headers: { authorization: `Bearer ${poor.apiKey}` } },
    );
  await expect(ask(3)).rejects.toMatchObject({ status: 402, code: 'insufficient_voucher' });
  expect((await ask(2)).choices).toHaveLength(2);
});

test('tools are called in the shape that clients read, whole and in a stream', async () => {
  world.engine.behaviour.says = 'Well. <tool_call>\n{"name": "move", "arguments": {"to": "b"}}\n</tool_call>';
  const asked = { model, messages, tools: [tool], tool_choice: 'auto' as const };
  const whole = await client.chat.completions.create(asked);
  const [choice] = whole.choices;
  expect(choice?.finish_reason).toBe('tool_calls');
  expect(choice?.message.content).toBe('Well. ');
  expect(choice?.message.tool_calls).toMatchObject([{ type: 'function', function: { name: 'move', arguments: '{"to":"b"}' } }]);
  expect(world.engine.asked.at(-1)).toMatchObject({ format: { tools: [{ name: 'move' }], choice: 'auto' } });
  const bundle = receiptOf(whole);
  expect(bundle.answer).toBe(world.engine.behaviour.says);
  expect(bundle.messages?.[0]).toMatchObject({ role: 'format', tools: [tool], tool_choice: 'auto' });
  const stream = client.chat.completions.stream(asked);
  expect((await stream.finalChatCompletion()).choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'move' } }]);
});

test('a prescribed form goes to the engine', async () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } } };
  await client.chat.completions.create({
    model,
    messages,
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } },
  });
  expect(world.engine.asked.at(-1)).toMatchObject({ format: { schema } });
});

test('a text is continued, and its own tokens are told of, as scoring needs it', async () => {
  const answer = await client.completions.create({ model, prompt: 'moves tokens', max_tokens: 1, echo: true, logprobs: 1 });
  expect([answer.object, answer.choices[0]?.text]).toEqual(['text_completion', 'moves tokensAnswer']);
  const told = answer.choices[0]?.logprobs;
  expect(told?.token_logprobs).toEqual([null, Math.log(0.5), Math.log(0.5)]);
  expect(told?.tokens).toHaveLength(3);
  expect(receiptOf(answer).messages).toEqual([{ role: 'text', content: 'moves tokens' }]);
  const unanswered = await client.completions.create({ model, prompt: 'moves tokens', max_tokens: 0, echo: true });
  expect([unanswered.choices[0]?.text, unanswered.usage?.completion_tokens]).toEqual(['moves tokens', 0]);
  const many = await client.completions.create({ model, prompt: ['one', 'two'], max_tokens: 8 });
  expect(many.choices.map(({ text }) => text)).toEqual(['Answer one', 'Answer two']);
  let text = '';
  for await (const { choices } of await client.completions.create({ model, prompt: 'one two', stream: true }))
    text += choices[0]?.text ?? '';
  expect(text).toBe('Answer one two');
});

test('what is not understood is refused by name, and costs nothing', async () => {
  const before = await spent();
  const wrong = async (body: object, field: string, path = '/chat/completions') => {
    const asked = client.post(path, { body: { model, messages, ...body } });
    await expect(asked).rejects.toMatchObject({ status: 400, param: field });
  };
  await wrong({ mirostat: 2 }, 'mirostat');
  await wrong({ functions: [] }, 'functions');
  await wrong({ temperature: -1 }, 'temperature');
  await wrong({ n: 2, stream: true }, 'n');
  await wrong({ tool_choice: 'required' }, 'tool_choice');
  await wrong({ messages: undefined, prompt: 'x', best_of: 3 }, 'best_of', '/completions');
  await wrong({ messages: undefined, prompt: 'x', max_tokens: 0 }, 'max_tokens', '/completions');
  await wrong({ messages: undefined, prompt: [] }, 'prompt', '/completions');
  expect(await spent()).toBe(before);
});

test('an engine whose queue is full says when to come again', async () => {
  world.engine.behaviour.isBusy = true;
  const failed = client.chat.completions.create({ model, messages });
  await expect(failed).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  const error = await failed.catch((one: unknown) => one);
  expect(error instanceof OpenAI.APIError && error.headers?.get('retry-after')).toBe('7');
});

test('a reader who stops reading holds nothing up', async () => {
  const before = await world.gateway.session(session.apiKey);
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.apiKey}` },
    body: JSON.stringify({ model, messages, stream: true }),
  });
  // The headers have come, and nothing of the body is read.
  const after = await until('the charge', async () => {
    const now = await world.gateway.session(session.apiKey);
    return now.sequence > before.sequence && now;
  });
  expect(after.reserved).toBe(0n);
  await response.body?.cancel();
});

test('models are listed page by page, and each by itself', async () => {
  const list = await client.models.list();
  const whole = list.data.map(({ id }) => id);
  expect(whole).toContain(model);
  // Pages of one, until there are no more. Other tests share the chain: the list may have grown since.
  const page = async (after?: string) => {
    const response = await fetch(`${world.url}/v1/models?limit=1${after ? `&after=${encodeURIComponent(after)}` : ''}`);
    return z
      .looseObject({ data: z.array(z.looseObject({ id: z.string() })), has_more: z.boolean(), last_id: z.string().nullable() })
      .parse(await response.json());
  };
  const paged: string[] = [];
  for (let next = await page(); ; next = await page(paged.at(-1))) {
    paged.push(...next.data.map(({ id }) => id));
    expect([next.data.length, next.last_id]).toEqual([1, paged.at(-1)]);
    if (!next.has_more) break;
  }
  expect(paged.slice(0, whole.length)).toEqual(whole);
  expect(await page(paged.at(-1))).toMatchObject({ data: [], has_more: false, last_id: null });
  expect((await client.models.retrieve(model)).id).toBe(model);
  await expect(client.models.retrieve('model/999999')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  expect((await fetch(`${world.url}/v1/models?after=7`)).status).toBe(400);
});

test('embeddings and token counts are free, with a key', async () => {
  const before = await spent();
  const { data, usage } = await client.embeddings.create({ model: 'any', input: ['a b', 'c'] });
  expect(data.map(({ embedding }) => embedding.map((value) => value.toFixed(4)))).toEqual([
    ['0.8321', '0.5547'],
    ['0.7071', '0.7071'],
  ]);
  expect(usage.prompt_tokens).toBe(3);
  const floats = await client.embeddings.create({ model: 'any', input: 'c', encoding_format: 'float' });
  expect(floats.data[0]?.embedding[0]).toBeCloseTo(Math.SQRT1_2);
  const tokenize = (body: object, headers: Record<string, string> = { authorization: `Bearer ${session.apiKey}` }) =>
    fetch(`${world.url}/tokenize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  expect(await (await tokenize({ prompt: 'one two' })).json()).toMatchObject({ count: 2, max_model_len: 128 });
  expect(await (await tokenize({ messages })).json()).toMatchObject({ count: 4 });
  expect((await tokenize({ prompt: 'one' }, {})).status).toBe(401);
  expect((await tokenize({ prompt: 'one', messages })).status).toBe(400);
  expect(await spent()).toBe(before);
});

test('what a key has used adds up to its receipts', async () => {
  const { sequence, spent: fee } = await world.gateway.session(session.apiKey);
  const response = await fetch(`${world.url}/v1/usage`, { headers: { authorization: `Bearer ${session.apiKey}` } });
  const [used] = z
    .array(z.looseObject({ answers: z.int(), completion_tokens: z.int(), fee: z.string() }))
    .parse(await response.json());
  expect(used).toMatchObject({ model, answers: sequence, fee: fee.toString() });
  const metrics = await (await fetch(`${world.url}/metrics`)).text();
  const counted = new RegExp(`openledger_tokens_total\\{kind="completion",model="${model}"\\} (\\d+)`).exec(metrics);
  expect(Number(counted?.[1])).toBeGreaterThanOrEqual(used?.completion_tokens ?? 0);
  expect((await fetch(`${world.url}/docs`)).headers.get('content-type')).toContain('text/html');
});

describe('over the real engine', () => {
  let tiny: TinyEngine;
  beforeAll(async () => {
    tiny = await startTinyEngine({ context: 2_048 });
    world.engine.behaviour.answersBy = tiny.url;
  });
  afterAll(async () => {
    world.engine.behaviour.answersBy = undefined;
    await tiny?.stop();
  });

  test("OpenAI's client for Python is answered as it expects", async () => {
    const script = join(import.meta.dirname, 'support/askOpenai.py');
    const { stdout } = await promisify(execFile)(programs.python, [script, `${world.url}/v1`, session.apiKey, model]);
    expect(JSON.parse(stdout)).toEqual({
      isStreamTheSame: true,
      usage: 12,
      hasReceipt: true,
      doLogprobsSpell: true,
      alternatives: 2,
      seeds: [1, 2],
      isFormed: true,
      finish: 'tool_calls',
      tool: ['move', true],
      scored: ['What is 7?', null, true],
      isListed: true,
      dimensions: 32,
      errors: ['BadRequestError mirostat', 'AuthenticationError invalid_api_key', 'NotFoundError model_not_found'],
    });
  });
});
