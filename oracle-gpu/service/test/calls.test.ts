import { apiKeyHash, openLedgerDomain, receiptBundleSchema, type Session, signVoucher, voucherSchema } from '@openledger/sdk';
import OpenAI from 'openai';
import { zeroAddress } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { type Datanet, makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let caller: Actor;
let alice: Actor;
let session: Session;
let datanet: Datanet;
let model: string;

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_CALLS_PER_KEY: '3' } });
  await world.start();
  const proposer = await world.newActor();
  [alice, caller] = [await world.newActor(), await world.newActor()];
  datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  session = await makeSession(world, caller);
});

afterAll(() => world?.stop());

afterEach(() => {
  Object.assign(world.engine.behaviour, { tokenDelayMs: 0, attributionFailures: 0, breakAfterTokens: Number.POSITIVE_INFINITY });
});

type Answer = { status: number; text: string; error: Record<string, unknown>; headers: Headers };

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(world.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const parsed = response.headers.get('content-type')?.includes('json')
    ? z.looseObject({ error: z.looseObject({}).optional() }).parse(JSON.parse(text))
    : {};
  return { status: response.status, text, error: parsed.error ?? {}, headers: response.headers };
}

const ask = (
  content: string,
  options: { key?: string; headers?: Record<string, string> } & Record<string, unknown> = {},
): Promise<Answer> => {
  const { key, headers, ...rest } = options;
  return post(
    '/v1/chat/completions',
    { model, messages: [{ role: 'user', content }], max_tokens: 16, temperature: 0, seed: 1, ...rest },
    { authorization: `Bearer ${key ?? session.apiKey}`, ...headers },
  );
};
const spent = async (key = session.apiKey): Promise<bigint> => (await world.gateway.session(key)).spent;
const openVoucher = (body: object) => post('/v1/sessions', body);
const bodyOf = ({ voucher, signature, keyHash }: Session) => ({ voucher: z.encode(voucherSchema, voucher), signature, keyHash });

describe('a session is refused with what is missing', () => {
  const stranger = `0x${'12'.repeat(20)}` as const;

  async function signedBy(
    who: Actor,
    changes: Partial<Session['voucher']>,
    domain = openLedgerDomain(world.deployment.chainId, world.contracts.escrow.address),
  ) {
    const voucher = { ...session.voucher, payer: who.address, signer: who.address, ...changes };
    return {
      voucher: z.encode(voucherSchema, voucher),
      signature: await signVoucher(who.account, voucher, domain),
      keyHash: apiKeyHash(`ol-${'1'.repeat(64)}`),
    };
  }

  test('a voucher for another operator', async () => {
    const { status, error } = await openVoucher(await signedBy(caller, { operator: stranger }));
    expect([status, error.code, error.expected, error.got]).toEqual([
      400,
      'wrong_operator',
      world.operator.address.toLowerCase(),
      stranger,
    ]);
  });

  test('a voucher signed for another chain', async () => {
    const { status, error } = await openVoucher(await signedBy(caller, {}, openLedgerDomain(1, world.contracts.escrow.address)));
    expect([status, error.code, error.expected, error.got]).toEqual([400, 'wrong_chain', world.deployment.chainId, 1]);
  });

  test('a voucher without signature', async () => {
    const { signature: _signature, ...unsigned } = bodyOf(session);
    const { status, error } = await openVoucher(unsigned);
    expect([status, error.code]).toEqual([401, 'invalid_signature']);
  });

  test('a voucher signed by somebody else', async () => {
    const { status, error } = await openVoucher({ ...(await signedBy(world.operator, {})), voucher: bodyOf(session).voucher });
    expect([status, error.code]).toEqual([401, 'invalid_signature']);
  });

  test('a voucher that has expired', async () => {
    const { status, error } = await openVoucher(await signedBy(caller, { expiry: 1_000 }));
    expect([status, error.code, error.expiry]).toEqual([402, 'voucher_expired', 1_000]);
  });

  test('a session key that the payer never authorised', async () => {
    const key = await world.newActor();
    const { status, error } = await openVoucher(await signedBy(key, { payer: caller.address }));
    expect([status, error.code]).toEqual([402, 'session_expired']);
  });

  test('a ceiling beyond what lies in escrow', async () => {
    const poor = await world.newActor();
    const refused = await makeSession(world, poor, { ceiling: 10n ** 18n, deposit: 10n ** 17n, isOpened: false });
    const { status, error } = await openVoucher(bodyOf(refused));
    expect([status, error.code, error.required, error.available]).toEqual([
      402,
      'insufficient_escrow',
      String(10n ** 18n),
      String(10n ** 17n),
    ]);
  });

  test('a public voucher that a stranger presents with a key of their own', async () => {
    const { status, error } = await openVoucher({ ...bodyOf(session), keyHash: apiKeyHash(`ol-${'2'.repeat(64)}`) });
    expect([status, error.code]).toEqual([409, 'session_exists']);
  });

  test('an API key that stands for another channel', async () => {
    const other = await makeSession(world, caller, { isOpened: false });
    const { status, error } = await openVoucher({ ...bodyOf(other), keyHash: session.keyHash });
    expect([status, error.code]).toEqual([409, 'key_in_use']);
  });

  test('something else than a voucher', async () => {
    const { status, error } = await openVoucher({ signature: '0x', voucher: 1 });
    expect([status, error.code]).toEqual([400, 'invalid_request']);
  });
});

