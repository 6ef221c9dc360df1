// `openledger` against a real chain and IPFS node: an honest operator's batch, then its lies.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { batchFileSchema, type ReceiptBundle, receiptBundleSchema, type Session, toJson } from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { openledger, startCommand } from './support/command.ts';
import { moveOneWei, type Settled, settleBatch } from './support/falseBatch.ts';
import { startGate } from './support/gate.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let session: Session;
let bundles: ReceiptBundle[];
let honest: Settled;
let sources: string[];
const folder = mkdtempSync(join(tmpdir(), 'openledger-watch-'));
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, bob, proposer, caller] = [
    await world.newActor(),
    await world.newActor(),
    await world.newActor(),
    await world.newActor(),
  ];
  const datanet = await makeDatanet(world, [
    [alice, [makeRecord('what does transfer do', 'moves tokens to another account')]],
    [bob, [makeRecord('what does approve do', 'lets a spender move tokens later')]],
  ]);
  const { modelId } = await makeModel(world, proposer, datanet);
  session = await makeSession(world, caller);
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: session.apiKey, maxRetries: 0 });
  const ask = async (content: string): Promise<ReceiptBundle> => {
    const answer = await client.chat.completions.create({
      model: `model/${modelId}`,
      messages: [{ role: 'user', content }],
      max_tokens: 16,
    });
    return answerSchema.parse(answer).receipt;
  };
  bundles = [await ask('what does transfer do')];
  await world.gateway.settle();
  const batch = await until('the batch', async () => {
    const [newest] = await world.gateway.batches(world.operator.address);
    return newest?.header && newest.dataCid ? newest : undefined;
  });
  const { rewards } = batchFileSchema.parse(JSON.parse(await world.readFile(batch.dataCid as string)));
  honest = { header: batch.header as Settled['header'], rewards };
  for (const name of ['approve', 'transfer', 'approve', 'mint']) bundles.push(await ask(`what does ${name} do`));
  await world.kill(); // from here on the operator settles by hand
  sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
});

afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const operatorOf = (): string => world.operator.address;
/** A watch that knows only what this operator did: others share the chain. */
const watchArgs = (state: string, ...more: string[]): string[] => [
  'watch',
  ...sources,
  '--poll',
  '0.2',
  '--state',
  join(folder, state),
  ...more,
];

test('a receipt passes against the chain, and fails when another signed it', async () => {
  const file = join(folder, 'receipt.json');
  writeFileSync(file, JSON.stringify(toJson(bundles[0])));
  const right = await openledger(['receipt', 'verify', file, ...sources]);
  expect(right.output).toContain('This receipt is right: 19 of 19 checks passed.');
  expect(right.code).toBe(0);
  writeFileSync(file, JSON.stringify(toJson({ ...bundles[0], signature: bundles[1]?.signature })));
  const wrong = await openledger(['receipt', 'verify', file, ...sources]);
  expect(wrong.output).toMatch(/This receipt is wrong: .*\(signature\)/);
  expect(wrong.code).toBe(1);
});

test('an honest batch passes every check, through the command that npm links', async () => {
  const program = resolve(import.meta.dirname, '../bin/openledger.mjs');
  const command = startCommand(['batch', 'verify', operatorOf(), '1', ...sources], { command: process.execPath, program });
  expect(await command.ended).toBe(0);
  expect(command.output()).toMatch(/Batch 1 of 0x\w+ \(1 receipts\): 18 of 18 checks passed in \d/);
});

test('a batch that is not there is said in one sentence', async () => {
  const { code, output } = await openledger(['batch', 'verify', operatorOf(), '9', ...sources]);
  expect([code, output]).toEqual([1, `Operator ${operatorOf()} has settled no batch 9 on this chain.\n`]);
  expect((await openledger(['batch', 'verify', 'me', '1', ...sources])).output).toContain('is no address');
});

