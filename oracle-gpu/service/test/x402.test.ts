import { channelId, createVoucherScheme, voucherScheme } from '@openledger/sdk';
import { ExactEvmScheme } from '@x402/evm';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { createWalletClient, type Hex, http, parseSignature } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';
import { followClock } from './support/x402.ts';

let world: World;
let payer: Actor;
let model: string;
let network: `eip155:${number}`;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  await followClock(world);
  network = `eip155:${world.deployment.chainId}`;
  const [alice, proposer] = [await world.newActor(), await world.newActor()];
  payer = await world.newActor();
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
});

afterAll(() => world?.stop());

afterEach(() => void Object.assign(world.engine.behaviour, { breakAfterTokens: Number.POSITIVE_INFINITY }));

const answerSchema = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string() }) })),
  receipt: z.looseObject({ receipt: z.looseObject({ fee: z.string(), channel: z.string(), sequence: z.int() }) }),
});
const bodyOf = (content: string) => ({
  model,
  messages: [{ role: 'user', content }],
  max_tokens: 16,
  temperature: 0,
  seed: 1,
});
const requestOf = (content: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(bodyOf(content)),
});
const completions = (): string => `${world.url}/v1/chat/completions`;
const controls = () => ({ allowedAssets: [{ network, asset: world.contracts.token.address }] });
const escrowed = async (who: Actor): Promise<bigint> =>
  (
    await world.client.readContract({
      ...world.contracts.escrow,
      functionName: 'account',
      args: [who.address, world.operator.address],
    })
  ).balance;
const errorOf = async (response: Response): Promise<string> =>
  z.object({ error: z.looseObject({ code: z.string() }) }).parse(await response.json()).error.code;

/** The official client with the official scheme: nothing of ours. */
function exactClient(who: Actor): x402Client {
  return new x402Client().register(network, new ExactEvmScheme(who.account)).setSpendControls(controls());
}

/** Signs a payment as the official client does, without sending it. */
async function signedHeader(who: Actor, content: string) {
  const unpaid = await fetch(completions(), requestOf(content));
  const required = decode(unpaid.headers.get('payment-required'));
  const payment = await exactClient(who).createPaymentPayload(required as never);
  const { authorization, signature } = payment.payload as {
    authorization: { from: Hex; to: Hex; value: string; validAfter: string; validBefore: string; nonce: Hex };
    signature: Hex;
  };
  return { header: encode(payment), payment, authorization, signature };
}
const decode = (header: string | null): unknown => JSON.parse(Buffer.from(header ?? '', 'base64').toString());
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

test('a call without a key is told what it can cost and how it can be paid', async () => {
  const response = await fetch(completions(), requestOf('what does transfer do'));
  expect([response.status, await errorOf(response)]).toEqual([402, 'payment_required']);
  const required = z
    .object({ x402Version: z.literal(2), accepts: z.array(z.looseObject({ scheme: z.string(), amount: z.string() })) })
    .parse(decode(response.headers.get('payment-required')));
  expect(required.accepts.map(({ scheme }) => scheme)).toEqual(['exact', voucherScheme]);
  expect(required.accepts[0]?.amount).toBe(required.accepts[1]?.amount);
  expect(response.headers.get('access-control-expose-headers')).toContain('PAYMENT-REQUIRED');
});

