// A payer whose client opens, tops up and resynchronises its channel by itself, within a limit: vouchers as an x402 scheme.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readReceiptFacts, verifyReceipt } from '@openledger/sdk';
import type { x402Client } from '@x402/core/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';
import { type Answer, exactClient, followClock, paying, post, voucherClient } from './support/x402.ts';

let world: World;
let model: string;

const question = (content: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content }],
  max_tokens: 16,
  temperature: 0,
  seed: 1,
  ...more,
});

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_CALLS_PER_KEY: '8' } });
  await world.start();
  await followClock(world);
  const [alice, proposer] = [await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
});

afterAll(() => world?.stop());
afterEach(() => {
  world.engine.behaviour.tokenDelayMs = 0;
});

const ask = (client: x402Client, content: string, more: object = {}): Promise<Answer> =>
  post(paying(client), world, question(content, more));
const balanceOf = (who: Actor) =>
  world.client
    .readContract({ ...world.contracts.escrow, functionName: 'account', args: [who.address, world.operator.address] })
    .then(({ balance }) => balance);
const stateSchema = z.looseObject({ spent: z.string(), reserved: z.string(), cumulativeCeiling: z.string() });
const stateOf = (answer: Answer) => stateSchema.parse(answer.settled?.extra?.state);
/** The most that a question can cost. */
async function priceOf(content: string): Promise<bigint> {
  const { required } = await post(fetch, world, question(content));
  return BigInt(required?.accepts.find(({ scheme }) => scheme === 'openledger-voucher')?.amount ?? 0);
}

test('it opens the channel with one deposit, pays call after call, and signs no more than they can cost', async () => {
  const payer = await world.newActor();
  const client = voucherClient(world, payer);
  const sent = await world.client.getTransactionCount({ address: payer.address });
  let [spent, signed] = [0n, 0n];
  for (const content of ['what does transfer do', 'one two', 'three four five']) {
    const most = await priceOf(content);
    const answer = await ask(client, content);
    expect([answer.status, answer.settled?.success]).toEqual([200, true]);
    signed = spent + most > signed ? spent + most : signed;
    expect(BigInt(stateOf(answer).cumulativeCeiling)).toBe(signed);
    spent += answer.bundle.receipt.fee;
    expect(BigInt(stateOf(answer).spent)).toBe(spent);
    expect(answer.bundle.channel).toMatchObject({ payer: payer.address.toLowerCase(), signer: payer.address.toLowerCase() });
    const facts = await readReceiptFacts(world.client, world.deployment, answer.bundle);
    const { checks } = await verifyReceipt(answer.bundle, {
      chainId: world.deployment.chainId,
      settlement: world.contracts.settlement.address,
      facts,
    });
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  }
  expect(await world.client.getTransactionCount({ address: payer.address })).toBe(sent + 2); // an approval and a deposit
});

test('a stream is paid likewise, and the next call goes on from what it cost', async () => {
  const client = voucherClient(world, await world.newActor());
  const stream = await ask(client, 'one two three', { stream: true });
  expect([stream.status, stream.settled?.success]).toEqual([200, true]);
  expect(stream.text).toContain('"receipt"');
  const next = await ask(client, 'four');
  expect(next.status).toBe(200);
  expect(next.bundle.receipt.sequence).toBe(2);
});

test('it tops up when the deposit is used', async () => {
  const payer = await world.newActor();
  const client = voucherClient(world, payer, { deposit: 1n }); // just what each call needs
  const sent = await world.client.getTransactionCount({ address: payer.address });
  for (const content of ['one', 'two', 'three']) expect((await ask(client, content)).status).toBe(200);
  expect(await world.client.getTransactionCount({ address: payer.address })).toBeGreaterThan(sent + 1);
});

test('two calls at once are both paid', async () => {
  const client = voucherClient(world, await world.newActor());
  const answers = await Promise.all([ask(client, 'first of two'), ask(client, 'second of two')]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(new Set(answers.map(({ bundle }) => bundle.receipt.sequence))).toEqual(new Set([1, 2]));
  const after = await ask(client, 'and after');
  const fees = [...answers, after].reduce((sum, { bundle }) => sum + bundle.receipt.fee, 0n);
  expect(BigInt(stateOf(after).spent)).toBe(fees);
});

test('nothing is signed or deposited beyond the spending limit', async () => {
  const payer = await world.newActor();
  const most = await priceOf('one two three');
  const before = await world.balanceOf(payer.address);
  const poor = voucherClient(world, payer, { spendingLimit: most - 1n });
  await expect(ask(poor, 'one two three')).rejects.toThrow(`above the spending limit of ${most - 1n}`);
  expect([await world.balanceOf(payer.address), await balanceOf(payer)]).toEqual([before, 0n]);

  const client = voucherClient(world, payer, { spendingLimit: most * 2n });
  let calls = 0;
  let spent = 0n;
  const failure = await (async () => {
    for (; calls < 50; calls += 1) {
      const answer = await ask(client, 'one two three');
      expect(BigInt(stateOf(answer).cumulativeCeiling)).toBeLessThanOrEqual(most * 2n);
      spent = BigInt(stateOf(answer).spent);
    }
    return undefined;
  })().catch((error: unknown) => error);
  expect(String(failure)).toContain('spending limit');
  expect(calls).toBeGreaterThan(1);
  expect(spent).toBeLessThanOrEqual(most * 2n);
  expect(await balanceOf(payer)).toBeLessThanOrEqual(most * 2n);
});

test('a client that knows nothing of its channel takes up the operator’s count, which its own signature covers', async () => {
  const payer = await world.newActor();
  const first = await ask(voucherClient(world, payer), 'before the restart, with some words to pay for');
  const second = await ask(voucherClient(world, payer), 'after the restart, with some words to pay for');
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.bundle.receipt.sequence).toBe(2);
  expect(BigInt(stateOf(second).spent)).toBe(first.bundle.receipt.fee + second.bundle.receipt.fee);
});

