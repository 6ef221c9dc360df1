import { openLedgerDomain, signCancelJob } from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { acceptQuote, type Datanet, makeDatanet, makeRecord, method, openJob, training } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let proposer: Actor;
let datanet: Datanet;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, bob] = [await world.newActor(), await world.newActor()];
  proposer = await world.newActor();
  const copied = makeRecord(
    'what does transfer do exactly',
    'it moves tokens from the caller to another account, and emits an event when it has done so',
  );
  datanet = await makeDatanet(world, [
    [alice, [copied, makeRecord('what does approve do', 'it lets a spender move tokens later')]],
    [
      bob,
      [
        { ...copied, source: { ...copied.source, title: 'the same again' } },
        makeRecord('what does grantRole do', 'it gives a role to an account'),
      ],
    ],
  ]);
});

afterAll(() => world?.stop());

afterEach(() => {
  Object.assign(world.engine.behaviour, { stepDelayMs: 0, failTraining: undefined });
});

const status = async (jobId: number): Promise<string> => (await world.gateway.job(jobId)).status;
const typesOf = async (jobId: number): Promise<string[]> =>
  (await world.query(`SELECT type FROM job_events WHERE job_id = ${jobId} ORDER BY seq`)).map(({ type }) => String(type));
const onChain = (jobId: number) => world.client.readContract({ ...world.contracts.jobs, functionName: 'job', args: [jobId] });

test('an estimate says what a job would cost before there is one', async () => {
  const estimate = await world.gateway.estimate({
    baseModel: (await world.gateway.bases())[0]?.id ?? '0x',
    method,
    training,
    datanets: [{ datanetId: datanet.datanetId, version: 1 }],
  });
  expect(estimate.records).toBe(4);
  expect(estimate.price).toBe(BigInt(estimate.trainTokens) * 10n ** 14n);
  await expect(
    world.gateway.estimate({ baseModel: `0x${'1'.repeat(64)}`, method, training, datanets: [{ datanetId: 1, version: 1 }] }),
  ).rejects.toMatchObject({ status: 404, code: 'base_not_found' });
});

test('a base says what training on it takes, and an estimate what could need less', async () => {
  const [base] = await world.gateway.bases();
  expect(base?.training).toEqual({
    price: 10n ** 14n,
    reference: { rank: 8, batchSize: 4, maxLength: 128 },
    kinds: { lora: { memoryBytes: 1_000_000, tokensPerSecond: 1_000 } },
    freeBytes: 2_000_000,
  });
  const { changes } = await world.gateway.estimate({
    baseModel: base?.id ?? '0x',
    method,
    training,
    datanets: [{ datanetId: datanet.datanetId, version: 1 }],
  });
  expect(changes).toEqual([{ set: { batchSize: 2, accumulate: 2 }, savesBytes: 1_000 }]);
});

test('a copied record belongs to whoever committed first, in the index too', async () => {
  const { jobId } = await openJob(world, proposer, datanet);
  await acceptQuote(world, proposer, jobId);
  await until('the release', async () => (await status(jobId)) === 'attested');
  const [release] = await world.query(`SELECT rows FROM releases WHERE job_id = ${jobId}`);
  const rows = release?.rows as { cluster: string; contributor: string; source: { title: string } }[];
  const copies = rows.filter(({ source }) => source.title.includes('transfer') || source.title === 'the same again');
  expect(copies).toHaveLength(2);
  expect(new Set(copies.map(({ cluster }) => cluster)).size).toBe(1);
  expect(new Set(copies.map(({ contributor }) => contributor)).size).toBe(1);
});

test('a job with too little in escrow is declined with the reason', async () => {
  const { jobId } = await openJob(world, proposer, datanet, { escrow: 10_000n });
  await until('the refusal', async () => (await status(jobId)) === 'declined');
  expect((await world.gateway.job(jobId)).error).toContain('open one with more');
  const [event] = await world.query(`SELECT data FROM job_events WHERE job_id = ${jobId} AND type = 'declined'`);
  expect(event?.data).toMatchObject({ code: 'insufficient_escrow', price: expect.stringMatching(/^\d+$/) });
});

test('a job whose specification names other data is declined', async () => {
  const { jobId } = await openJob(world, proposer, datanet, {
    spec: { datanets: [{ datanetId: datanet.datanetId, version: 7 }] },
  });
  await until('the refusal', async () => (await status(jobId)) === 'declined');
});

