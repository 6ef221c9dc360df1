// A batch of the service is proven wrong: it says so, refunds, and settles again what was right, and nothing else.
import { batchFileSchema, type ReceiptBundle, receiptBundleSchema, type Session } from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import type { Actor } from './support/actors.ts';
import { type ChainProxy, startChainProxy } from './support/chainProxy.ts';
import { caseAgainst, condemn } from './support/challenger.ts';
import { type Lie, moveOneWei, ownUp, type Settled, type SettledFile, settleBatch } from './support/falseBatch.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let proxy: ChainProxy;
let model: string;
let challenger: Actor;
let payers: [Actor, Actor];
let sessions: [Session, Session];
const bundles = new Map<Session, ReceiptBundle[]>();
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

beforeAll(async () => {
  proxy = await startChainProxy(inject('chainUrl'));
  world = await openWorld({ chainUrl: proxy.url });
  await world.start();
  const [alice, proposer] = [await world.newActor(), await world.newActor()];
  payers = [await world.newActor(), await world.newActor()];
  challenger = await world.newActor();
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  const { token, operators } = world.contracts;
  const stake = 500n * 10n ** 18n; // more than it needs: what is slashed leaves it active
  const patron = await world.newActor();
  await world.transact(patron, token, 'approve', [operators.address, stake]);
  await world.transact(patron, operators, 'addStake', [world.operator.address, stake]);
  sessions = [await makeSession(world, payers[0]), await makeSession(world, payers[1])];
  await ask(0);
  await ask(1);
  await settleHere();
});

afterAll(async () => {
  await world?.stop();
  await proxy?.stop();
});

async function ask(who: 0 | 1): Promise<ReceiptBundle> {
  const session = sessions[who];
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: session.apiKey, maxRetries: 0 });
  const answer = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'what does transfer do' }],
    max_tokens: 16,
  });
  const bundle = answerSchema.parse(answer).receipt;
  bundles.set(session, [...(bundles.get(session) ?? []), bundle]);
  return bundle;
}

const onChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });
const listed = () => world.gateway.batches(world.operator.address);
const channelOf = async (who: 0 | 1) => {
  const [bundle] = bundles.get(sessions[who]) as [ReceiptBundle];
  const id = bundle.receipt.channel;
  return world.client.readContract({ ...world.contracts.escrow, functionName: 'channel', args: [id] });
};
const balanceOf = async (who: 0 | 1): Promise<bigint> => {
  const args = [payers[who].address, world.operator.address] as const;
  return (await world.client.readContract({ ...world.contracts.escrow, functionName: 'account', args })).balance;
};

/** Has the service settle what is open. */
async function settleHere(): Promise<void> {
  const { settled } = await onChain();
  await world.gateway.settle();
  await until('the batch', async () => (await onChain()).settled === settled + 1);
  await until('the batch in the list', async () => (await listed()).find(({ batchIndex }) => batchIndex === settled + 1)?.header);
}

/** The newest batch that counts, as the next is built on it. */
async function newest(): Promise<Settled> {
  const { settled } = await onChain();
  const batch = (await listed()).find(({ batchIndex, status }) => batchIndex === settled && status !== 'voided');
  const { rewards } = batchFileSchema.parse(JSON.parse(await world.readFile(batch?.dataCid as string)));
  return { header: batch?.header as Settled['header'], rewards };
}

/** Kills the service, settles these receipts with a lie, and starts it believing that it did so itself. */
async function settleFalse(receipts: readonly ReceiptBundle[], previous: Settled, lie: Lie): Promise<SettledFile> {
  const ids = new Set(receipts.map(({ receipt }) => receipt.channel));
  const payingHere = sessions.filter((one) => bundles.get(one)?.some(({ receipt }) => ids.has(receipt.channel)));
  const settled = await settleBatch(world, payingHere, receipts, previous, lie);
  await ownUp(world, settled);
  return settled;
}

/** Every voided batch but the last `released` is refunded and its receipts are settled again or left out. */
const isOver = async (): Promise<boolean> => {
  await world.mine(); // ten blocks, until no reorganisation can take the refunds back
  const [row] = await world.query('SELECT count(*)::int AS waiting FROM voided_batches WHERE NOT is_released');
  return (await onChain()).voidedFrom === 0 && row?.waiting === 0;
};

test('a proof that a reorganisation takes back leaves the batch pending', async () => {
  const previous = await newest();
  const receipts = [await ask(0), await ask(0)];
  await world.kill();
  await settleFalse(receipts, previous, { rewards: moveOneWei });
  await world.start();
  await until('the false batch', async () => (await listed())[0]?.status === 'pending');
  const snapshot = await rpc<string>(inject('chainUrl'), 'evm_snapshot', []);
  await condemn(world, challenger, 2);
  await until('the void', async () => (await listed()).some(({ status }) => status === 'voided'));
  await world.kill();
  await rpc(inject('chainUrl'), 'evm_revert', [snapshot]);
  await world.mine();
  await world.start();
  await until('the batch again', async () => {
    const [batch] = await listed();
    return batch?.batchIndex === 2 && batch.status === 'pending';
  });
  expect(await world.query('SELECT 1 FROM voided_batches')).toEqual([]);
  expect(await world.query("SELECT 1 FROM receipts WHERE status = 'voided'")).toEqual([]);
});

