// A watch with a key: it files proofs, refunds payers, and does nothing twice.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  batchFileSchema,
  type Evidence,
  type ReceiptBundle,
  receiptBundleSchema,
  receiptHash,
  type Session,
  toJson,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { allocateBundle } from '../../../sdk/src/verify/verifyReceipt.ts';
import type { Actor } from './support/actors.ts';
import { condemn } from './support/challenger.ts';
import { openledger, startCommand } from './support/command.ts';
import { moveOneWei, type Settled, settleBatch } from './support/falseBatch.ts';
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
let states = 0;
const folder = mkdtempSync(join(tmpdir(), 'openledger-files-'));
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, proposer, patron] = [await world.newActor(), await world.newActor(), await world.newActor()];
  [watcher, payer] = [await world.newActor(), await world.newActor()];
  const { token, operators } = world.contracts;
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
  await world.kill();
  from = String((await world.client.getBlockNumber()) + 1n);
});

afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Begins anew each time, as another machine would. */
function given(key: string | undefined, more: readonly string[]) {
  states += 1;
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
  const state = ['--poll', '0.2', '--state', join(folder, `${states}.json`), '--from', from];
  return { args: ['watch', ...sources, ...state, ...more], environment: { OPENLEDGER_WATCH_KEY: key ?? '' } };
}

/** A watch that goes on. */
function watch(key: string, ...more: string[]) {
  const { args, environment } = given(key, more);
  return startCommand(args, { environment: { ...process.env, ...environment } });
}

/** One that ends once nothing waits. */
function watchOnce(key: string | undefined, ...more: string[]) {
  const { args, environment } = given(key, ['--once', ...more]);
  return openledger(args, environment);
}

const onChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });
const balance = async (): Promise<bigint> => {
  const args = [payer.address, world.operator.address] as const;
  return (await world.client.readContract({ ...world.contracts.escrow, functionName: 'account', args })).balance;
};

test('without a key a watch says what could be proven; with one it proves it, refunds, and counts what it earned', async () => {
  const before = await balance();
  await settleBatch(world, session, bundles, honest, { rewards: moveOneWei });
  const reporting = await watchOnce(undefined);
  expect(reporting.code).toBe(1);
  expect(reporting.output).toContain('Proofs are not filed');
  expect(reporting.output).toMatch(/Batch 2 of 0x\w+ can be proven wrong \(misaccounting: Rewards of 0x\w+ are \d+ wei/);
  expect((await onChain()).voidedFrom).toBe(0);

  const earned = await world.balanceOf(watcher.address);
  const filing = watch(watcher.key, '--metrics-port', '0');
  await filing.says(`Filing proofs as ${watcher.address}.`);
  await filing.says('is proven wrong (misaccounting');
  await filing.says(`The payers of the void batches of ${world.operator.address} are refunded, in 1 transactions.`);
  expect(await onChain()).toMatchObject({ settled: 1, voidedFrom: 0 });
  expect(await balance()).toBe(before);
  const reward = (await world.balanceOf(watcher.address)) - earned;
  expect(reward).toBeGreaterThan(0n);
  const metrics = await fetch(/Metrics at (\S+)\./.exec(filing.output())?.[1] as string).then((response) => response.text());
  expect(metrics).toContain('openledger_watch_proofs_total{fault="misaccounting",result="filed"} 1');
  expect(metrics).toContain('openledger_watch_refunds_total 1');
  expect(Number(/^openledger_watch_bounty_open_total (\S+)/m.exec(metrics)?.[1])).toBeCloseTo(Number(reward) / 1e18, 12);
  await filing.stop();

  const late = await watchOnce(watcher.key);
  expect(late.output).toMatch(/Batch 2 of 0x\w+ was void already and its payers are refunded/);
});

test('where somebody else was faster it sends the refunds that are missing', async () => {
  from = String((await world.client.getBlockNumber()) + 1n);
  const before = await balance();
  await settleBatch(world, session, bundles, honest, { rewards: moveOneWei });
  await condemn(world, await world.newActor(), 2);
  expect((await onChain()).voidedFrom).toBe(2);
  const late = await watchOnce(watcher.key);
  expect(late.output).toContain('is void already: somebody else was faster.');
  expect(late.output).toContain('are refunded, in 1 transactions.');
  expect((await onChain()).voidedFrom).toBe(0);
  expect(await balance()).toBe(before);
});

test('with the receipts of a payer it proves what was settled otherwise than signed', async () => {
  from = String((await world.client.getBlockNumber()) + 1n);
  const lie = { receipt: (_: unknown, at: number) => (at === 0 ? { promptHash: `0x${'11'.repeat(32)}` as const } : {}) };
  await settleBatch(world, session, bundles, honest, lie);
  const receipts = mkdtempSync(join(folder, 'receipts-'));
  writeFileSync(join(receipts, 'mine.json'), JSON.stringify(toJson(bundles[0])));
  const blind = await watchOnce(watcher.key);
  expect(blind.code).toBe(0); // nothing of it is wrong by itself
  const knowing = await watchOnce(watcher.key, '--receipts', receipts);
  expect(knowing.output).toContain('is proven wrong (contradicted receipt');
  expect(await onChain()).toMatchObject({ settled: 1, voidedFrom: 0 });
  writeFileSync(join(receipts, 'other.json'), '{}');
  const refusing = await watchOnce(undefined, '--receipts', receipts);
  expect(refusing.code).toBe(1);
  expect(refusing.output).toContain('other.json is no receipt');
  const keyless = await watchOnce('0x12');
  expect(keyless.output).toContain('OPENLEDGER_WATCH_KEY must be');
});

test.each<[what: string, fault: string, lie: (evidence: Evidence) => Evidence]>([
  [
    'a score one too high',
    'false score',
    (evidence) => ({
      ...evidence,
      records: evidence.records.map((record) => ({ ...record, partials: record.partials.map((partial) => partial + 1) })),
    }),
  ],
  ['a record left out', 'omitted record', (evidence) => ({ ...evidence, records: [] })],
])('with the query in a payer’s receipt it proves %s: %s', async (_, fault, lie) => {
  from = String((await world.client.getBlockNumber()) + 1n);
  // The operator signs what it settles, with the allocation that the false evidence implies: nothing else is wrong.
  const lied = bundles.map((bundle) => ({ ...bundle, evidence: lie(bundle.evidence) }));
  const { file } = await settleBatch(world, session, bundles, honest, {
    evidence: lie,
    allocations: (_honest, position) => allocateBundle(lied[position] as ReceiptBundle).allocations,
  });
  const [held] = lied as [ReceiptBundle];
  const [settled] = file.receipts.filter(({ receipt }) => receipt.sequence === held.receipt.sequence);
  if (!settled) throw new Error('The receipt is not in the batch.');
  const { receipt, signature, allocations } = settled;
  const mine = { ...held, receipt, receiptHash: receiptHash(receipt), signature, allocations };
  expect(mine.query).toBeDefined();
  const receipts = mkdtempSync(join(folder, 'receipts-'));
  writeFileSync(join(receipts, 'mine.json'), JSON.stringify(toJson(mine)));
  const blind = await watchOnce(watcher.key);
  expect(blind.code).toBe(0);
  const knowing = await watchOnce(watcher.key, '--receipts', receipts);
  expect(knowing.output).toContain(`is proven wrong (${fault}`);
  expect(await onChain()).toMatchObject({ settled: 1, voidedFrom: 0 });
});
