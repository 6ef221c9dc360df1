// Rows too long for one proof: what one scored is asked for on chain, and its operator answers, or loses the batch.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  batchFileSchema,
  dataRequestsAbi,
  type IndexRows,
  int8FromHex,
  partialScores,
  type ReceiptBundle,
  readDataAnswer,
  readIndexRows,
  receiptBundleSchema,
  receiptHash,
  rowAnswer,
  type Session,
  toJson,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { decodeFunctionData, encodeFunctionData, type Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { allocateBundle } from '../../../sdk/src/verify/verifyReceipt.ts';
import { type AskedRow, openAskedData } from '../src/chain/askedData.ts';
import { openClient } from '../src/chain/client.ts';
import { sendFrom } from '../src/chain/sendFrom.ts';
import type { Actor } from './support/actors.ts';
import { openClock } from './support/clock.ts';
import { openledger, startCommand } from './support/command.ts';
import { type Settled, type SettledFile, settleBatch } from './support/falseBatch.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let asker: Actor;
let watcher: Actor;
let payer: Actor;
let session: Session;
let bond: bigint;
let honest: Settled;
let bundles: ReceiptBundle[];
let rows: IndexRows;
let watches = 0;
const clock = openClock(inject('chainUrl'));
const folder = mkdtempSync(join(tmpdir(), 'openledger-rows-'));
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });
const questions = ['what does transfer do', 'what does approve do'] as const;
let model: string;

beforeAll(async () => {
  world = await openWorld();
  world.engine.behaviour.emptyComponents = 4_096; // so rows have two chunks, and the first scores nothing
  await world.start();
  const [alice, proposer, patron] = [await world.newActor(), await world.newActor(), await world.newActor()];
  [asker, watcher, payer] = [await world.newActor(), await world.newActor(), await world.newActor()];
  const { data, operators, token } = world.contracts;
  bond = await world.client.readContract({ ...data, functionName: 'bond' });
  const stake = 500n * 10n ** 18n; // what is slashed leaves the operator active
  await world.transact(patron, token, 'approve', [operators.address, stake]);
  await world.transact(patron, operators, 'addStake', [world.operator.address, stake]);
  const records = [makeRecord(questions[0], 'moves tokens to another account'), makeRecord(questions[1], 'lets another spend')];
  const datanet = await makeDatanet(world, [[alice, records]]);
  const made = await makeModel(world, proposer, datanet);
  model = `model/${made.modelId}`;
  session = await makeSession(world, payer);
  const readFile = async (cid: string): Promise<Uint8Array> => (await fetch(`${world.ipfsUrl}/ipfs/${cid}`)).bytes();
  const found = await readIndexRows(world.client, world.deployment, made.releaseHash, readFile);
  if (typeof found === 'string') throw new Error(found);
  rows = found;
});

afterAll(async () => {
  await clock.release();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const onChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });

async function ask(content: string): Promise<ReceiptBundle> {
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: session.apiKey, maxRetries: 0 });
  return answerSchema.parse(
    await client.chat.completions.create({ model, messages: [{ role: 'user', content }], max_tokens: 16 }),
  ).receipt;
}

/** Has the service settle these calls. */
async function settleHere(): Promise<Settled> {
  const { settled } = await onChain();
  await world.gateway.settle();
  const batch = await until('the batch', async () => {
    const batches = await world.gateway.batches(world.operator.address);
    const found = batches.find(({ batchIndex, status }) => batchIndex === settled + 1 && status === 'pending');
    return found?.header && found.dataCid ? found : undefined;
  });
  const { rewards } = batchFileSchema.parse(JSON.parse(await world.readFile(batch.dataCid as string)));
  return { header: batch.header as Settled['header'], rewards };
}

