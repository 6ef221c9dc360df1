import { channelId, voucherScheme } from '@openledger/sdk';
import { decodePaymentSignatureHeader, encodePaymentSignatureHeader } from '@x402/core/http';
import type { PaymentPayload } from '@x402/core/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';
import {
  authorizationOf,
  changeTerms,
  exactClient,
  followClock,
  header,
  paying,
  post,
  sendToToken,
  voucherClient,
} from './support/x402.ts';

let world: World;
let payer: Actor;
let model: string;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  await followClock(world);
  const [alice, proposer] = [await world.newActor(), await world.newActor()];
  payer = await world.newActor();
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
});

afterAll(() => world?.stop());

const question = (content: string) => ({
  model,
  messages: [{ role: 'user', content }],
  max_tokens: 16,
  temperature: 0,
  seed: 1,
});

/** What the official client signs for a question, unsent. */
async function sign(content: string): Promise<PaymentPayload> {
  const { required } = await post(fetch, world, question(content));
  if (!required) throw new Error('nothing is asked for');
  return exactClient(world, payer).createPaymentPayload(required);
}

test('a call without a key is told what it can cost and how it can be paid', async () => {
  const { status, error, required, settled } = await post(fetch, world, question('what does transfer do'));
  expect([status, error.code, settled]).toEqual([402, 'payment_required', undefined]);
  expect(required?.x402Version).toBe(2);
  const [exact, voucher] = required?.accepts ?? [];
  expect([exact?.scheme, voucher?.scheme]).toEqual(['exact', voucherScheme]);
  expect(BigInt(exact?.amount ?? 0)).toBeGreaterThanOrEqual(BigInt(voucher?.amount ?? 0));
});

test('payments that are forged, too small, late, for elsewhere or unreadable are refused with what is wrong', async () => {
  const payment = await sign('what does permit do');
  const { authorization } = authorizationOf(payment);
  const refusal = async (changed: PaymentPayload | string) => {
    const sent = typeof changed === 'string' ? { 'payment-signature': changed } : header(changed);
    const { status, error } = await post(fetch, world, question('what does permit do'), sent);
    return [status, error.code];
  };
  const asked = BigInt(authorization.value);
  const forged = { ...authorization, validBefore: String(BigInt(authorization.validBefore) + 1n) };
  expect(await refusal({ ...payment, payload: { ...payment.payload, authorization: forged } })).toEqual([
    402,
    'invalid_signature',
  ]);
  expect(await refusal({ ...payment, payload: { authorization, signature: '0x12' } })).toEqual([400, 'invalid_request']);
  expect(await refusal(await changeTerms(world, payer, payment, { value: asked - 1n }))).toEqual([402, 'insufficient_payment']);
  expect(await refusal(await changeTerms(world, payer, payment, { to: payer.address }))).toEqual([402, 'wrong_recipient']);
  expect(await refusal(await changeTerms(world, payer, payment, { validBefore: 1n }))).toEqual([402, 'payment_expired']);
  const elsewhere = { ...payment.accepted, network: 'eip155:8453' } as const;
  expect(await refusal({ ...payment, accepted: elsewhere })).toEqual([400, 'wrong_chain']);
  expect(await refusal({ ...payment, accepted: { ...payment.accepted, scheme: 'upto' } })).toEqual([400, 'unknown_scheme']);
  expect(await refusal({ ...payment, x402Version: 1 })).toEqual([400, 'invalid_payment']);
  expect(await refusal('%%%')).toEqual([400, 'invalid_payment']);
});

test('a voucher that somebody copies does not pay for another request', async () => {
  let copied = '';
  const spying: typeof fetch = (input, init) => {
    copied = (input instanceof Request && input.headers.get('payment-signature')) || copied;
    return fetch(input, init);
  };
  const who = await world.newActor();
  const mine = await post(paying(voucherClient(world, who), spying), world, question('mine'));
  expect(mine.status).toBe(200);
  const theirs = await post(fetch, world, question('theirs'), { 'payment-signature': copied });
  expect([theirs.status, theirs.error.code]).toEqual([401, 'invalid_signature']);
  // Nor with a nonce of the thief's own.
  const payment = decodePaymentSignatureHeader(copied);
  const renamed = { ...payment, payload: { ...payment.payload, nonce: `0x${'12'.repeat(32)}` } };
  const again = await post(fetch, world, question('mine'), { 'payment-signature': encodePaymentSignatureHeader(renamed) });
  expect([again.status, again.error.code]).toEqual([401, 'invalid_signature']);
});

test('what was prepaid is settled like any other channel, without a voucher of its payer', async () => {
  const { client, contracts, operator, newActor } = world;
  const payment = await sign('what does burn do');
  await sendToToken(world, await newActor(), payment);
  const { status, bundle } = await post(fetch, world, question('what does burn do'), header(payment));
  expect(status).toBe(200);
  const id = channelId({ payer: payer.address, operator: operator.address, signer: operator.address });
  expect(bundle.receipt.channel).toBe(id);
  await world.gateway.settle();
  const channel = await until('the batch', async () => {
    const state = await client.readContract({ ...contracts.escrow, functionName: 'channel', args: [id] });
    return state.collected > 0n && state;
  });
  expect(channel.collected).toBe(bundle.receipt.fee);
  expect(channel.cap).toBe(BigInt(authorizationOf(payment).authorization.value));
});