describe('exact, by the official client', () => {
  test('a call is paid, answered with a receipt, and what it did not cost stays the payer’s', async () => {
    const pay = wrapFetchWithPayment(fetch, exactClient(payer));
    const response = await pay(completions(), requestOf('what does transfer do'));
    expect(response.status).toBe(200);
    const { receipt } = answerSchema.parse(await response.json()).receipt;
    const settled = decodePaymentResponseHeader(response.headers.get('payment-response') ?? '');
    expect(settled).toMatchObject({ success: true, network, payer: payer.address.toLowerCase() });
    const { status } = await world.client.getTransactionReceipt({ hash: settled.transaction as Hex });
    expect(status).toBe('success');
    expect(await escrowed(payer)).toBe(BigInt(settled.amount ?? 0));
    expect(BigInt(receipt.fee)).toBeLessThanOrEqual(BigInt(settled.amount ?? 0));
    const { operator } = world;
    expect(receipt.channel).toBe(channelId({ payer: payer.address, operator: operator.address, signer: operator.address }));

    // What is left is spent with the key that came with the answer.
    const { apiKey } = z.object({ apiKey: z.string() }).parse(settled.extra);
    const session = await world.gateway.session(apiKey);
    expect(session.ceiling - session.spent).toBe(BigInt(settled.amount ?? 0) - BigInt(receipt.fee));
  });

  test('the same header again gets the same answer and costs nothing; another request is refused', async () => {
    const { header } = await signedHeader(payer, 'what does approve do');
    const first = await fetch(completions(), requestOf('what does approve do', { 'payment-signature': header }));
    const text = await first.text();
    expect(first.status).toBe(200);
    const before = await escrowed(payer);
    const again = await fetch(completions(), requestOf('what does approve do', { 'payment-signature': header }));
    expect(await again.text()).toBe(text);
    expect(decodePaymentResponseHeader(again.headers.get('payment-response') ?? '').extra).not.toHaveProperty('apiKey');
    const other = await fetch(completions(), requestOf('something else', { 'payment-signature': header }));
    expect([other.status, await errorOf(other)]).toEqual([409, 'payment_used']);
    expect(await escrowed(payer)).toBe(before);
  });

  test('a transfer that somebody else sent is credited, once', async () => {
    const { header, authorization, signature } = await signedHeader(payer, 'what does burn do');
    const stranger = await world.newActor();
    const { r, s, yParity } = parseSignature(signature);
    const { from, to, value, validAfter, validBefore, nonce } = authorization;
    const args = [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, 27 + yParity, r, s] as const;
    await world.transact(stranger, world.contracts.token, 'transferWithAuthorization', args);
    const before = await escrowed(payer);
    const response = await fetch(completions(), requestOf('what does burn do', { 'payment-signature': header }));
    expect(response.status).toBe(200);
    expect(await escrowed(payer)).toBe(before + BigInt(value));
  });

  test('one that was cancelled is refused and credits nothing', async () => {
    const { header, authorization } = await signedHeader(payer, 'what does mint do');
    const { token } = world.contracts;
    const signature = await payer.account.signTypedData({
      domain: { name: 'OpenLedger', version: '1', chainId: world.deployment.chainId, verifyingContract: token.address },
      types: {
        CancelAuthorization: [
          { name: 'authorizer', type: 'address' },
          { name: 'nonce', type: 'bytes32' },
        ],
      },
      primaryType: 'CancelAuthorization',
      message: { authorizer: payer.address, nonce: authorization.nonce },
    });
    const { r, s, yParity } = parseSignature(signature);
    await world.transact(payer, token, 'cancelAuthorization', [payer.address, authorization.nonce, 27 + yParity, r, s]);
    const before = await escrowed(payer);
    const response = await fetch(completions(), requestOf('what does mint do', { 'payment-signature': header }));
    expect([response.status, await errorOf(response)]).toEqual([402, 'payment_refused']);
    expect(response.headers.get('payment-required')).toBeTruthy();
    expect(response.headers.get('payment-response')).toBeNull();
    expect(await escrowed(payer)).toBe(before);
  });

  test('payments that are too small, forged, late, for elsewhere or unreadable are refused with what is wrong', async () => {
    const question = 'what does permit do';
    const { payment, authorization, signature } = await signedHeader(payer, question);
    const send = async (changed: unknown) => {
      const header = typeof changed === 'string' ? changed : encode(changed);
      const response = await fetch(completions(), requestOf(question, { 'payment-signature': header }));
      return [response.status, await errorOf(response)];
    };
    const withPayload = (payload: object) => ({ ...payment, payload });
    const changed = (fields: object) => withPayload({ authorization: { ...authorization, ...fields }, signature });
    expect(await send(changed({ value: '1' }))).toEqual([402, 'insufficient_payment']);
    expect(await send(changed({ validBefore: String(BigInt(authorization.validBefore) + 1n) }))).toEqual([
      402,
      'invalid_signature',
    ]);
    expect(await send(changed({ to: payer.address }))).toEqual([402, 'wrong_recipient']);
    expect(await send(withPayload({ authorization, signature: '0x12' }))).toEqual([400, 'invalid_request']);
    expect(await send({ ...payment, accepted: { ...payment.accepted, network: 'eip155:8453' } })).toEqual([400, 'wrong_chain']);
    expect(await send({ ...payment, accepted: { ...payment.accepted, scheme: 'upto' } })).toEqual([400, 'unknown_scheme']);
    expect(await send({ ...payment, x402Version: 1 })).toEqual([400, 'invalid_payment']);
    expect(await send('%%%')).toEqual([400, 'invalid_payment']);

    const poor = await world.newActor();
    const { contracts, client } = world;
    const all = await client.readContract({ ...contracts.token, functionName: 'balanceOf', args: [poor.address] });
    await world.transact(poor, contracts.token, 'transfer', [payer.address, all]);
    const unfunded = await signedHeader(poor, question);
    expect(await send(unfunded.header)).toEqual([402, 'payment_refused']);
  });

  test('a call that fails after the payment is not charged, and the same header pays the next attempt', async () => {
    const { header, authorization } = await signedHeader(payer, 'what does pause do');
    world.engine.behaviour.breakAfterTokens = 0;
    const failed = await fetch(completions(), requestOf('what does pause do', { 'payment-signature': header }));
    expect(failed.status).toBeGreaterThanOrEqual(500);
    const paid = await escrowed(payer);
    world.engine.behaviour.breakAfterTokens = Number.POSITIVE_INFINITY;
    await until('the retry', async () => {
      const response = await fetch(completions(), requestOf('what does pause do', { 'payment-signature': header }));
      await response.body?.cancel();
      return response.status === 200;
    });
    expect(await escrowed(payer)).toBe(paid);
    expect(BigInt(authorization.value)).toBeGreaterThan(0n);
  });

  test('a kill between payment and answer loses neither', async () => {
    const { header, authorization } = await signedHeader(payer, 'what does unpause do');
    const before = await escrowed(payer);
    const lock = await world.lock('sessions');
    const cut = fetch(completions(), requestOf('what does unpause do', { 'payment-signature': header })).catch(() => undefined);
    await until('the payment', async () => (await escrowed(payer)) > before);
    await world.kill();
    await cut;
    await lock.release();
    await world.start();
    const response = await fetch(completions(), requestOf('what does unpause do', { 'payment-signature': header }));
    expect(response.status).toBe(200);
    expect(await escrowed(payer)).toBe(before + BigInt(authorization.value));
  });
});