test('a watch waits out outages of chain and IPFS, then names each lie', async () => {
  const [chain, ipfs] = [await startGate(inject('chainUrl')), await startGate(world.ipfsUrl)];
  const from = String(await world.client.getBlockNumber());
  const [, , , deployment] = sources as [string, string, string, string];
  const watch = startCommand([
    'watch',
    ...['--rpc', chain.url, '--deployment', deployment, '--ipfs', ipfs.url],
    ...['--from', from, '--poll', '0.2', '--state', join(folder, 'outage.json'), '--metrics-port', '0'],
  ]);
  await watch.says('Watching batches');
  ipfs.shut();
  const [, second, third, fourth, fifth] = bundles as [ReceiptBundle, ...ReceiptBundle[]];
  const two = await settleBatch(world, session, [second as ReceiptBundle], honest, { allocations: moveOneWei });
  await watch.says('No answer from IPFS, trying again');
  ipfs.open();
  await watch.says('IPFS answers again');
  await watch.says('FAULT: allocation not what the evidence implies.');

  chain.shut();
  await watch.says('No answer from chain, trying again');
  const three = await settleBatch(world, session, [third as ReceiptBundle], two, { rewards: moveOneWei });
  chain.open();
  await watch.says('chain answers again');
  await watch.says('FAULT: misaccounting.');

  const four = await settleBatch(world, session, [fourth as ReceiptBundle], three);
  await watch.says(`Batch 4 of ${operatorOf()} (1 receipts): 18 of 18 checks passed`);

  const metrics = await fetch(/Metrics at (\S+)\./.exec(watch.output())?.[1] as string).then((response) => response.text());
  expect(metrics).toContain('openledger_watch_batches_total{result="failed"} 2');
  expect(metrics).toContain('openledger_watch_batches_total{result="passed"} 1');
  expect(metrics).toContain('openledger_watch_faults_total{fault="misaccounting"} 1');
  expect(await watch.stop()).toBe(1);
  expect(watch.output()).toContain('3 batches checked, 2 with faults, 0 unreadable.');
  await Promise.all([chain.stop(), ipfs.stop()]);

  await settleBatch(world, session, [fifth as ReceiptBundle], four, { isWithheld: true });
});

test('a watch goes on where its state says, and stops at a fault when told to', async () => {
  const first = await openledger(watchArgs('once.json', '--once', '--patience', '0'));
  expect(first.output).toMatch(/Batch 5 of 0x\w+ .*FAULT: withheld data\./);
  expect(first.output).toMatch(/Batch 1 of 0x\w+ \(1 receipts\): 18 of 18 checks passed/);
  expect(first.code).toBe(1);
  const second = await openledger(watchArgs('once.json', '--once'));
  expect(second.output).toContain('0 batches checked, 0 with faults, 0 unreadable.');
  expect(second.code).toBe(0);
  const stopping = await openledger(watchArgs('stop.json', '--stop-on-fault'));
  expect(stopping.output).toContain('FAULT: allocation not what the evidence implies.');
  expect(stopping.output).not.toContain('misaccounting');
  expect(stopping.code).toBe(1);
  writeFileSync(join(folder, 'other.json'), JSON.stringify({ version: 1, chainId: 1, settlement: operatorOf() }));
  expect((await openledger(watchArgs('other.json', '--once'))).output).toContain('another deployment');
});

test('batch verify says what is withheld and what was changed', async () => {
  const verify = async (index: number): Promise<string> => {
    const { code, output } = await openledger(['batch', 'verify', operatorOf(), String(index), ...sources]);
    expect(code).toBe(index === 4 ? 0 : 1);
    return output;
  };
  expect(await verify(2)).toMatch(/allocation +FAILED +1 of 1 allocations/);
  expect(await verify(3)).toMatch(/growth +FAILED/);
  expect(await verify(4)).toContain('18 of 18 checks passed');
  expect(await verify(5)).toMatch(/FAULT: withheld data\. data: The IPFS node does not have/);
});
