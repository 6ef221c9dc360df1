// Data of a pending batch is asked for on chain: its operator's service publishes it in time, once, whatever happens to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accuse,
  askedTree,
  type BatchHeader,
  headerHash,
  leavesRequestId,
  readDataAnswer,
  receiptBundleSchema,
  receiptHash,
  type Session,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { type Hex, keccak256 } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { ipfsServer } from '../../../script/dev/ipfs/server.ts';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import type { Actor } from './support/actors.ts';
import { raiseBarrier } from './support/barrier.ts';
import { openClock } from './support/clock.ts';
import { startCommand } from './support/command.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let asker: Actor;
let watcher: Actor;
let session: Session;
let model: string;
let bond: bigint;
const clock = openClock(inject('chainUrl'));
const folder = mkdtempSync(join(tmpdir(), 'openledger-data-'));
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });
const status = { none: 0, open: 1, answered: 2 };

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, proposer, payer] = [await world.newActor(), await world.newActor(), await world.newActor()];
  [asker, watcher] = [await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  session = await makeSession(world, payer);
  const { data, operators, token } = world.contracts;
  const stake = 500n * 10n ** 18n; // what is slashed leaves the operator active
  await world.transact(proposer, token, 'approve', [operators.address, stake]);
  await world.transact(proposer, operators, 'addStake', [world.operator.address, stake]);
  bond = await world.client.readContract({ ...data, functionName: 'bond' });
  await world.transact(asker, token, 'approve', [data.address, bond * 50n]);
});

afterAll(async () => {
  await clock.release();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const onChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });
const stateOf = async (requestId: Hex): Promise<number> =>
  (await world.client.readContract({ ...world.contracts.data, functionName: 'request', args: [requestId] })).status;
const isAnswered = (requestId: Hex) => until('the answer', async () => (await stateOf(requestId)) === status.answered);
/** Answers that the service signed for a request, of which one at most counts. */
const answersTo = (requestId: Hex) => world.query(`SELECT status FROM transactions WHERE purpose = 'data:${requestId}'`);

/** Has the service settle two receipts. */
async function settleHere(): Promise<BatchHeader> {
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: session.apiKey, maxRetries: 0 });
  for (const content of ['what does transfer do', 'what does approve do']) {
    const answer = await client.chat.completions.create({ model, messages: [{ role: 'user', content }], max_tokens: 16 });
    answerSchema.parse(answer);
  }
  const { settled } = await onChain();
  await world.gateway.settle();
  return until('the batch', async () => {
    const batches = await world.gateway.batches(world.operator.address);
    const found = batches.find(({ batchIndex, status: at }) => batchIndex === settled + 1 && at === 'pending');
    return found?.header as BatchHeader | undefined;
  });
}

async function ask(header: BatchHeader, tree: number, from: number, count = 1): Promise<Hex> {
  await world.transact(asker, world.contracts.data, 'requestData', [accuse(header, []).header, tree, from, count]);
  return leavesRequestId({ headerHash: headerHash(header), tree, from, count });
}