describe('by voucher, with our scheme in the official client', () => {
  const limit = 10n ** 18n;
  function voucherClient(who: Actor, spendingLimit = limit, depositAtOnce = 10n ** 17n) {
    const { client } = world;
    const wallet = createWalletClient({
      account: who.account,
      chain: client.chain,
      transport: http(world.environment.OPENLEDGER_RPC_URL),
    });
    const scheme = createVoucherScheme({ deployment: world.deployment, wallet, chain: client, spendingLimit, depositAtOnce });
    const payment = new x402Client().register(network, scheme).setSpendControls(controls());
    return wrapFetchWithPayment(fetch, payment);
  }
  const receiptOf = async (response: Response) => {
    expect(response.status).toBe(200);
    return answerSchema.parse(await response.json()).receipt.receipt;
  };

  test('the channel opens by itself; calls follow each other in it without another deposit', async () => {
    const who = await world.newActor();
    const pay = voucherClient(who);
    const first = await receiptOf(await pay(completions(), requestOf('what does transfer do')));
    expect(await escrowed(who)).toBe(10n ** 17n);
    const second = await receiptOf(await pay(completions(), requestOf('what does approve do')));
    expect(second.channel).toBe(first.channel);
    expect([first.sequence, second.sequence]).toEqual([1, 2]);
    expect(await escrowed(who)).toBe(10n ** 17n);
  });

  test('calls at once are all paid', async () => {
    const pay = voucherClient(await world.newActor());
    const questions = ['one', 'two', 'three'];
    const receipts = await Promise.all(
      questions.map(async (question) => receiptOf(await pay(completions(), requestOf(question)))),
    );
    expect(receipts.map(({ sequence }) => sequence).sort()).toEqual([1, 2, 3]);
  });

  test('a client that forgot everything takes the gateway’s state over', async () => {
    const who = await world.newActor();
    const before = voucherClient(who);
    for (const question of ['a', 'b', 'c']) await receiptOf(await before(completions(), requestOf(question)));
    const after = voucherClient(who);
    const receipt = await receiptOf(await after(completions(), requestOf('d')));
    expect(receipt.sequence).toBe(4);
  });

  test('a call above the spending limit is not signed, and the error says so', async () => {
    const who = await world.newActor();
    const pay = voucherClient(who, 10_000n, 0n);
    await expect(pay(completions(), requestOf('too dear'))).rejects.toThrow(/above the spending limit of 10000/);
    expect(await escrowed(who)).toBe(0n);
  });

  test('what an observer of a settled voucher could send does not spend what is left under it', async () => {
    const who = await world.newActor();
    let seen = '';
    const spying: typeof fetch = (input, init) => {
      seen = (input instanceof Request && input.headers.get('payment-signature')) || seen;
      return fetch(input, init);
    };
    const { client } = world;
    const wallet = createWalletClient({
      account: who.account,
      chain: client.chain,
      transport: http(world.environment.OPENLEDGER_RPC_URL),
    });
    const scheme = createVoucherScheme({ deployment: world.deployment, wallet, chain: client, spendingLimit: limit });
    const pay = wrapFetchWithPayment(spying, new x402Client().register(network, scheme).setSpendControls(controls()));
    await receiptOf(await pay(completions(), requestOf('mine')));
    const other = await fetch(completions(), requestOf('theirs', { 'payment-signature': seen }));
    expect([other.status, await errorOf(other)]).toEqual([401, 'invalid_signature']);
  });
});

test('what was prepaid is settled like any other channel, without a voucher of its payer', async () => {
  const { client, contracts, operator } = world;
  const id = channelId({ payer: payer.address, operator: operator.address, signer: operator.address });
  const [row] = await world.query(`SELECT spent FROM sessions WHERE channel = '${id}'`);
  await world.gateway.settle();
  const channel = await until('the batch', async () => {
    const state = await client.readContract({ ...contracts.escrow, functionName: 'channel', args: [id] });
    return state.collected > 0n && state;
  });
  expect(String(channel.collected)).toBe(String(row?.spent));
  expect(channel.collected).toBeLessThanOrEqual(channel.cap);
});