test('batches proven wrong in their sums, and what was built on them, are refunded and settled again, through two kills', async () => {
  const third = await ask(1);
  await settleHere(); // built on the false one
  const [before, { spent }] = [await balanceOf(0), await world.gateway.session(sessions[0].apiKey)];
  await ask(0); // waits while all this happens
  const killAt = (when: 'before' | 'after'): Promise<void> =>
    new Promise((done) => {
      proxy.at({
        method: 'eth_sendRawTransaction',
        when,
        act: async () => {
          await world.kill();
          done();
        },
      });
    });
  const first = killAt('before');
  const { fault } = await condemn(world, challenger, 2);
  expect(fault).toBe('misaccounting');
  await first; // when the first refund would go out
  const second = killAt('after');
  const starting = world.start(); // the stored refund goes out before it answers
  await second; // when it has gone out and the service does not know
  expect((await onChain()).voidedFrom).toBe(2);
  await Promise.all([starting, world.start()]);
  await until('the last refund', async () => (await onChain()).voidedFrom === 0);
  const voided = await until('the list', async () => {
    const found = (await listed()).filter(({ status }) => status === 'voided');
    return found.length === 2 && found;
  });
  expect(voided.map(({ batchIndex, voided: why }) => [batchIndex, why?.fault, why?.isAccused])).toEqual([
    [3, 'misaccounting', false],
    [2, 'misaccounting', true],
  ]);
  expect(voided[0]?.voided?.challenger.toLowerCase()).toBe(challenger.address.toLowerCase());
  expect((await world.gateway.receipt(third.receiptHash)).status).toBe('voided');
  expect(await balanceOf(0)).toBeGreaterThan(before);
  expect(
    (await fetch(`${world.url}/metrics`).then((response) => response.text())).includes('openledger_voided_batches_total'),
  ).toBe(true);

  await until('release', isOver);
  await world.gateway.settle();
  await until('the batch', async () => (await onChain()).settled >= 2 && (await channelOf(0)).sequence === 4);
  await until('its row', async () => (await listed()).find(({ status, batchIndex }) => status === 'pending' && batchIndex === 2));
  const given = await caseAgainst(world, 2);
  expect(given.batch.file.receipts).toHaveLength(4);
  expect((await channelOf(0)).collected).toBe((await world.gateway.session(sessions[0].apiKey)).spent);
  expect((await channelOf(1)).sequence).toBe(2);
  expect((await world.gateway.session(sessions[0].apiKey)).spent).toBeGreaterThan(spent);
  expect(await world.query("SELECT 1 FROM receipts WHERE status <> 'settled' AND status <> 'final'")).toEqual([]);
});

test('a receipt that was proven wrong, and those behind it, are left out: nobody owes them, their channel is closed', async () => {
  const previous = await newest();
  const before = await world.gateway.session(sessions[1].apiKey);
  const [ours, right, wrong, behind] = [await ask(0), await ask(1), await ask(1), await ask(1)];
  await world.kill();
  const dear: Lie = {
    receipt: ({ channel, sequence, fee }) =>
      channel === wrong.receipt.channel && sequence === wrong.receipt.sequence ? { fee: fee + 10_000n } : {},
  };
  const settled = await settleFalse([ours, right, wrong, behind], previous, dear);
  await world.start();
  const { batchIndex } = settled.header.body;
  expect((await condemn(world, challenger, batchIndex)).fault).toBe('wrong price');
  await until('release', isOver);
  await world.gateway.settle();
  await until('the batch', async () => (await onChain()).settled === batchIndex);
  await until('its row', async () => {
    const batch = (await listed()).find((one) => one.batchIndex === batchIndex);
    return batch?.status === 'pending' || batch?.status === 'final';
  });
  const [, , unpaid] = settled.file.receipts.filter(({ receipt }) => receipt.channel === wrong.receipt.channel);
  expect(unpaid?.receipt.sequence).toBe(behind.receipt.sequence);
  const rows = await world.query(
    `SELECT sequence::int, status, reason FROM receipts WHERE channel = '${wrong.receipt.channel}' ORDER BY sequence DESC LIMIT 3`,
  );
  expect(rows).toEqual([
    { sequence: behind.receipt.sequence, status: 'unpaid', reason: expect.stringContaining(`Receipt ${wrong.receipt.sequence}`) },
    { sequence: wrong.receipt.sequence, status: 'unpaid', reason: `Proven wrong in batch ${batchIndex}: wrong price.` },
    { sequence: right.receipt.sequence, status: 'settled', reason: null },
  ]);
  const after = await world.gateway.session(sessions[1].apiKey);
  expect(after.spent).toBe(before.spent + right.receipt.fee);
  expect(after.collected).toBe(after.spent);
  await expect(ask(1)).rejects.toThrow(/open another session/);
  await ask(0);
  expect((await caseAgainst(world, batchIndex)).batch.file.receipts).toHaveLength(2);
  await settleHere(); // it goes on
});
