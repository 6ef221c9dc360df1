// What can go wrong around a payment by authorisation, and what the payer then has.
import { channelId, readReceiptFacts, verifyReceipt } from '@openledger/sdk';
import type { PaymentPayload } from '@x402/core/types';
import type { Hex } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';
import {
  type Answer,
  authorizationOf,
  cancel,
  changeTerms,
  exactClient,
  followClock,
  header,
  paying,
  post,
  sendToToken,
} from './support/x402.ts';

let world: World;
let model: string;
let alice: Actor;

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
  const proposer = await world.newActor();
  alice = await world.newActor();
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
});

afterAll(() => world?.stop());
afterEach(() => {
  world.engine.behaviour.breakAfterTokens = Number.POSITIVE_INFINITY;
  world.engine.behaviour.tokenDelayMs = 0;
});

const send = (body: object, headers?: Record<string, string>): Promise<Answer> => post(fetch, world, body, headers);
const balanceOf = (who: Actor) =>
  world.client
    .readContract({ ...world.contracts.escrow, functionName: 'account', args: [who.address, world.operator.address] })
    .then(({ balance }) => balance);
/** What was ever prepaid by a payer: the cap of its channel. */
const creditedTo = (who: Actor) =>
  world.client
    .readContract({
      ...world.contracts.escrow,
      functionName: 'channel',
      args: [channelId({ payer: who.address, operator: world.operator.address, signer: world.operator.address })],
    })
    .then(({ cap }) => cap);

/** A payment for a body, made and not sent. */
async function made(payer: Actor, body: object): Promise<PaymentPayload> {
  const { required } = await send(body);
  if (!required) throw new Error('no offers');
  return exactClient(world, payer).createPaymentPayload(required);
}

test('the official client pays unmodified, and the receipt holds; what the call did not cost stays the payer’s', async () => {
  const payer = await world.newActor();
  const before = await world.balanceOf(payer.address);
  const { status, settled, bundle, text } = await post(
    paying(exactClient(world, payer)),
    world,
    question('what does transfer do'),
  );
  expect([status, settled?.success]).toEqual([200, true]);
  expect(text).toContain('Answer what does transfer do');
  const paid = BigInt(settled?.amount ?? 0);
  expect(await world.balanceOf(payer.address)).toBe(before - paid);
  expect(await balanceOf(payer)).toBe(paid);
  expect(bundle.channel).toEqual({
    payer: payer.address.toLowerCase(),
    operator: world.operator.address.toLowerCase(),
    signer: world.operator.address.toLowerCase(),
  });
  expect(bundle.trace.payment).toMatch(/^0x[0-9a-f]{64}$/);
  const transaction = await world.client.getTransactionReceipt({ hash: settled?.transaction as Hex });
  expect(transaction.status).toBe('success');
  const facts = await readReceiptFacts(world.client, world.deployment, bundle);
  const { checks } = await verifyReceipt(bundle, {
    chainId: world.deployment.chainId,
    settlement: world.contracts.settlement.address,
    facts,
  });
  expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
});

test('a stream is paid likewise', async () => {
  const payer = await world.newActor();
  const { status, text, settled } = await post(
    paying(exactClient(world, payer)),
    world,
    question('one two three', { stream: true }),
  );
  expect([status, settled?.success]).toEqual([200, true]);
  expect(text).toContain('"receipt"');
});

test('the same payment again gets the same bytes and is charged once; another request with it is refused', async () => {
  const payer = await world.newActor();
  const body = question('say it twice');
  const payment = header(await made(payer, body));
  const first = await send(body, payment);
  const again = await send(body, payment);
  expect([first.status, again.status]).toEqual([200, 200]);
  expect(again.text).toBe(first.text);
  expect(await balanceOf(payer)).toBe(BigInt(first.settled?.amount ?? 0));
  const other = await send(question('something else'), payment);
  expect([other.status, other.error.code]).toEqual([409, 'payment_used']);
  expect(
    (await world.query(`SELECT count(*)::int AS n FROM receipts WHERE payer = '${payer.address.toLowerCase()}'`))[0]?.n,
  ).toBe(1);
});