test('a later voucher raises the ceiling of the same key, an earlier one does not lower it', async () => {
  const payer = await world.newActor();
  const low = await makeSession(world, payer, { ceiling: 2n * 10n ** 18n, deposit: 4n * 10n ** 18n });
  const { contracts, transact, operator } = world;
  await transact(payer, contracts.escrow, 'authorizeSession', [
    operator.address,
    low.voucher.signer,
    4n * 10n ** 18n,
    low.voucher.expiry,
  ]);
  const domain = openLedgerDomain(world.deployment.chainId, contracts.escrow.address);
  const { privateKeyToAccount } = await import('viem/accounts');
  const voucher = { ...low.voucher, cumulativeCeiling: 4n * 10n ** 18n };
  const signature = await signVoucher(privateKeyToAccount(low.privateKey), voucher, domain);
  expect((await world.gateway.openSession({ voucher, signature, keyHash: low.keyHash })).ceiling).toBe(4n * 10n ** 18n);
  expect((await world.gateway.openSession(low)).ceiling).toBe(4n * 10n ** 18n);
});

describe('a call is refused and costs nothing', () => {
  test('without a key that stands for a session', async () => {
    const { status, error } = await ask('hello', { key: `ol-${'9'.repeat(64)}` });
    expect([status, error.code, error.type]).toEqual([401, 'invalid_api_key', 'authentication_error']);
    expect((await post('/v1/chat/completions', {}, { authorization: 'Bearer nothing' })).status).toBe(401);
  });

  test('for a model that is not here', async () => {
    for (const name of ['model/999999', 'gpt-4', `0x${'0'.repeat(64)}`]) {
      const { status, error } = await ask('hello', { model: name });
      expect([status, error.code]).toEqual([404, 'model_not_found']);
    }
  });

  test('with a prompt beyond the context', async () => {
    const { status, error } = await ask('word '.repeat(200));
    expect([status, error.code, error.promptTokens, error.contextLength]).toEqual([400, 'context_length_exceeded', 200, 128]);
  });

  test('with a body that is no request', async () => {
    expect((await ask('hello', { messages: [] })).error).toMatchObject({ code: 'invalid_request', field: 'messages' });
    expect((await ask('hello', { n: 17 })).error).toMatchObject({ code: 'invalid_request', field: 'n' });
    expect((await post('/v1/chat/completions', '{"model":', { authorization: `Bearer ${session.apiKey}` })).status).toBe(400);
  });

  test('beyond the voucher', async () => {
    const small = await makeSession(world, caller, { ceiling: 10n ** 15n });
    const { status, error } = await ask('hello', { key: small.apiKey });
    expect([status, error.code, error.available]).toEqual([402, 'insufficient_voucher', String(10n ** 15n)]);
    expect(BigInt(String(error.required))).toBe(16n * 10n ** 15n + 10n ** 14n);
    expect(error.voucher).toMatchObject({
      cumulativeCeiling: String(10n ** 15n),
      sequence: 0,
      spent: '0',
      signature: small.signature,
    });
    expect(await spent(small.apiKey)).toBe(0n);
  });

  test('beyond escrow, when the payer takes money out', async () => {
    const payer = await world.newActor();
    const leaving = await makeSession(world, payer);
    expect((await ask('hello', { key: leaving.apiKey })).status).toBe(200);
    await world.transact(payer, world.contracts.escrow, 'thaw', [world.operator.address, 10n ** 18n]);
    const { error } = await until('the refusal', async () => {
      const answer = await ask('hello', { key: leaving.apiKey });
      return answer.status === 402 && answer;
    });
    expect([error.code, error.available]).toEqual(['insufficient_escrow', '0']);
  });

  test('after the session key was revoked', async () => {
    const payer = await world.newActor();
    const revoked = await makeSession(world, payer);
    await world.transact(payer, world.contracts.escrow, 'revokeSession', [world.operator.address, revoked.voucher.signer]);
    const { error } = await until('the refusal', async () => {
      const answer = await ask('hello', { key: revoked.apiKey });
      return answer.status === 402 && answer;
    });
    expect(error.code).toBe('session_expired');
  });

  test('after the voucher expired', async () => {
    const payer = await world.newActor();
    const { contracts, transact, operator } = world;
    await transact(payer, contracts.token, 'approve', [contracts.escrow.address, 10n ** 18n]);
    await transact(payer, contracts.escrow, 'deposit', [payer.address, operator.address, 10n ** 18n]);
    const voucher = {
      payer: payer.address,
      operator: operator.address,
      signer: payer.address, // the payer's own channel needs no session key
      cumulativeCeiling: 10n ** 18n,
      maxSequence: 100,
      app: zeroAddress,
      appMarkupBps: 0,
      expiry: Math.floor(Date.now() / 1000) + 4,
    };
    const key = `ol-${'3'.repeat(64)}`;
    const signature = await signVoucher(
      payer.account,
      voucher,
      openLedgerDomain(world.deployment.chainId, contracts.escrow.address),
    );
    await world.gateway.openSession({ voucher, signature, keyHash: apiKeyHash(key) });
    expect((await ask('hello', { key })).status).toBe(200);
    const { error } = await until('the refusal', async () => {
      const answer = await ask('hello', { key });
      return answer.status === 402 && answer;
    });
    expect(error.code).toBe('voucher_expired');
  });

  test('when the engine breaks off in the middle', async () => {
    const before = await spent();
    world.engine.behaviour.breakAfterTokens = 2;
    const whole = await ask('one two three four');
    expect([whole.status, whole.error.code]).toEqual([503, 'engine_unavailable']);
    const stream = await ask('one two three four', { stream: true });
    expect(stream.status).toBe(200);
    expect(stream.text).toContain('engine_unavailable');
    expect(stream.text).not.toContain('"receipt"');
    expect(await spent()).toBe(before);
  });

  test('when the answer cannot be attributed', async () => {
    const before = await spent();
    world.engine.behaviour.attributionFailures = 4;
    const { status, error } = await ask('hello there');
    expect([status, error.code]).toEqual([503, 'engine_unavailable']);
    expect(await spent()).toBe(before);
    expect((await world.gateway.session(session.apiKey)).reserved).toBe(0n);
  });
});

