import { type ReceiptBundle, receiptBundleSchema, verifyCalibration } from '@openledger/sdk';
import { type Hex, parseEventLogs } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { type Datanet, makeDatanet, makeModel, makeRecord, makeSession, openJob } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let proposer: Actor;
let datanet: Datanet;

const subjects = ['transfer', 'approve', 'mint', 'burn', 'pause', 'grant', 'revoke', 'propose', 'vote', 'queue'];
const verbs = ['do exactly', 'emit when called', 'return to callers'];

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_LOG_LEVEL: 'warn' } });
  await world.start();
  const alice = await world.newActor();
  proposer = await world.newActor();
  const records = subjects.flatMap((subject) =>
    verbs.map((verb) =>
      makeRecord(`what does ${subject} ${verb}`, `${subject} of ${verb} in its own way, number ${subject.length}`),
    ),
  );
  datanet = await makeDatanet(world, [[alice, records]]);
});

afterAll(() => world?.stop());

afterEach(() => {
  Object.assign(world.engine.behaviour, { stepDelayMs: 0, lieBps: 0, failCalibration: undefined });
});

type Released = { jobId: number; modelId: number; releaseHash: Hex };

const release = (): Promise<Released> => makeModel(world, proposer, datanet);

async function ask({ releaseHash }: Released, runs: number, price: bigint, seconds = 3_000): Promise<void> {
  const { contracts, transact, now } = world;
  await transact(proposer, contracts.token, 'approve', [contracts.fidelity.address, price]);
  await transact(proposer, contracts.fidelity, 'request', [releaseHash, runs, price, BigInt((await now()) + seconds)]);
}

/** How often the service said that it leaves a request, for that reason. */
const left = (reason: string): number =>
  world
    .output()
    .split('\n')
    .filter((line) => line.includes('left to run out') && line.includes(reason)).length;

async function call(modelId: number): Promise<ReceiptBundle> {
  const { apiKey } = await makeSession(world, await world.newActor());
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model: `model/${modelId}`, messages: [{ role: 'user', content: 'what does mint do exactly' }] }),
  });
  return z.looseObject({ receipt: receiptBundleSchema }).parse(await response.json()).receipt;
}

const known = ({ releaseHash }: Released) =>
  world.client.readContract({ ...world.contracts.fidelity, functionName: 'fidelityOf', args: [releaseHash] });

test('who pays the price gets the number on chain, with the file that it follows from', async () => {
  const made = await release();
  const unmeasured = await call(made.modelId);
  expect(unmeasured.parameters.fidelity).toEqual({});
  const before = await world.gateway.calibration(made.jobId);
  expect(before).toMatchObject({ releaseHash: made.releaseHash, runs: 24, fidelity: null, progress: null, records: 30 });
  expect(before.price).toBe(2_400n * 10n ** 14n);
  const had = await world.balanceOf(world.operator.address);
  await ask(made, before.runs, before.price);
  await until('the number', async () => (await known(made)).runs === 24);
  expect(await world.balanceOf(world.operator.address)).toBe(had + before.price);
  const logs = await world.client.getLogs({ address: world.contracts.fidelity.address, fromBlock: 0n });
  const [event] = parseEventLogs({ abi: world.contracts.fidelity.abi, eventName: 'FidelityAttested', logs });
  const file = JSON.parse(await world.readFile(event?.args.dataCid ?? ''));
  const { ldsBps, lowBps, highBps } = await known(made);
  expect(verifyCalibration(file)).toEqual({ ldsBps, lowBps, highBps });
  expect(ldsBps).toBeGreaterThan(0);
  await until('the gateway to know', async () => (await world.gateway.calibration(made.jobId)).fidelity !== null);
  const after = await world.gateway.calibration(made.jobId);
  expect(after).toMatchObject({ runs: 48, fidelity: { ldsBps, lowBps, highBps, runs: 24 } });

  const bundle = await call(made.modelId);
  expect(lowBps).toBeGreaterThan(2_500); // below, influence would be paid at the floor all the same
  expect(bundle.parameters.fidelity).toEqual({ [made.releaseHash]: lowBps });
  expect(await notPassed(world, bundle)).toEqual([]);
  const paidToPools = ({ allocations, parameters, receipt }: ReceiptBundle): number =>
    Number(
      allocations
        .filter(({ account }) => parameters.poolSizes.some(({ pool }) => pool === account.toLowerCase()))
        .reduce((sum, { amount }) => sum + amount, 0n),
    ) / Number(receipt.fee);
  expect(paidToPools(bundle)).toBeLessThan(paidToPools(unmeasured));
});

test('too low a price is left to run out, and a better one is taken', async () => {
  const made = await release();
  const { price } = await world.gateway.calibration(made.jobId);
  await ask(made, 24, price - 1n);
  await until('the refusal', async () => left(`It pays ${price - 1n} wei and costs ${price}.`) === 1);
  expect(await known(made)).toMatchObject({ runs: 0 });
  await ask(made, 24, price);
  await until('the number', async () => (await known(made)).runs === 24);
});

test('a service that is killed meanwhile states the number once', async () => {
  world.engine.behaviour.stepDelayMs = 150;
  const made = await release();
  const { price } = await world.gateway.calibration(made.jobId, 26);
  await ask(made, 26, price);
  await until('the beginning', async () => (await world.gateway.calibration(made.jobId, 26)).progress?.status === 'running');
  await world.kill();
  await world.start();
  await until('the number', async () => (await known(made)).runs === 26);
  const logs = await world.client.getLogs({ address: world.contracts.fidelity.address, fromBlock: 0n });
  const stated = parseEventLogs({ abi: world.contracts.fidelity.abi, eventName: 'FidelityAttested', logs });
  expect(stated.filter(({ args }) => args.releaseHash === made.releaseHash)).toHaveLength(1);
});

test('a number that does not follow from its data is not stated, nor one of a calibration that failed', async () => {
  world.engine.behaviour.lieBps = 1;
  const made = await release();
  const { price } = await world.gateway.calibration(made.jobId);
  await ask(made, 24, price);
  await until('the refusal', async () => left('not the one that follows from the calibration') === 1);
  expect(await known(made)).toMatchObject({ runs: 0 });
  Object.assign(world.engine.behaviour, { lieBps: 0, failCalibration: 'The job ran out of memory.' });
  await ask(made, 24, price + 1n);
  await until('the refusal', async () => left('The job ran out of memory.') === 1);
  expect(await known(made)).toMatchObject({ runs: 0 });
  expect((await world.gateway.calibration(made.jobId)).progress?.status).toBe('failed');
});

test('a job that has released nothing cannot be measured', async () => {
  const { jobId } = await openJob(world, proposer, datanet, { escrow: 10_000n });
  await expect(world.gateway.calibration(jobId)).rejects.toMatchObject({ status: 409, code: 'not_released' });
  await expect(world.gateway.calibration(jobId, 25)).rejects.toMatchObject({ status: 400 });
});
