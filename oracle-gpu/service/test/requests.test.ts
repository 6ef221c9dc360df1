// A contract asks a model: it is answered and called back, its fee goes through the operator's ordinary batches to whom the
// receipt pays, and whoever is not answered in time gets everything back.
import { batchFileSchema, canonicalJson, outputHash, receiptSchema } from '@openledger/sdk';
import { type Address, type Hex, keccak256, parseEventLogs, stringToHex, zeroAddress, zeroHash } from 'viem';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import type { Actor } from './support/actors.ts';
import { raiseBarrier, type Transition } from './support/barrier.ts';
import { deployOneQuestion } from './support/oneQuestion.ts';
import { makeDatanet, makeModel, makeRecord } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let contributor: Actor;
let asker: Actor;
let releaseHash: Hex;
let consumer: Awaited<ReturnType<typeof deployOneQuestion>>;

const storedSchema = z.object({
  bundle: z.looseObject({ receipt: receiptSchema }),
  secret: z.looseObject({ tokenIds: z.array(z.int()) }),
});
const open = 10n ** 18n;
const answered = 3;
const refunded = 4;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const proposer = await world.newActor();
  [contributor, asker] = [await world.newActor(), await world.newActor()];
  const record = makeRecord('what does transfer do', 'moves tokens to another account');
  const datanet = await makeDatanet(world, [[contributor, [record]]]);
  releaseHash = (await makeModel(world, proposer, datanet)).releaseHash;
  consumer = await deployOneQuestion(world, asker, releaseHash);
  await world.transact(asker, world.contracts.token, 'approve', [consumer.address, 100n * open]);
  await world.transact(asker, world.contracts.token, 'approve', [world.contracts.requests.address, 100n * open]);
});

afterAll(() => world?.stop());

afterEach(() => {
  Object.assign(world.engine.behaviour, { attributionFailures: 0, onToken: undefined });
});

const request = (id: bigint) => world.client.readContract({ ...world.contracts.requests, functionName: 'requestOf', args: [id] });
const statusIs = (id: bigint, status: number) =>
  until(`request ${id} with status ${status}`, async () => (await request(id)).status === status);
const rowOf = async (id: bigint) =>
  (await world.query(`SELECT status, reason FROM inference_requests WHERE request_id = ${id}`))[0];

const chat = (content: string): Hex => stringToHex(canonicalJson([{ role: 'user', content }]));

type Options = { prompt?: Hex; cid?: string; digest?: Hex; maxFee?: bigint; seconds?: number; operator?: Address };

/** An account of its own asks, without being called back. */
async function ask({ prompt, cid, digest, maxFee = open, seconds = 600, operator = zeroAddress }: Options): Promise<bigint> {
  const receipt = await world.transact(asker, world.contracts.requests, 'request', [
    {
      releaseHash,
      termsVersion: 1,
      maxFee,
      deadline: (await world.now()) + seconds,
      callbackGas: 0,
      operator,
      prompt: prompt ?? '0x',
      promptDigest: digest ?? zeroHash,
      promptCid: cid ?? '',
    },
  ]);
  const [event] = parseEventLogs({ abi: world.contracts.requests.abi, eventName: 'RequestOpened', logs: receipt.logs });
  return event?.args.requestId as bigint;
}

const answersTo = async (id: bigint) =>
  world.client.getContractEvents({
    ...world.contracts.requests,
    eventName: 'RequestAnswered',
    args: { requestId: id },
    fromBlock: 0n,
    strict: true,
  });

test('a consumer asks, is called back with the answer, and its fee reaches whoever made the record', async () => {
  const before = await world.balanceOf(asker.address);
  await world.transact(asker, consumer, 'ask', ['what does transfer do', open, (await world.now()) + 600]);
  const id = await world.client.readContract({ ...consumer, functionName: 'requestId' });
  await statusIs(id, answered);
  expect(await world.client.readContract({ ...consumer, functionName: 'answer' })).toBe('Answer what does transfer do');
  const state = await request(id);
  expect(state.delivered).toBe(true);
  expect(state.operator).toBe(world.operator.address);

  const [event] = await answersTo(id);
  const fee = event?.args.fee ?? 0n;
  expect(fee).toBeGreaterThan(0n);
  expect(await world.balanceOf(consumer.address)).toBe(open - fee);
  await world.transact(asker, consumer, 'withdraw', []);
  expect(await world.balanceOf(asker.address)).toBe(before - fee);
  await until('the end of it', async () => (await rowOf(id))?.status === 'done');

  await world.gateway.settle();
  const [batch] = await until('the batch', async () => {
    const batches = await world.gateway.batches(world.operator.address);
    return batches[0]?.header ? batches : undefined;
  });
  const file = batchFileSchema.parse(JSON.parse(await world.readFile(batch?.dataCid ?? '')));
  expect(file.receipts.map(({ payer }) => payer)).toEqual([event?.args.account.toLowerCase()]);
  expect(file.receipts[0]?.receipt.fee).toBe(fee);
  expect(batch?.collected).toBe(fee);
  await world.advance(40);
  await until('finality', async () => (await world.gateway.batches(world.operator.address))[0]?.status === 'final');
  let paid = 0n;
  for (const { account } of file.rewards.filter(({ amount }) => amount > 0n)) {
    const { claim, claimable } = await world.gateway.rewards(account);
    const held = await world.balanceOf(account);
    await world.transact(asker, world.contracts.pool, 'claim', [claim as NonNullable<typeof claim>]);
    expect((await world.balanceOf(account)) - held).toBe(claimable.amount);
    if (account === contributor.address.toLowerCase()) expect(claimable.amount).toBeGreaterThan(0n);
    paid += claimable.amount;
  }
  expect(paid + (batch?.header?.body.protocolFee ?? 0n)).toBe(fee);
});

