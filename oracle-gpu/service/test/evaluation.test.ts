import {
  type EvaluationItems,
  evaluationReportSchema,
  evaluationSummarySchema,
  itemsCommitment,
  itemsRoot,
} from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { doubleBase } from './support/engineDouble/behaviour.ts';
import { acceptQuote, type Datanet, makeDatanet, makeRecord, method, openJob, training } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let proposer: Actor;
let datanet: Datanet;

const subjects = [
  'transfer',
  'approve',
  'mint',
  'burn',
  'pause',
  'grant',
  'revoke',
  'propose',
  'vote',
  'queue',
  'claim',
  'stake',
];
const records = subjects.map((subject) => makeRecord(`what does ${subject} do`, `${subject} has its own way of doing things`));
const ask = (question: string, expected: string) => ({ question, expected });
const items: EvaluationItems = {
  schema: 'openledger.evaluation-items.1',
  salt: `0x${'5a'.repeat(32)}`,
  metric: 'contains',
  maxTokens: 16,
  items: [
    ask('What does MINT do', 'makes tokens'), // asked by a record too
    ...['wrap', 'bridge', 'slash', 'delegate'].map((verb) => ask(`what does ${verb} do`, `it will ${verb}`)),
  ],
};

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  proposer = await world.newActor();
  datanet = await makeDatanet(world, [[await world.newActor(), records]]);
});

afterAll(() => world?.stop());

afterEach(() => {
  world.engine.behaviour.failEvaluation = undefined;
});

const fileSchema = z.looseObject({ evaluation: z.looseObject({ heldOutLossAfter: z.number() }), items: z.unknown() });

async function train(evaluation: object) {
  const { jobId, modelId } = await openJob(world, proposer, datanet, { spec: { evaluation } });
  await acceptQuote(world, proposer, jobId);
  await until('the release', async () => (await world.gateway.job(jobId)).status === 'attested');
  const [release] = await world.query(`SELECT evaluation_cid, adapter FROM releases WHERE job_id = ${jobId}`);
  const file = fileSchema.parse(JSON.parse(await world.readFile(String(release?.evaluation_cid))));
  const plan = [...world.engine.jobs.values()].find(({ adapter }) => adapter === release?.adapter)?.plan;
  const trained = (plan?.records ?? []).map(({ messages }) => messages[0]?.content);
  return { jobId, modelId, trained, file, adapter: release?.adapter };
}

test('questions told in confidence are kept out, measured, and published with the release', async () => {
  const commitment = itemsCommitment(items.salt, itemsRoot(items));
  const told = await world.gateway.tellItems(items);
  expect(told).toEqual({ commitment, items: 5 });
  expect(await world.gateway.tellItems(items)).toEqual(told);
  const { trained, file, adapter } = await train(told);
  expect(trained).toHaveLength(11);
  expect(trained).not.toContain('what does mint do');

  expect(file.evaluation.heldOutLossAfter).toBe(2.1);
  const found = evaluationSummarySchema.parse(file.items);
  expect(found.commitment).toBe(commitment);
  expect(JSON.parse(await world.readFile(found.itemsCid))).toEqual(items);
  expect(found.models.map(({ adapter, loss, scoreBps }) => [adapter, loss, scoreBps])).toEqual([
    [null, 3, 0],
    [adapter, 2, 10_000],
  ]);
  const report = evaluationReportSchema.parse(JSON.parse(await world.readFile(found.reportCid)));
  expect(report.rows[1]).toEqual({ ...items.items[1], answers: ['what does wrap do', 'it will wrap'] });
  expect(report.models).toEqual(found.models);
});

test('its answers are paid for, and take their time', async () => {
  const spec = { baseModel: doubleBase.id, method, training, datanets: [{ datanetId: datanet.datanetId, version: 1 }] };
  const plain = await world.gateway.estimate(spec);
  const measured = await world.gateway.estimate({ ...spec, evaluation: await world.gateway.tellItems(items) });
  expect(measured.records).toBe(plain.records - 1);
  expect(measured.price).toBe(BigInt(measured.trainTokens + 2 * 5 * 16) * 10n ** 14n);
  expect(measured.seconds).toBeGreaterThan(plain.seconds);
});

test('the operator draws questions from the data and keeps them out; a failed evaluation does not cost the training', async () => {
  world.engine.behaviour.failEvaluation = 'The evaluation ran out of memory.';
  const datanets = [{ datanetId: datanet.datanetId, version: 1 }];
  const drawn = await world.gateway.drawItems({ datanets, count: 5, maxTokens: 8 });
  const { trained, file } = await train(drawn);
  expect(file.items).toEqual({ ...drawn, failed: 'The evaluation ran out of memory.' });
  const [row] = await world.query(`SELECT items FROM evaluation_items WHERE commitment = '${drawn.commitment}'`);
  const held = row?.items as EvaluationItems;
  expect(itemsCommitment(held.salt, itemsRoot(held))).toBe(drawn.commitment);
  const asked = held.items.map(({ question }) => question);
  expect([...asked, ...trained].sort()).toEqual(subjects.map((subject) => `what does ${subject} do`).sort());
});

test('no more is drawn than leaves half to train on, and nothing of a datanet that is not open', async () => {
  const datanets = [{ datanetId: datanet.datanetId, version: 1 }];
  await expect(world.gateway.drawItems({ datanets, count: 7 })).rejects.toMatchObject({ status: 400, code: 'too_few_records' });
  const gated = await makeDatanet(world, [[await world.newActor(), records.slice(0, 2)]], { isOpen: false });
  await expect(
    world.gateway.drawItems({ datanets: [{ datanetId: gated.datanetId, version: 1 }], count: 5 }),
  ).rejects.toMatchObject({ status: 403, code: 'datanet_not_open' });
});

test('a job that commits to what the operator was not told is declined with what to do', async () => {
  const { jobId } = await openJob(world, proposer, datanet, {
    spec: { evaluation: { commitment: `0x${'77'.repeat(32)}`, items: 5 } },
  });
  await until('the refusal', async () => (await world.gateway.job(jobId)).status === 'declined');
  expect((await world.gateway.job(jobId)).error).toContain('POST /v1/evaluation-items');
  const [first] = items.items;
  if (!first) throw new Error('There are items.');
  const twice = { ...items, items: [...items.items, first] };
  await expect(world.gateway.tellItems(twice)).rejects.toMatchObject({ status: 400, code: 'duplicate_item' });
  await expect(world.gateway.tellItems({ ...items, items: [] })).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
});