/** `openledger data request`, as somebody with an account. */
function request(who: Actor | undefined, batchIndex: number, ...words: string[]) {
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
  const args = ['data', 'request', world.operator.address, String(batchIndex), ...words, ...sources];
  return openledger(args, { OPENLEDGER_WATCH_KEY: who?.key ?? '' });
}

test('a release with rows of several chunks is served, and its receipts hold against the published rows', async () => {
  bundles = [await ask(questions[0]), await ask(questions[1])];
  for (const bundle of bundles) {
    expect(bundle.release.k).toBeGreaterThan(4_096);
    expect(bundle.evidence.records[0]?.partials).toHaveLength(2);
    expect(await notPassed(world, bundle)).toEqual([]);
  }
});

test('asked for, a row is answered in time for the bond, from the published rows where the engine lost its index', async () => {
  honest = await settleHere();
  const { batchIndex } = honest.header.body;
  const held = await world.balanceOf(world.operator.address);
  const first = await request(asker, batchIndex, 'row', '1', '0', '1', '--wait');
  expect(first.output).toContain('row 0, chunk 1, that receipt 1 was scored with of batch');
  expect(first.output).toContain('Answered in 0x');
  expect(first.code).toBe(0);
  world.engine.behaviour.isIndexMissing = true;
  const second = await request(asker, batchIndex, 'row', '2', '1', '--wait');
  world.engine.behaviour.isIndexMissing = false;
  expect(second).toMatchObject({ code: 0 });
  expect(await world.balanceOf(world.operator.address)).toBe(held + 2n * bond);

  const events = { ...world.contracts.data, eventName: 'DataAnswered', args: { operator: world.operator.address } } as const;
  const answers = (await world.client.getContractEvents({ ...events, fromBlock: 0n, strict: true })).map(({ args }) =>
    readDataAnswer(args.answer),
  );
  expect(answers).toHaveLength(2);
  for (const answer of answers) {
    if (answer?.of !== 'row') throw new Error('another answer than asked');
    const of = bundles.find(({ evidence }) => evidence.queryRoot === answer.by.evidence.queryRoot);
    const row = rows.componentsAt(answer.asked.position);
    expect(answer.partials).toEqual(partialScores(int8FromHex(of?.query as Hex), row));
    const { leaf } = answer.row;
    expect({ ...leaf, contributor: leaf.contributor.toLowerCase() }).toEqual(rows.leaves[answer.asked.position]);
  }
});

test('what cannot be asked is refused with its reason, and costs nothing', async () => {
  const { batchIndex } = honest.header.body;
  const held = await world.balanceOf(asker.address);
  const said = async (who: Actor | undefined, index: number, ...words: string[]) => {
    const { code, output } = await request(who, index, ...words);
    expect(code).toBe(1);
    return output;
  };
  expect(await said(asker, batchIndex, 'row', '1', '0', '1')).toContain('DataRequests_AskedBefore');
  expect(await said(asker, batchIndex, 'row', '1', '9')).toContain('DataRequests_NoSuchRow');
  expect(await said(asker, batchIndex, 'row', '7', '0')).toContain('The batch has no receipt 7');
  expect(await said(asker, batchIndex, 'row', '1')).toContain('row takes a receipt, a position in the index and a chunk');
  expect(await said(asker, batchIndex, 'row', '1', 'x')).toContain('"x" is no position in the index');
  expect(await said(asker, batchIndex, 'secrets')).toContain('"secrets" cannot be asked for');
  expect(await said(asker, batchIndex, 'receipt')).toContain('receipt takes the number of a leaf');
  expect(await said(asker, batchIndex, 'allocations', '0', '17')).toContain('DataRequests_');
  expect(await said(asker, 9, 'parameters')).toContain('has settled no batch 9');
  expect(await said(undefined, batchIndex, 'parameters')).toContain('OPENLEDGER_WATCH_KEY names no account');
  const poor = await world.newActor();
  const all = await world.balanceOf(poor.address);
  await world.transact(poor, world.contracts.token, 'transfer', [watcher.address, all - bond + 1n]);
  expect(await said(poor, batchIndex, 'parameters')).toContain(`${poor.address} has no`);
  expect(await world.balanceOf(asker.address)).toBe(held);
});