test('a prompt that lies under a CID is answered, and an answer that is too long for the chain lies under one too', async () => {
  const words = Array.from({ length: 50 }, (_, index) => `${'transfer'.repeat(12)}${index}`).join(' ');
  const prompt = chat(words);
  const { cid } = await world.gateway.uploadDocument([{ content: words, role: 'user' }]);
  expect(await world.readFile(cid)).toBe(canonicalJson([{ role: 'user', content: words }]));
  const id = await ask({ cid, digest: keccak256(prompt), maxFee: 10n * open, operator: world.operator.address });
  await statusIs(id, answered);
  const [event] = await answersTo(id);
  expect(event?.args.output).toBe('0x');
  const text = await world.readFile(event?.args.outputCid ?? '');
  expect(text).toBe(`Answer ${words.toLowerCase()}`);
  const [row] = await world.query(`SELECT bundle, secret FROM receipts WHERE hash = '${event?.args.receiptHash}'`);
  const { bundle, secret } = storedSchema.parse(row);
  expect(bundle.receipt.outputHash).toBe(outputHash(event?.args.salt as Hex, text, secret.tokenIds));
});

test('what cannot be answered is not accepted, and is taken back', async () => {
  const held = await world.balanceOf(asker.address);
  const other = await world.newActor();
  await world.transact(other, world.contracts.token, 'approve', [world.contracts.operators.address, 1000n * open]);
  await world.transact(other, world.contracts.operators, 'register', [other.address, 'http://localhost', '', 1000n * open]);
  const ids = [
    await ask({ prompt: stringToHex('not a list of messages') }),
    await ask({ prompt: chat('what does transfer do'), maxFee: 10_000n }),
    await ask({ prompt: chat(Array.from({ length: 200 }, (_, index) => `w${index}`).join(' ')) }),
    await ask({ prompt: chat('what does transfer do'), operator: other.address }),
  ];
  // One whose prompt is nowhere to be found holds nobody up.
  const missing = await ask({ cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', digest: keccak256('0x01') });
  const asked = await ask({ prompt: chat('what does transfer do') });
  await statusIs(asked, answered);
  const spent = (await answersTo(asked))[0]?.args.fee ?? 0n;
  for (const id of [...ids, missing]) {
    await until('the refusal', async () => (await rowOf(id))?.status === 'declined');
    expect((await request(id)).status).toBe(1);
    await world.transact(asker, world.contracts.requests, 'refund', [id]);
  }
  expect(await world.balanceOf(asker.address)).toBe(held - spent);
});

const states: [string, Transition][] = [
  ['its acceptance is stored', { table: 'transactions', on: 'INSERT', when: "NEW.purpose LIKE 'accept:%'" }],
  ['its channel is stored', { table: 'sessions', on: 'INSERT', when: 'true' }],
  ['its receipt is stored', { table: 'receipts', on: 'INSERT', when: 'true' }],
  ['its answer is stored', { table: 'transactions', on: 'INSERT', when: "NEW.purpose LIKE 'answer:%'" }],
  ['its end is noted', { table: 'inference_requests', on: 'UPDATE', when: "NEW.status = 'done'" }],
];
const transitions = states.flatMap(([name, transition]) => [
  { name, transition, outcome: 'lost' as const },
  { name, transition, outcome: 'kept' as const },
]);

test.each(transitions)('killed as $name, which is $outcome: the request is answered once', async ({ transition, outcome }) => {
  const barrier = await raiseBarrier(world.databaseUrl, transition);
  const id = await ask({ prompt: chat('what does transfer do') });
  await until('the change', () => barrier.isWaitedAt());
  await world.kill();
  await barrier.resolve(outcome);
  await world.start();
  await statusIs(id, answered);
  await until('the end of it', async () => (await rowOf(id))?.status === 'done');
  expect(await answersTo(id)).toHaveLength(1);
  const { receiptHash } = await request(id);
  const [, channel] = await world.client.readContract({ ...world.contracts.requests, functionName: 'channelOf', args: [id] });
  expect(await world.query(`SELECT hash FROM receipts WHERE channel = '${channel}'`)).toEqual([{ hash: receiptHash }]);
});

test('killed in the middle of an answer: it is made again', async () => {
  const stopped = new Promise<void>((done) => {
    world.engine.behaviour.onToken = async () => {
      world.engine.behaviour.onToken = undefined;
      await world.kill();
      done();
    };
  });
  const id = await ask({ prompt: chat('what does transfer do') });
  await stopped;
  await world.start();
  await statusIs(id, answered);
});

test('another operator that was faster answers alone', async () => {
  const held = await world.balanceOf(asker.address);
  const other = await world.newActor();
  await world.transact(other, world.contracts.token, 'approve', [world.contracts.operators.address, 1000n * open]);
  await world.transact(other, world.contracts.operators, 'register', [other.address, 'http://localhost', '', 1000n * open]);
  await world.kill();
  const id = await ask({ prompt: chat('what does transfer do'), seconds: 300 });
  await world.transact(other, world.contracts.requests, 'accept', [id]);
  await world.start();
  await until('the end of it', async () => (await rowOf(id))?.status === 'done');
  await world.advance(301);
  await world.transact(other, world.contracts.requests, 'refund', [id]);
  expect(await world.balanceOf(asker.address)).toBe(held);
});

test('accepted and answered in blocks that the chain loses: it is answered anew, through another channel', async () => {
  await world.kill();
  const id = await ask({ prompt: chat('what does transfer do') });
  const snapshot = await rpc<string>(inject('chainUrl'), 'evm_snapshot', []);
  await world.start();
  await statusIs(id, answered);
  const before = await request(id);
  await world.kill();
  await rpc(inject('chainUrl'), 'evm_revert', [snapshot]);
  await world.advance(5);
  expect((await request(id)).status).toBe(1);
  await world.start();
  await statusIs(id, answered);
  const after = await request(id);
  expect(after.acceptedAt).toBeGreaterThan(before.acceptedAt);
  expect(after.receiptHash).not.toBe(before.receiptHash);
  await until('the end of it', async () => {
    await world.mine();
    return (await rowOf(id))?.status === 'done';
  });
  const rows = await world.query(
    `SELECT hash, status FROM receipts JOIN request_channels USING (channel) WHERE request_id = ${id} ORDER BY receipts.created`,
  );
  expect(rows).toEqual([
    { hash: before.receiptHash, status: 'unpaid' },
    { hash: after.receiptHash, status: 'signed' },
  ]);
});

test('answers of all that were asked are settled together', async () => {
  const [before] = await world.query("SELECT count(*)::int AS count FROM receipts WHERE status = 'signed'");
  expect(Number(before?.count)).toBeGreaterThan(10);
  await world.gateway.settle();
  await until('the batch', async () => {
    const [left] = await world.query("SELECT count(*)::int AS count FROM receipts WHERE status = 'signed'");
    return left?.count === 0;
  });
});

test('what is not answered in time is refunded by anyone, and its receipt, if there is one, is never settled', async () => {
  const held = await world.balanceOf(asker.address);
  const barrier = await raiseBarrier(world.databaseUrl, {
    table: 'transactions',
    on: 'INSERT',
    when: "NEW.purpose LIKE 'answer:%'",
  });
  const id = await ask({ prompt: chat('what does transfer do'), seconds: 300 });
  await until('the answer', () => barrier.isWaitedAt());
  await world.kill();
  await barrier.resolve('lost');
  expect(await world.balanceOf(asker.address)).toBe(held - open);
  await world.advance(301);
  const anyone = await world.newActor();
  await world.transact(anyone, world.contracts.requests, 'refund', [id]);
  expect((await request(id)).status).toBe(refunded);
  expect(await world.balanceOf(asker.address)).toBe(held);
  await world.start();
  await until('the end of it', async () => (await rowOf(id))?.status === 'done');
  const [, channel] = await world.client.readContract({ ...world.contracts.requests, functionName: 'channelOf', args: [id] });
  const [row] = await world.query(`SELECT status, reason FROM receipts WHERE channel = '${channel}'`);
  expect(row).toEqual({ status: 'unpaid', reason: `Request ${id} was not answered before its deadline.` });
});

test('while the engine fails a request waits, and after its deadline everything goes back', async () => {
  const held = await world.balanceOf(asker.address);
  world.engine.behaviour.attributionFailures = Number.POSITIVE_INFINITY;
  const id = await ask({ prompt: chat('what does transfer do'), seconds: 300 });
  await statusIs(id, 2);
  await world.advance(301);
  await until('the end of it', async () => (await rowOf(id))?.status === 'done');
  await world.transact(await world.newActor(), world.contracts.requests, 'refund', [id]);
  expect(await world.balanceOf(asker.address)).toBe(held);
});