test('two payments at once are two answers; the same payment twice at once is one', async () => {
  const payer = await world.newActor();
  const pay = paying(exactClient(world, payer));
  const answers = await Promise.all([post(pay, world, question('first of two')), post(pay, world, question('second of two'))]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const paid = answers.reduce((sum, { settled }) => sum + BigInt(settled?.amount ?? 0), 0n);
  expect(await balanceOf(payer)).toBe(paid);
  expect(new Set(answers.map(({ bundle }) => bundle.receipt.sequence))).toEqual(new Set([1, 2]));
  world.engine.behaviour.tokenDelayMs = 100;
  const body = question('one payment');
  const payment = header(await made(payer, body));
  const both = await Promise.all([send(body, payment), send(body, payment)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(both.find(({ status }) => status === 409)?.error.code).toBe('call_in_progress');
  expect(await creditedTo(payer)).toBe(await balanceOf(payer));
});

test('a cancelled authorisation is never credited, whatever else the payer has here', async () => {
  const payer = await world.newActor();
  expect((await post(paying(exactClient(world, payer)), world, question('honest'))).status).toBe(200);
  const before = [await creditedTo(payer), await balanceOf(payer)];
  const body = question('what does burn do');
  const payment = await made(payer, body);
  await cancel(world, payer, payment);
  const { status, error, required } = await send(body, header(payment));
  expect([status, error.code, required?.error]).toEqual([402, 'payment_refused', required?.error]);
  expect(required?.accepts.length).toBe(2);
  expect([await creditedTo(payer), await balanceOf(payer)]).toEqual(before);
});

test('an authorisation whose nonce paid somebody else is not credited', async () => {
  const payer = await world.newActor();
  const body = question('pay me twice');
  const payment = await made(payer, body);
  const nonce = authorizationOf(payment).authorization.nonce as Hex;
  await sendToToken(world, alice, await changeTerms(world, payer, payment, { to: alice.address, value: 1n, nonce }));
  const { status, error } = await send(body, header(payment));
  expect([status, error.code]).toEqual([402, 'payment_refused']);
  expect(await creditedTo(payer)).toBe(0n);
});

test('a payment that somebody else sent to the token, or even credited, counts once', async () => {
  const payer = await world.newActor();
  for (const isCredited of [false, true]) {
    const before = await creditedTo(payer);
    const body = question(isCredited ? 'credited by another' : 'sent by another');
    const payment = await made(payer, body);
    await sendToToken(world, alice, payment);
    if (isCredited) {
      const nonce = authorizationOf(payment).authorization.nonce as Hex;
      await world.transact(alice, world.contracts.prepayments, 'credit', [world.operator.address, payer.address, nonce]);
    }
    const { status, settled } = await send(body, header(payment));
    expect([status, settled?.success]).toEqual([200, true]);
    expect(await creditedTo(payer)).toBe(before + BigInt(settled?.amount ?? 0));
    expect((await send(body, header(payment))).status).toBe(200);
    expect(await creditedTo(payer)).toBe(before + BigInt(settled?.amount ?? 0));
  }
});

test('what the chain refuses before anybody saw it stands in the way of nothing', async () => {
  const payer = await world.newActor();
  const body = question('refuse me');
  const payment = await made(payer, body);
  const late = await changeTerms(world, payer, payment, { validBefore: 1_000n });
  expect((await send(body, header(late))).error.code).toBe('payment_expired');
  const before = await world.balanceOf(payer.address);
  await world.transact(payer, world.contracts.token, 'transfer', [alice.address, before]);
  const refused = await send(body, header(payment));
  expect([refused.status, refused.error.code]).toEqual([402, 'payment_refused']);
  await world.transact(alice, world.contracts.token, 'transfer', [payer.address, before]);
  expect((await send(question('me'), header(payment))).status).toBe(200);
});

test('the least that is asked for pays the operator’s transaction, and stays the payer’s all the same', async () => {
  const payer = await world.newActor();
  const { required } = await send(question('hi', { max_tokens: 1 }));
  const [exact, voucher] = required?.accepts ?? [];
  expect(BigInt(voucher?.amount ?? 0)).toBeLessThan(10n ** 16n);
  expect(BigInt(exact?.amount ?? 0)).toBe(10n ** 16n);
  const { status, settled } = await post(paying(exactClient(world, payer)), world, question('hi', { max_tokens: 1 }));
  expect([status, settled?.amount]).toEqual([200, String(10n ** 16n)]);
  expect(await balanceOf(payer)).toBe(10n ** 16n);
});

test('a payer that took back what was left pays again as before', async () => {
  const payer = await world.newActor();
  const { contracts, operator, transact, client } = world;
  const thaw = await client.readContract({ ...contracts.escrow, functionName: 'thawPeriod' });
  for (const content of ['once', 'and again', 'and again']) {
    const { status, bundle } = await post(paying(exactClient(world, payer)), world, question(content));
    expect(status).toBe(200);
    await world.gateway.settle();
    await until('the batch', async () => (await world.gateway.receipt(bundle.receiptHash)).status === 'settled');
    await transact(payer, contracts.escrow, 'thaw', [operator.address, await balanceOf(payer)]);
    await world.advance(Number(thaw) + 1);
    await followClock(world);
    await transact(payer, contracts.escrow, 'withdraw', [operator.address]);
    expect(await balanceOf(payer)).toBe(0n);
  }
});

test('a call that fails after its payment leaves the money to the payer, who asks again with the same payment', async () => {
  const payer = await world.newActor();
  const body = question('one two three four');
  const payment = header(await made(payer, body));
  world.engine.behaviour.breakAfterTokens = 2;
  const failed = await send(body, payment);
  expect([failed.status, failed.error.code, failed.settled?.success]).toEqual([503, 'engine_unavailable', true]);
  expect(failed.error.payment).toMatchObject({ amount: failed.settled?.amount, transaction: failed.settled?.transaction });
  expect(failed.error.message).toContain('stays yours');
  expect(await balanceOf(payer)).toBe(BigInt(failed.settled?.amount ?? 0));
  world.engine.behaviour.breakAfterTokens = Number.POSITIVE_INFINITY;
  const stolen = await send(question('what another would ask'), payment);
  expect([stolen.status, stolen.error.code]).toEqual([409, 'payment_used']);
  const { status, settled } = await send(body, payment);
  expect([status, settled?.transaction]).toEqual([200, failed.settled?.transaction]);
  expect(await creditedTo(payer)).toBe(BigInt(settled?.amount ?? 0));
});

test('a kill between payment and answer loses nothing and charges nothing twice', async () => {
  const payer = await world.newActor();
  const body = question('die in between');
  const payment = header(await made(payer, body));
  world.engine.behaviour.tokenDelayMs = 60_000;
  const cut = send(body, payment).catch(() => undefined);
  await until('the payment', async () => (await creditedTo(payer)) > 0n);
  await world.kill();
  await cut;
  world.engine.behaviour.tokenDelayMs = 0;
  await world.start();
  const { status, settled } = await send(body, payment);
  expect(status).toBe(200);
  expect(await creditedTo(payer)).toBe(BigInt(settled?.amount ?? 0));
  expect(await balanceOf(payer)).toBe(BigInt(settled?.amount ?? 0));
});

test('nobody pays an operator that would take no call', async () => {
  const payer = await world.newActor();
  const { client, contracts, operator, transact } = world;
  const body = question('too late');
  const payment = header(await made(payer, body));
  const { stake } = await client.readContract({ ...contracts.operators, functionName: 'operator', args: [operator.address] });
  await transact(operator, contracts.operators, 'unbond', [stake]);
  await until('the refusal', async () => (await send(body, payment)).error.code === 'operator_inactive');
  const paid = await creditedTo(payer);
  const { status, error } = await send(question('later still'), header(await made(payer, question('later still'))));
  expect([status, error.code]).toEqual([503, 'operator_inactive']);
  expect(await creditedTo(payer)).toBe(paid);
});