test('parameters, a receipt and leaves are asked for by the same command', async () => {
  const { batchIndex, allocations } = honest.header.body;
  for (const words of [['parameters'], ['receipt', '1'], ['allocations', '0', String(Math.min(allocations.count, 16))]])
    expect(await request(asker, batchIndex, ...words, '--wait')).toMatchObject({ code: 0 });
  await world.advance(60);
  await until('finality', async () => (await onChain()).finalized === batchIndex);
});

/** A batch of the operator's own making that leaves every record out, and a receipt of it as its payer has it. */
async function settleOmission(): Promise<{ settled: SettledFile; receipts: string; from: string }> {
  await clock.halt();
  const from = String((await world.client.getBlockNumber()) + 1n);
  const lied = bundles.map((bundle): ReceiptBundle => ({ ...bundle, evidence: { ...bundle.evidence, records: [] } }));
  const settled = await settleBatch(world, session, bundles, honest, {
    evidence: (evidence) => ({ ...evidence, records: [] }),
    allocations: (_honest, position) => allocateBundle(lied[position] as ReceiptBundle).allocations,
  });
  const [held] = lied as [ReceiptBundle];
  const found = settled.file.receipts.find(({ receipt }) => receipt.sequence === held.receipt.sequence);
  if (!found) throw new Error('The receipt is not in the batch.');
  const { receipt, signature, allocations } = found;
  const receipts = mkdtempSync(join(folder, 'receipts-'));
  const mine = { ...held, receipt, receiptHash: receiptHash(receipt), signature, allocations };
  writeFileSync(join(receipts, 'mine.json'), JSON.stringify(toJson(mine)));
  return { settled, receipts, from };
}

function watchArgs({ receipts, from }: { receipts: string; from: string }) {
  watches += 1;
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
  const place = ['--poll', '0.2', '--state', join(folder, `${watches}.json`), '--from', from, '--receipts', receipts];
  return { args: ['watch', ...sources, ...place], environment: { OPENLEDGER_WATCH_KEY: watcher.key } };
}

async function watchOf(omission: { receipts: string; from: string }) {
  const { args, environment } = watchArgs(omission);
  const watching = startCommand(args, { environment: { ...process.env, ...environment } });
  await watching.says('Filing proofs as');
  await clock.go();
  await watching.says('what its row scored is asked for on chain in');
  return watching;
}

/** The operator's answer to the one request for a row, whatever it states. */
async function answerAs(
  { settled, from }: { settled: SettledFile; from: string },
  state: (honest: readonly number[]) => number[],
) {
  const { header, file } = settled;
  const { contracts, deployment } = world;
  const rpcUrl = inject('chainUrl');
  const source = { contracts, rpcUrl, client: await openClient({ rpcUrl, deployment, pollMs: 50 }) };
  const body = { ...contracts.data, eventName: 'RowRequested', args: { operator: world.operator.address } } as const;
  const [event] = await world.client.getContractEvents({ ...body, fromBlock: BigInt(from), strict: true });
  if (!event) throw new Error('nothing is asked');
  const asked = (await openAskedData(source).askedOf(event.args.headerHash, BigInt(from))).find(
    (one): one is AskedRow => one.of === 'row',
  );
  const one = file.receipts.find(({ receipt }) => receipt.evidenceHash === asked?.evidenceHash);
  const { query, release } = bundles.find(({ evidence }) => evidence.queryRoot === one?.evidence.queryRoot) as ReceiptBundle;
  if (!asked || !one) throw new Error('another receipt is asked about');
  const held = { release, index: rows.leaves, row: rows.componentsAt(asked.position), evidence: one.evidence };
  const truth = rowAnswer(header, asked, { ...held, query: int8FromHex(query as Hex) });
  const { functionName, args } = decodeFunctionData({ abi: dataRequestsAbi, data: truth });
  if (functionName !== 'answerRow') throw new Error('no answer for a row');
  const [given, of, by, row, chunk, partials] = args;
  const data = encodeFunctionData({ abi: dataRequestsAbi, functionName, args: [given, of, by, row, chunk, state(partials)] });
  const sent = await sendFrom({ ...source, account: world.operator.account }, contracts.data.address, data);
  expect(sent.status).toBe('success');
}

