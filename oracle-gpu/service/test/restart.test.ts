// The service is killed at the worst moments, and the chain loses blocks: nothing is lost, nothing is paid twice.

import type { Session } from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import { type ChainProxy, startChainProxy } from './support/chainProxy.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let proxy: ChainProxy;
let session: Session;
let model: string;

beforeAll(async () => {
  proxy = await startChainProxy(inject('chainUrl'));
  world = await openWorld({ chainUrl: proxy.url });
  await world.start();
  const [alice, proposer, caller] = [await world.newActor(), await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  session = await makeSession(world, caller);
});

afterAll(async () => {
  await world?.stop();
  await proxy?.stop();
});

afterEach(() => {
  Object.assign(world.engine.behaviour, { tokenDelayMs: 0, onAttribute: undefined });
});

async function ask(
  content: string,
  headers: Record<string, string> = {},
  stream = false,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.apiKey}`, ...headers },
    body: JSON.stringify({ model, stream, max_tokens: 16, temperature: 0, seed: 1, messages: [{ role: 'user', content }] }),
  });
  return { status: response.status, text: await response.text() };
}

const state = () => world.gateway.session(session.apiKey);
const settledOnChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });
const newest = async () => (await world.gateway.batches(world.operator.address))[0];

/** On chain; on a slow machine it may be final already. */
const isSettled = (batch: { status: string } | undefined): boolean => batch?.status === 'pending' || batch?.status === 'final';

/** What must hold at any time: each sequence once, spent is the sum of all fees, nothing reserved by nobody. */
async function expectBooksBalance(): Promise<void> {
  const [sums] = await world.query(
    'SELECT count(*)::int AS count, max(sequence)::int AS last, coalesce(sum(fee), 0)::text AS fees FROM receipts',
  );
  const [row] = await world.query('SELECT spent::text, sequence::int FROM sessions');
  expect(row).toEqual({ spent: sums?.fees, sequence: sums?.last ?? 0 });
  const { spent, sequence, reserved } = await state();
  expect({ spent: spent.toString(), sequence, reserved }).toEqual({ ...row, reserved: 0n });
  expect(sums?.count).toBe(sums?.last ?? 0);
}

test('killed between the last token and the receipt: the call costs nothing and can be asked again', async () => {
  const before = await state();
  world.engine.behaviour.onAttribute = async () => {
    world.engine.behaviour.onAttribute = undefined;
    await world.kill();
  };
  await expect(ask('what does transfer do', { 'idempotency-key': 'cut' })).rejects.toThrow();
  await world.start();
  expect(await state()).toEqual(before);
  await expectBooksBalance();
  expect((await ask('what does transfer do', { 'idempotency-key': 'cut' })).status).toBe(200);
  expect((await state()).sequence).toBe(before.sequence + 1);
  await expectBooksBalance();
});

test('killed while the receipt is written, which the database ends alone: a retry gets the answer, and pays once', async () => {
  const before = await state();
  const lock = await world.lock('receipts');
  const cut = ask('what does transfer do', { 'idempotency-key': 'half' }).catch((error: unknown) => error);
  await until('the waiting receipt', () => lock.isWaitedFor());
  await world.kill();
  await lock.release();
  expect(await cut).toBeInstanceOf(Error);
  const askAgain = () => ask('what does transfer do', { 'idempotency-key': 'half' });
  await world.start();
  const answers = [await askAgain(), await askAgain()];
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[0]?.status).toBe(200);
  expect((await state()).sequence).toBe(before.sequence + 1);
  await expectBooksBalance();
});

test('a statement that a killed process left behind and a charge of the next process: whichever is first, each is right', async () => {
  const before = await state();
  const lock = await world.lock('receipts');
  const cut = ask('left behind').catch((error: unknown) => error);
  await until('the waiting receipt', () => lock.isWaitedFor());
  await world.kill();
  expect(await cut).toBeInstanceOf(Error);
  await world.start();
  expect(await state()).toEqual(before);
  const next = ask('what does transfer do');
  await until('the next one', async () => (await lock.count()) === 2);
  await lock.release();
  expect((await next).status).toBe(200);
  expect([1, 2]).toContain((await state()).sequence - before.sequence); // the other is charged too, or not at all
  await expectBooksBalance();
});

test('calls whose receipts wait together get one sequence each', async () => {
  const before = await state();
  const lock = await world.lock('receipts');
  const attributed = world.engine.count.attribute;
  const asked = [ask('one'), ask('two'), ask('three')];
  await until('the waiting receipt', () => lock.isWaitedFor());
  await until('the others', async () => world.engine.count.attribute === attributed + 3);
  await lock.release();
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await state()).sequence).toBe(before.sequence + 3);
  await expectBooksBalance();
});

test('a database connection that breaks while receipts are written fails those calls only, and no money is lost', async () => {
  const before = await state();
  const lock = await world.lock('receipts');
  const asked = [ask('one'), ask('two')];
  await until('the waiting receipt', () => lock.isWaitedFor());
  await lock.breakWaiters();
  await lock.release();
  const answered = (await Promise.all(asked)).filter(({ status }) => status === 200).length;
  expect((await state()).sequence).toBe(before.sequence + answered);
  await expectBooksBalance();
  expect((await ask('three')).status).toBe(200);
  await expectBooksBalance();
});

test.each([false, true])('killed after the receipt is stored: the retry gets the very bytes (stream: %s)', async (stream) => {
  const headers = { 'idempotency-key': `bytes-${stream}` };
  const first = await ask('what does transfer do', headers, stream);
  const after = await state();
  await world.kill();
  await world.start();
  const second = await ask('what does transfer do', headers, stream);
  expect(second.text).toBe(first.text);
  expect(await state()).toEqual(after);
  await expectBooksBalance();
});

test('killed before the settlement reaches the chain: the stored transaction is sent after the restart', async () => {
  await ask('what does transfer do');
  const before = await settledOnChain();
  const killed = new Promise<void>((done) => {
    proxy.at({
      method: 'eth_sendRawTransaction',
      when: 'before',
      act: async () => {
        await world.kill();
        done();
      },
    });
  });
  await world.gateway.settle();
  await killed;
  expect((await settledOnChain()).settled).toBe(before.settled);
  const [stored] = await world.query(`SELECT hash, status FROM transactions WHERE purpose = 'settle:${before.settled + 1}'`);
  expect(stored?.status).toBe('stored');
  await world.start();
  await until('the batch', async () => (await settledOnChain()).settled === before.settled + 1);
  const receipt = await world.client.getTransactionReceipt({ hash: String(stored?.hash) as `0x${string}` });
  expect(receipt.status).toBe('success');
  await until('the batch in the list', async () => isSettled(await newest()));
  expect((await state()).collected).toBe((await state()).spent);
});

test('killed after the chain took the settlement: it is found there, not sent twice', async () => {
  await ask('what does transfer do');
  const before = await settledOnChain();
  const killed = new Promise<void>((done) => {
    proxy.at({
      method: 'eth_sendRawTransaction',
      when: 'after',
      act: async () => {
        await world.kill();
        done();
      },
    });
  });
  await world.gateway.settle();
  await killed;
  await world.start();
  await until('the batch in the list', async () => {
    const batch = await newest();
    return batch?.batchIndex === before.settled + 1 && isSettled(batch);
  });
  expect((await settledOnChain()).settled).toBe(before.settled + 1);
  expect(await world.query(`SELECT 1 FROM transactions WHERE purpose = 'settle:${before.settled + 1}'`)).toHaveLength(1);
  expect((await state()).collected).toBe((await state()).spent);
  await expectBooksBalance();
});

test('a chain that loses its last blocks gets the batch again', async () => {
  const url = inject('chainUrl');
  await ask('what does transfer do');
  await rpc(url, 'evm_setIntervalMining', [0]);
  const snapshot = await rpc<string>(url, 'evm_snapshot', []);
  const before = await settledOnChain();
  await world.gateway.settle();
  await until(
    'the settlement',
    async () => (await world.query(`SELECT 1 FROM transactions WHERE purpose = 'settle:${before.settled + 1}'`)).length > 0,
  );
  await rpc(url, 'evm_mine', []);
  await until('the batch', async () => isSettled(await newest()));
  const { spent } = await state();

  await rpc(url, 'evm_revert', [snapshot]);
  expect((await settledOnChain()).settled).toBe(before.settled);
  await rpc(url, 'evm_mine', []);
  await rpc(url, 'evm_setIntervalMining', [1]);
  await until('the batch again', async () => (await settledOnChain()).settled === before.settled + 1);
  await until('the batch in the list', async () => isSettled(await newest()));
  const batch = await newest();
  const headerHash = await world.client.readContract({
    ...world.contracts.settlement,
    functionName: 'headerHash',
    args: [world.operator.address, before.settled + 1],
  });
  expect(batch?.headerHash).toBe(headerHash);
  expect((await state()).collected).toBe(spent);
  await expectBooksBalance();
});

test('batches of before are final after all of this, and no wei is missing', async () => {
  await world.advance(40);
  await until('finality', async () =>
    (await world.gateway.batches(world.operator.address)).every(({ status }) => status === 'final'),
  );
  const { settled, finalized } = await settledOnChain();
  expect(finalized).toBe(settled);
  const funding = await world.client.readContract({
    ...world.contracts.pool,
    functionName: 'funding',
    args: [world.operator.address],
  });
  const batches = await world.gateway.batches(world.operator.address);
  const allocated = batches.reduce((sum, { header }) => sum + (header?.body.allocations.amount ?? 0n), 0n);
  expect(funding[0]).toBe(allocated);
  expect(batches.reduce((sum, { collected }) => sum + collected, 0n)).toBe((await state()).spent);
});