test('it resynchronises after an answer was lost on the way', async () => {
  const payer = await world.newActor();
  const client = voucherClient(world, payer);
  const first = await ask(client, 'this arrives');
  const pay = paying(client);
  let dropped = 0;
  const loses = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const response = await fetch(request);
    if (!request.headers.has('payment-signature')) return response;
    await response.text();
    dropped += 1;
    throw new TypeError('connection lost');
  };
  const losing = paying(client, loses);
  await expect(post(losing, world, question('this answer is lost'))).rejects.toThrow('connection lost');
  expect(dropped).toBe(1);
  const next = await post(pay, world, question('and this arrives'));
  expect(next.status).toBe(200);
  expect(next.bundle.receipt.sequence).toBe(3);
  const { spent } = stateOf(next);
  expect(BigInt(spent)).toBeGreaterThan(first.bundle.receipt.fee + next.bundle.receipt.fee);
});

test('a call is paid in one go: nothing has to be corrected while client and gateway agree', async () => {
  const client = voucherClient(world, await world.newActor());
  let paid = 0;
  const counting: typeof fetch = (input, init) => {
    const request = new Request(input, init);
    paid += request.headers.has('payment-signature') ? 1 : 0;
    return fetch(request);
  };
  for (const content of ['one', 'two two two two two two', 'three']) {
    expect((await post(paying(client, counting), world, question(content))).status).toBe(200);
  }
  expect(paid).toBe(3);
});

test('what a payer paid exactly and did not spend counts, and what it owes of it does not', async () => {
  const payer = await world.newActor();
  const exact = await post(paying(exactClient(world, payer)), world, question('paid exactly'));
  expect(exact.status).toBe(200);
  // Its receipt is not settled: the escrow still holds the fee, which is owed.
  const answer = await ask(voucherClient(world, payer), 'and then by voucher');
  expect(answer.status).toBe(200);
  expect(answer.bundle.channel.signer).toBe(payer.address.toLowerCase());
});

test('money that another channel of the payer has taken is topped up', async () => {
  const payer = await world.newActor();
  const session = await makeSession(world, payer, { ceiling: 10n ** 17n });
  const client = voucherClient(world, payer);
  world.engine.behaviour.tokenDelayMs = 100;
  // A call of the payer's API key is running: what it can cost is set aside in the same escrow.
  const running = post(fetch, world, question('runs with the key', { max_tokens: 90 }), {
    authorization: `Bearer ${session.apiKey}`,
  });
  await until('the running call', async () => (await world.gateway.session(session.apiKey)).reserved > 0n);
  await world.transact(payer, world.contracts.escrow, 'thaw', [world.operator.address, 1n]);
  const answer = await ask(client, 'and this one by voucher', { max_tokens: 20 });
  expect(answer.status).toBe(200);
  expect(await balanceOf(payer)).toBeGreaterThan(10n ** 17n);
  expect((await running).status).toBe(200);
});

test('an operator that counts more than was signed is not believed', async () => {
  const payer = await world.newActor();
  const client = voucherClient(world, payer);
  const first = await ask(client, 'honest');
  const { required } = await post(fetch, world, question('honest'));
  const lying = createServer((request, response) => {
    const state = {
      ...(first.settled?.extra?.state as object),
      spent: String(10n ** 17n),
      cumulativeCeiling: String(10n ** 17n),
    };
    const accepts = required?.accepts.map((offer) =>
      offer.scheme === 'openledger-voucher'
        ? {
            ...offer,
            extra: {
              ...offer.extra,
              ...(request.headers['payment-signature'] ? { state } : {}),
            },
          }
        : offer,
    );
    const text = Buffer.from(JSON.stringify({ ...required, accepts })).toString('base64');
    response.writeHead(402, { 'payment-required': text }).end('{}');
  });
  await new Promise<void>((done) => lying.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(lying.address() as AddressInfo).port}`;
  const refused = await paying(client)(url, { method: 'POST' });
  lying.close();
  expect(refused.status).toBe(402);
  const next = await ask(client, 'honest again');
  expect(BigInt(stateOf(next).cumulativeCeiling)).toBeLessThan(10n ** 17n);
});