const isUndone = () => until('the refunds', async () => (await onChain()).voidedFrom === 0 && (await onChain()).settled === 1);

describe('an operator that withdraws from its service', () => {
  beforeAll(async () => {
    bundles = [await ask(questions[0]), await ask(questions[1])];
    await world.kill();
  });

  test.each<[what: string, fault: string, state: (honest: readonly number[]) => number[]]>([
    ['admits by a true answer what it left out', 'omitted record', (partials) => [...partials]],
    ['is refuted with query and published row, whichever chunk it lies about', 'false score', () => [0, 0]],
  ])('and leaves a record out %s', async (_, fault, state) => {
    const held = await world.balanceOf(watcher.address);
    const omission = await settleOmission();
    const watching = await watchOf(omission);
    await answerAs(omission, state);
    await watching.says(`is proven wrong (${fault}`);
    await watching.says('are refunded, in 1 transactions.');
    await watching.stop();
    await isUndone();
    // It has answered, so the bond is its; the reward is the watcher's.
    expect(await world.balanceOf(watcher.address)).toBeGreaterThan(held - bond);
  });

  test('and leaves a record out loses the batch when it says nothing', async () => {
    const held = await world.balanceOf(watcher.address);
    const watching = await watchOf(await settleOmission());
    expect(await world.balanceOf(watcher.address)).toBe(held - bond);
    await clock.pass(16);
    await watching.says('is proven wrong (withheld data');
    await watching.says('are refunded, in 1 transactions.');
    await watching.stop();
    await isUndone();
    expect(await world.balanceOf(watcher.address)).toBeGreaterThan(held);
  });

  test('and lies about a row is refuted by whoever asked with the receipt of its payer', async () => {
    const omission = await settleOmission();
    await clock.release();
    const sequence = bundles[0]?.receipt.sequence;
    const leaf = 1 + omission.settled.file.receipts.findIndex(({ receipt }) => receipt.sequence === sequence);
    const held = await world.balanceOf(asker.address);
    const waiting = request(asker, 2, 'row', String(leaf), '0', '--wait', '--receipts', omission.receipts);
    await until('the request', async () => (await world.balanceOf(asker.address)) === held - bond);
    await answerAs(omission, () => [0, 0]);
    const { code, output } = await waiting;
    expect(output).toContain('The operator states that row 0 scores 0 + 0.');
    expect(output).toContain('The batch is proven wrong (false score: The operator states 0 for chunk 1 of row 0');
    expect(code).toBe(1);
    const { args, environment } = watchArgs(omission);
    await openledger([...args, '--once'], environment); // which sends the refunds
    await isUndone();
  });

  test('loses an honest batch too when it does not answer, to whoever waited for it', async () => {
    const held = await world.balanceOf(asker.address);
    await clock.release();
    await settleBatch(world, session, bundles, honest);
    const waiting = request(asker, 2, 'row', '1', '0', '--wait');
    await until('the request', async () => (await world.balanceOf(asker.address)) === held - bond);
    await clock.pass(16);
    const { code, output } = await waiting;
    expect(output).toContain('The batch is proven wrong (withheld data');
    expect(code).toBe(1);
    expect((await onChain()).voidedFrom).toBe(2);
    expect(await world.balanceOf(asker.address)).toBeGreaterThan(held);
  });
});