test('attribution that fails once is asked for again', async () => {
  world.engine.behaviour.attributionFailures = 1;
  expect((await ask('what does transfer do')).status).toBe(200);
});

test('what an answer takes word for word from a record stands in its evidence, with whose it is', async () => {
  const { text } = await ask('moves tokens to another account');
  const { evidence, indexProofs } = receiptBundleSchema.parse(JSON.parse(text).receipt);
  const [recordId, releaseHash] = [indexProofs[0]?.recordId, evidence.records[0]?.releaseHash];
  expect(evidence.spans).toEqual([
    {
      start: 1,
      length: 5,
      sources: [
        {
          releaseHash,
          position: 0,
          recordId,
          cluster: recordId,
          contributor: alice.address.toLowerCase(),
          datanetId: datanet.datanetId,
          offset: expect.any(Number),
        },
      ],
    },
  ]);
});

test('an application earns its markup', async () => {
  const payer = await world.newActor();
  const app = await world.newActor();
  const { contracts, transact, operator } = world;
  await transact(payer, contracts.token, 'approve', [contracts.escrow.address, 10n ** 18n]);
  await transact(payer, contracts.escrow, 'deposit', [payer.address, operator.address, 10n ** 18n]);
  const voucher = {
    payer: payer.address,
    operator: operator.address,
    signer: payer.address,
    cumulativeCeiling: 10n ** 18n,
    maxSequence: 100,
    app: app.address,
    appMarkupBps: 1_000,
    expiry: 4_000_000_000,
  };
  const key = `ol-${'4'.repeat(64)}`;
  const signature = await signVoucher(
    payer.account,
    voucher,
    openLedgerDomain(world.deployment.chainId, contracts.escrow.address),
  );
  await world.gateway.openSession({ voucher, signature, keyHash: apiKeyHash(key) });
  expect((await ask('what does transfer do', { key })).status).toBe(200);
  const { pending, bySource } = await world.gateway.rewards(app.address);
  const fee = await spent(key);
  const base = (fee * 10n) / 11n;
  expect(fee - base).toBe(base / 10n);
  expect(bySource).toEqual([{ role: 'app', datanetId: null, modelId: expect.any(Number), amount: pending.amount }]);
  expect(pending.amount).toBeGreaterThan(0n);
  expect(pending.amount).toBeLessThan(base / 10n); // less the protocol's part
});