async function answerTo(requestId: Hex) {
  const events = await world.client.getContractEvents({
    ...world.contracts.data,
    eventName: 'DataAnswered',
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  expect(events).toHaveLength(1);
  return readDataAnswer(events[0]?.args.answer as Hex);
}

test('everything that can be asked is answered in time, for the bond, and the batch becomes final', async () => {
  const header = await settleHere();
  const held = await world.balanceOf(world.operator.address);
  const { receipts, allocations } = header.body;
  const ids = [
    await ask(header, askedTree.receipts, 1),
    await ask(header, askedTree.receipts, receipts.count - 1),
    await ask(header, askedTree.allocations, 0, Math.min(allocations.count, 16)),
    await ask(header, askedTree.rewards, 1, 1),
    await ask(header, askedTree.parameters, 0),
  ];
  for (const id of ids) await isAnswered(id);
  expect(await world.balanceOf(world.operator.address)).toBe(held + bond * BigInt(ids.length));
  const [receipt, , , , parameters] = await Promise.all(ids.map(answerTo));
  if (receipt?.of !== 'receipt' || parameters?.of !== 'parameters') throw new Error('other answers than asked');
  expect(receiptHash(receipt.disclosed.receipt)).toBe(receipt.leaf.data);
  expect(keccak256(parameters.parameters)).toBe(header.body.parametersHash);
  await world.advance(60);
  await until('finality', async () => (await onChain()).finalized === header.body.batchIndex);
  for (const id of ids) expect(await answersTo(id)).toHaveLength(1);
});

test('killed before its answer is stored, it answers after the restart, once', async () => {
  const header = await settleHere();
  const barrier = await raiseBarrier(world.databaseUrl, {
    table: 'transactions',
    on: 'INSERT',
    when: "NEW.purpose LIKE 'data:%'",
  });
  const id = await ask(header, askedTree.receipts, 1);
  await until('the answer', () => barrier.isWaitedAt());
  await clock.halt();
  await world.kill();
  await barrier.resolve('lost');
  expect(await stateOf(id)).toBe(status.open);
  await world.start();
  await clock.go();
  await isAnswered(id);
  await clock.release();
  expect(await answersTo(id)).toHaveLength(1);
});

test('killed once its answer is stored and before it is sent, it sends that one', async () => {
  const header = await settleHere();
  const barrier = await raiseBarrier(world.databaseUrl, {
    table: 'transactions',
    on: 'INSERT',
    when: "NEW.purpose LIKE 'data:%'",
  });
  const id = await ask(header, askedTree.receipts, 2);
  await until('the answer', () => barrier.isWaitedAt());
  await clock.halt();
  await world.kill();
  await barrier.resolve('kept');
  await world.start();
  await clock.go();
  await isAnswered(id);
  await clock.release();
  expect(await answersTo(id)).toHaveLength(1);
});

test('a request that a reorganisation removes is forgotten, and answered if it is made again', async () => {
  const header = await settleHere();
  const snapshot = await rpc<string>(inject('chainUrl'), 'evm_snapshot', []);
  const held = await world.balanceOf(world.operator.address);
  const id = await ask(header, askedTree.receipts, 1);
  await isAnswered(id);
  await rpc(inject('chainUrl'), 'evm_revert', [snapshot]);
  expect(await stateOf(id)).toBe(status.none);
  await until('the end of the answer that was lost', async () =>
    (await answersTo(id)).every(({ status: at }) => at === 'reverted' || at === 'replaced'),
  );
  expect(await ask(header, askedTree.receipts, 1)).toBe(id);
  await isAnswered(id);
  expect(await world.balanceOf(world.operator.address)).toBe(held + bond);
  await answerTo(id);
});

test('a watch that cannot fetch a batch asks for a receipt of it, and stops when it is answered', async () => {
  const from = String((await world.client.getBlockNumber()) + 1n);
  const header = await settleHere();
  const empty = await ipfsServer({ folder: join(folder, 'ipfs') });
  const ipfsUrl = await empty.listen({ host: '127.0.0.1', port: 0 });
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', ipfsUrl];
  const state = ['--poll', '0.2', '--state', join(folder, 'watch.json'), '--from', from];
  const environment = { ...process.env, OPENLEDGER_WATCH_KEY: watcher.key };
  const watch = startCommand(['watch', ...sources, ...state], { environment });
  const held = await world.balanceOf(watcher.address);
  try {
    await watch.says(`asked for on chain in`);
    await watch.says('what was asked for on chain is answered');
  } finally {
    await watch.stop();
    await empty.close();
  }
  expect(await world.balanceOf(watcher.address)).toBe(held - bond);
  const args = [watcher.address, world.contracts.data.address] as const;
  expect(await world.client.readContract({ ...world.contracts.token, functionName: 'allowance', args })).toBe(0n);
  await world.advance(60);
  await until('finality', async () => (await onChain()).finalized === header.body.batchIndex);
});

test('a service that was away for too long refunds its batch, and settles the same receipts again', async () => {
  const header = await settleHere();
  const { batchIndex } = header.body;
  await world.kill();
  const id = await ask(header, askedTree.receipts, 1);
  await world.advance(16);
  const held = await world.balanceOf(asker.address);
  await world.transact(watcher, world.contracts.data, 'proveWithheld', [accuse(header, []), id]);
  expect(await world.balanceOf(asker.address)).toBeGreaterThan(held + bond);
  await world.start();
  await until('the refunds', async () => (await onChain()).voidedFrom === 0 && (await onChain()).settled === batchIndex - 1);
  const [row] = await world.query(`SELECT fault, is_accused FROM voided_batches WHERE batch_index = ${batchIndex}`);
  expect(row).toEqual({ fault: 'withheld data', is_accused: true });
  await until('the end of what was void', async () => {
    await world.mine(); // ten blocks, until no reorganisation can bring it back
    const [left] = await world.query('SELECT count(*)::int AS count FROM voided_batches WHERE NOT is_released');
    return left?.count === 0;
  });
  await world.gateway.settle();
  await until('the receipts in the next batch', async () => (await onChain()).settled === batchIndex);
  const stored = {
    ...world.contracts.settlement,
    functionName: 'headerHash',
    args: [world.operator.address, batchIndex],
  } as const;
  expect(await world.client.readContract(stored)).not.toBe(headerHash(header));
  const again = await until('the batch in the list', async () => {
    const batches = await world.gateway.batches(world.operator.address);
    return batches.find((one) => one.batchIndex === batchIndex && one.status === 'pending')?.header;
  });
  expect(again?.body.receipts).toEqual(header.body.receipts);
});