test('a training that fails says why, and the escrow goes back when the time is over', async () => {
  world.engine.behaviour.failTraining = {
    message: 'The engine stopped while this job was training.',
    hint: 'Start the training again.',
  };
  const { jobId } = await openJob(world, proposer, datanet);
  await acceptQuote(world, proposer, jobId);
  await until('the failure', async () => (await status(jobId)) === 'failed');
  const job = await world.gateway.job(jobId);
  expect([job.error, job.hint]).toEqual(['The engine stopped while this job was training.', 'Start the training again.']);
  expect((await onChain(jobId)).status).toBe(2); // accepted: not attested, not refunded yet
  const before = await world.balanceOf(proposer.address);
  await world.advance(700);
  await until('the refund', async () => (await status(jobId)) === 'timed-out');
  expect((await world.balanceOf(proposer.address)) - before).toBe(10n ** 18n);
  expect((await typesOf(jobId)).slice(-3)).toEqual(['failed', 'refund-due', 'timed-out']);
});

test('a training is stopped by its requester alone, and the rest of the escrow goes back when the time is over', async () => {
  world.engine.behaviour.stepDelayMs = 500;
  const { jobId } = await openJob(world, proposer, datanet, { spec: { training: { ...training, epochs: 30 } } });
  const { specCid } = z.object({ specCid: z.string() }).parse(await world.gateway.job(jobId));
  const domain = openLedgerDomain(await world.client.getChainId(), world.contracts.jobs.address);
  const stop = async (who: Actor, named = specCid) => {
    const signature = await signCancelJob(who.account, { jobId, specCid: named }, domain);
    return world.gateway.cancelJob({ jobId, specCid: named, signature });
  };
  await expect(stop(proposer)).rejects.toMatchObject({ status: 409, code: 'not_running' });
  await acceptQuote(world, proposer, jobId);
  await until('the training', async () => (await typesOf(jobId)).includes('step'));
  await expect(stop(datanet.provider)).rejects.toMatchObject({ status: 403, code: 'not_the_requester' });
  await expect(stop(proposer, 'another')).rejects.toMatchObject({ status: 404, code: 'job_not_found' });
  await stop(proposer);
  await until('the end', async () => (await status(jobId)) === 'failed');
  expect((await typesOf(jobId)).slice(-2)).toEqual(['cancelled', 'refund-due']);
  await world.advance(700);
  await until('the refund', async () => (await status(jobId)) === 'timed-out');
});

test('a log can be read again from any place, and follows live', async () => {
  world.engine.behaviour.stepDelayMs = 300;
  const { jobId } = await openJob(world, proposer, datanet);
  await acceptQuote(world, proposer, jobId);
  const seen: number[] = [];
  for await (const event of world.gateway.jobEvents(jobId, 1)) {
    seen.push(event.seq);
    if (event.type === 'attested') break;
  }
  expect(seen).toEqual(seen.map((_, index) => index + 1));
  const again: string[] = [];
  for await (const event of world.gateway.jobEvents(jobId, 2)) again.push(event.type);
  expect(again.at(-1)).toBe('attested');
});

test('a service that is killed during training goes on where it was, each event once', async () => {
  world.engine.behaviour.stepDelayMs = 800;
  const { jobId } = await openJob(world, proposer, datanet, { spec: { training: { ...training, epochs: 4 } } });
  await acceptQuote(world, proposer, jobId);
  await until('the training', async () => (await typesOf(jobId)).includes('step'));
  await world.kill();
  await world.start();
  await until('the release', async () => (await status(jobId)) === 'attested');
  const types = await typesOf(jobId);
  expect(types.filter((type) => type === 'step')).toHaveLength(4);
  expect(types.filter((type) => type === 'attested')).toHaveLength(1);
  const data = await world.query(
    `SELECT purpose FROM transactions WHERE purpose IN ('quote:${jobId}', 'attest:${jobId}') OR purpose LIKE 'checkpoint:${jobId}:%'`,
  );
  expect(data.map(({ purpose }) => purpose).sort()).toEqual([
    `attest:${jobId}`,
    `checkpoint:${jobId}:2`,
    `checkpoint:${jobId}:4`,
    `quote:${jobId}`,
  ]);
});

test('an engine that is gone for good cannot make a job hang', async () => {
  world.engine.behaviour.stepDelayMs = 1_000;
  const { jobId } = await openJob(world, proposer, datanet, { spec: { training: { ...training, epochs: 30 } } });
  await acceptQuote(world, proposer, jobId);
  await until('the training', async () => (await typesOf(jobId)).includes('step'));
  await world.engine.stop();
  await world.advance(700);
  await until('the refund', async () => (await status(jobId)) === 'timed-out', 90);
  expect((await onChain(jobId)).status).toBe(4);
  expect((await world.gateway.info()).operator).toBe(world.operator.address.toLowerCase());
});