describe('a retry with the same Idempotency-Key', () => {
  test.each([false, true])('gets the same bytes and pays once (stream: %s)', async (stream) => {
    const headers = { 'idempotency-key': `retry-${stream}` };
    const first = await ask('what does transfer do', { stream, headers });
    const after = await spent();
    const generated = world.engine.count.generate;
    const second = await ask('what does transfer do', { stream, headers });
    expect(first.status).toBe(200);
    expect(first.text).toContain('receiptHash');
    expect(second.text).toBe(first.text);
    expect(await spent()).toBe(after);
    expect(world.engine.count.generate).toBe(generated);
  });

  test('of another request is refused', async () => {
    const headers = { 'idempotency-key': 'reused' };
    await ask('one', { headers });
    const { status, error } = await ask('two', { headers });
    expect([status, error.code]).toEqual([409, 'idempotency_key_reused']);
  });

  test('while the first still runs is told to wait', async () => {
    world.engine.behaviour.tokenDelayMs = 100;
    const headers = { 'idempotency-key': 'running' };
    const first = ask('one two three', { headers });
    await until('the first call', async () => (await world.gateway.session(session.apiKey)).reserved > 0n);
    const second = await ask('one two three', { headers });
    expect([second.status, second.error.code, second.headers.get('retry-after')]).toEqual([409, 'call_in_progress', '1']);
    expect((await first).status).toBe(200);
  });

  test('after a failure is a new call', async () => {
    const headers = { 'idempotency-key': 'failed' };
    world.engine.behaviour.breakAfterTokens = 1;
    expect((await ask('one two', { headers })).status).toBe(503);
    world.engine.behaviour.breakAfterTokens = Number.POSITIVE_INFINITY;
    expect((await ask('one two', { headers })).status).toBe(200);
  });
});

test('a reader who goes away pays for what was delivered', async () => {
  const before = await world.gateway.session(session.apiKey);
  world.engine.behaviour.tokenDelayMs = 100;
  const leave = new AbortController();
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    signal: leave.signal,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.apiKey}` },
    body: JSON.stringify({
      model,
      stream: true,
      max_tokens: 16,
      messages: [{ role: 'user', content: 'one two three four five six seven eight nine ten' }],
    }),
  });
  const reader = response.body?.getReader();
  let seen = '';
  while (!seen.includes(' two')) seen += new TextDecoder().decode((await reader?.read())?.value);
  leave.abort();
  await until('the receipt', async () => (await world.gateway.session(session.apiKey)).sequence > before.sequence);
  const [row] = await world.query(`SELECT hash FROM receipts ORDER BY created_at DESC LIMIT 1`);
  const bundle = await world.gateway.receipt(String(row?.hash) as `0x${string}`, session.apiKey);
  expect(bundle.answer?.startsWith('Answer one two')).toBe(true);
  expect(bundle.answer).not.toContain('ten');
  expect(bundle.trace.finishReason).toBe('cancelled');
  expect(bundle.receipt.completionTokens).toBe(bundle.tokenIds?.length);
  expect((await spent()) - before.spent).toBe(bundle.receipt.fee);
});

test('calls at the same time cannot spend more than the voucher allows', async () => {
  // Each may cost 1 + 16 tokens; the ceiling holds two of them.
  const tight = await makeSession(world, caller, { ceiling: 35n * 10n ** 15n });
  world.engine.behaviour.tokenDelayMs = 400;
  const answers = await Promise.all(Array.from({ length: 3 }, () => ask('hello', { key: tight.apiKey })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 402]);
  const { spent: total, ceiling, sequence } = await world.gateway.session(tight.apiKey);
  expect(total).toBeLessThanOrEqual(ceiling);
  expect(sequence).toBe(2);
});

test('one key cannot occupy the engine', async () => {
  world.engine.behaviour.tokenDelayMs = 400;
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask('one two three')));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(3);
  expect(refused[0]?.error.code).toBe('too_many_calls');
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect((await ask('one')).status).toBe(200);
});

test('the official client sees errors as it knows them', async () => {
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: `ol-${'8'.repeat(64)}`, maxRetries: 0 });
  const failed = client.chat.completions.create({ model, messages: [{ role: 'user', content: 'x' }] });
  await expect(failed).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(failed).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
});

test('neither keys nor prompts are in the log', async () => {
  await world.kill();
  await world.start({ OPENLEDGER_LOG_LEVEL: 'debug' });
  expect((await ask('a secret question about pineapples')).status).toBe(200);
  await until('the log', async () => world.output().includes('/v1/chat/completions'));
  for (const secret of ['pineapples', session.apiKey, session.apiKey.slice(3), world.operator.key.slice(2)]) {
    expect(world.output()).not.toContain(secret);
  }
});
