// An operator that withholds its batch's data: a watch with a key asks for it on chain, and voids what is not answered.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchFileSchema, type ReceiptBundle, receiptBundleSchema, type Session } from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { openClock } from './support/clock.ts';
import { startCommand } from './support/command.ts';
import { type Settled, settleBatch } from './support/falseBatch.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let watcher: Actor;
let payer: Actor;
let session: Session;
let bundles: ReceiptBundle[];
let honest: Settled;
let from: string;
let bond: bigint;
const clock = openClock(inject('chainUrl'));
const folder = mkdtempSync(join(tmpdir(), 'openledger-withheld-'));
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, proposer, patron] = [await world.newActor(), await world.newActor(), await world.newActor()];
  [watcher, payer] = [await world.newActor(), await world.newActor()];
  const { data, token, operators } = world.contracts;
  bond = await world.client.readContract({ ...data, functionName: 'bond' });
  const stake = 500n * 10n ** 18n; // what is slashed leaves the operator active
  await world.transact(patron, token, 'approve', [operators.address, stake]);
  await world.transact(patron, operators, 'addStake', [world.operator.address, stake]);
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  const { modelId } = await makeModel(world, proposer, datanet);
  session = await makeSession(world, payer);
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: session.apiKey, maxRetries: 0 });
  const ask = async (): Promise<ReceiptBundle> => {
    const messages = [{ role: 'user' as const, content: 'what does transfer do' }];
    return answerSchema.parse(await client.chat.completions.create({ model: `model/${modelId}`, messages, max_tokens: 16 }))
      .receipt;
  };
  await ask();
  await world.gateway.settle();
  const batch = await until('the batch', async () => {
    const [newest] = await world.gateway.batches(world.operator.address);
    return newest?.header && newest.dataCid ? newest : undefined;
  });
  const { rewards } = batchFileSchema.parse(JSON.parse(await world.readFile(batch.dataCid as string)));
  honest = { header: batch.header as Settled['header'], rewards };
  bundles = [await ask(), await ask()];
  await world.kill(); // from here on the operator is silent
});

afterAll(async () => {
  await clock.release();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function watch(state: string, key: string | undefined, ...more: string[]) {
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
  const place = ['--poll', '0.2', '--state', join(folder, state), '--from', from];
  const environment = { ...process.env, ...(key ? { OPENLEDGER_WATCH_KEY: key } : {}) };
  return startCommand(['watch', ...sources, ...place, ...more], { environment });
}

const onChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });
const balance = async (): Promise<bigint> => {
  const args = [payer.address, world.operator.address] as const;
  return (await world.client.readContract({ ...world.contracts.escrow, functionName: 'account', args })).balance;
};
const asked = async (): Promise<number> => {
  const events = { ...world.contracts.data, eventName: 'DataRequested', args: { operator: world.operator.address } } as const;
  return (await world.client.getContractEvents({ ...events, fromBlock: BigInt(from), strict: true })).length;
};
/** Settles by hand, and halts the chain: the window begins when the test says so. */
const settle = async (lie: Parameters<typeof settleBatch>[4]): Promise<void> => {
  await clock.halt();
  from = String((await world.client.getBlockNumber()) + 1n);
  await settleBatch(world, session, bundles, honest, lie);
};

const refunded = (): string => `The payers of the void batches of ${world.operator.address} are refunded, in 1 transactions.`;

test('what is not answered in time is proven: the batch is void, payers have their money, the bond comes back with a reward', async () => {
  const [before, held] = [await balance(), await world.balanceOf(watcher.address)];
  await settle({ isWithheld: true });
  expect(await balance()).toBeLessThan(before);
  const first = watch('first.json', watcher.key);
  await first.says('Asking again.');
  expect(await asked()).toBe(0); // half of the window is the operator's
  await clock.pass(16);
  await clock.go();
  await first.says('asked for on chain in');
  await clock.halt();
  await first.stop();
  expect(await world.balanceOf(watcher.address)).toBe(held - bond);

  const second = watch('first.json', watcher.key);
  await second.says('Asking again.');
  await clock.pass(16);
  await clock.go();
  await second.says('is proven wrong (withheld data');
  await second.says(refunded());
  await second.says('FAULT: withheld data.');
  expect(await second.stop()).toBe(1);
  expect(await asked()).toBe(1);
  expect(await onChain()).toMatchObject({ settled: 1, voidedFrom: 0 });
  expect(await balance()).toBe(before);
  expect(await world.balanceOf(watcher.address)).toBeGreaterThan(held);
});

test('what is there and is no batch file counts as withheld', async () => {
  const before = await balance();
  await settle({ isMalformed: true });
  const watching = watch('malformed.json', watcher.key);
  await watching.says('FAULT: withheld data.');
  await clock.pass(16);
  await clock.go();
  await watching.says('asked for on chain in');
  await clock.pass(16);
  await watching.says('is proven wrong (withheld data');
  await watching.says(refunded());
  expect(await watching.stop()).toBe(1);
  expect(await onChain()).toMatchObject({ settled: 1, voidedFrom: 0 });
  expect(await balance()).toBe(before);
});

test('who may not ask, or has no bond, says what stands in the way and pays nothing', async () => {
  await settle({ isWithheld: true });
  const poor = await world.newActor();
  const all = await world.balanceOf(poor.address);
  await world.transact(poor, world.contracts.token, 'transfer', [watcher.address, all - bond + 1n]);
  await clock.pass(16);
  const asking = watch('poor.json', poor.key);
  await asking.says(`${poor.address} has no`);
  await asking.stop();
  const silent = watch('silent.json', watcher.key, '--no-asking', '--once', '--patience', '0');
  expect(await silent.ended).toBe(1);
  expect(silent.output()).toContain('shows nothing that could be proven');
  expect(await asked()).toBe(0);
});
