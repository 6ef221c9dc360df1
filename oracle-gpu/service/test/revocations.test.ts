// Data that its contributor takes out after it was accepted: cited no more, trained on no more, and still paid by what was
// trained on it before.
import { receiptBundleSchema, retrievalSchema, verifySource, versionTree } from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import {
  acceptQuote,
  type Datanet,
  makeDatanet,
  makeModel,
  makeRecord,
  makeSession,
  method,
  openJob,
  training,
} from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let [alice, bob, proposer]: Actor[] = [];
let shared: Datanet;
let lone: Datanet;
let model: string;
let apiKey: string;

const watering = makeRecord('who waters the glasshouse of Ormonde', 'old Perkin waters the glasshouse at dawn');
const question = 'who waters the glasshouse';
const answerSchema = retrievalSchema.extend({ receipt: receiptBundleSchema });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  [alice, bob, proposer] = [await world.newActor(), await world.newActor(), await world.newActor()];
  shared = await makeDatanet(world, [
    [alice, [watering, makeRecord('what does transfer do', 'moves tokens to another account')]],
    // Alice came first: while her record is there, bob's is of her cluster.
    [bob, [{ ...watering, source: { ...watering.source, title: 'of the glasshouse' } }, makeRecord('what is burn', 'an end')]],
  ]);
  lone = await makeDatanet(world, [[alice, [makeRecord('where does the heron nest', 'the heron nests by the weir')]]]);
  model = `model/${(await makeModel(world, proposer, shared)).modelId}`;
  apiKey = (await makeSession(world, await world.newActor())).apiKey;
  await until('the datanets to be indexed', async () => (await shelved()).length === 2);
});

afterAll(() => world?.stop());
afterEach(() => Object.assign(world.engine.behaviour, { isIndexingBroken: false, stepDelayMs: 0 }));

const shelved = async () =>
  z
    .array(z.object({ datanetId: z.int(), version: z.int(), records: z.int() }))
    .parse(await (await fetch(`${world.url}/v1/sources`)).json())
    .filter(({ datanetId }) => datanetId === shared.datanetId || datanetId === lone.datanetId);

async function ask(content: string, retrieval?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], max_tokens: 40, seed: 1, retrieval }),
  });
  return { status: response.status, body: await response.json() };
}

async function cited() {
  const { status, body } = await ask(question, { datanets: [shared.datanetId] });
  expect(status, JSON.stringify(body)).toBe(200);
  return answerSchema.parse(body);
}

async function revoke(datanet: Datanet, who: Actor | undefined, place: number): Promise<void> {
  const contributionId = datanet.contributionIds[place] as number;
  await world.transact(who as Actor, world.contracts.datanets, 'revoke', [contributionId]);
  await until('the revocation to be read', async () => {
    const rows = await world.query(`SELECT status FROM contributions WHERE contribution_id = ${contributionId}`);
    return rows[0]?.status === 'revoked';
  });
}

const estimate = async ({ datanetId }: Datanet, version: number) =>
  world.gateway.estimate({
    baseModel: (await world.gateway.bases())[0]?.id ?? '0x',
    method,
    training,
    datanets: [{ datanetId, version }],
  });

async function contributionsOf(jobId: number): Promise<number[]> {
  const releases = await world.query(`SELECT rows FROM releases WHERE job_id = ${jobId}`);
  return releases.flatMap(({ rows }) => (rows as { contributionId: number }[]).map(({ contributionId }) => contributionId));
}

const isAttested = (jobId: number) => until('the release', async () => (await world.gateway.job(jobId)).status === 'attested');

test('an answer cites what is accepted', async () => {
  const { sources } = await cited();
  expect(sources.map(({ contributor }) => contributor)).toEqual([alice?.address.toLowerCase()]);
  expect((await estimate(shared, 1)).records).toBe(4);
});

test('a revoked record is found no more, before the index without it is there and after a restart', async () => {
  world.engine.behaviour.isIndexingBroken = true;
  await revoke(shared, alice, 0);
  const { sources, retrieval, receipt } = await cited();
  expect([retrieval.abstained, sources, receipt.evidence.passages]).toEqual([true, [], []]);
  await world.kill();
  await world.start();
  const { status, body } = await ask(question, { datanets: [shared.datanetId] });
  expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining('retrieval_unavailable')]);
});

test('then who gave the same later is cited and paid, with a proof into the version as it was published', async () => {
  await until('the new index', async () => (await shelved()).some(({ records }) => records === 2));
  const { sources, receipt } = await cited();
  expect(sources.map(({ contributor, version }) => [contributor, version])).toEqual([[bob?.address.toLowerCase(), 1]]);
  const root = await world.client.readContract({
    ...world.contracts.datanets,
    functionName: 'versionRoot',
    args: [shared.datanetId, 1],
  });
  expect(sources.every((source) => verifySource(source, root))).toBe(true);
  expect(await notPassed(world, receipt)).toEqual([]);
  await until('the old index to go', async () => {
    const keys = [...world.engine.retrieval.keys()].filter((key) => key.startsWith(`${shared.datanetId}@`));
    return keys.length === 1;
  });
});

test('what was trained on it before still pays it', async () => {
  const { status, body } = await ask('what does transfer do');
  expect(status).toBe(200);
  const { receipt } = z.object({ receipt: receiptBundleSchema }).parse(body);
  expect(receipt.records.map(({ contributor }) => contributor)).toContain(alice?.address.toLowerCase());
  expect(await notPassed(world, receipt)).toEqual([]);
});

test('a training of the same version leaves it out', async () => {
  expect((await estimate(shared, 1)).records).toBe(2);
  const { jobId } = await makeModel(world, await world.newActor(), shared);
  expect(new Set(await contributionsOf(jobId))).toEqual(new Set([shared.contributionIds[1]]));
});

test('a version without it can be published, and is what is cited next', async () => {
  const contributionId = shared.contributionIds[1] as number;
  const { recordsRoot, records } = await world.client.readContract({
    ...world.contracts.datanets,
    functionName: 'contribution',
    args: [contributionId],
  });
  const { root } = versionTree([{ contributionId, recordsRoot, records }]);
  await world.transact(shared.provider, world.contracts.datanets, 'publish', [shared.datanetId, root, '']);
  await until('the new version', async () => (await shelved()).some(({ version }) => version === 2));
  const { sources, receipt } = await cited();
  expect(sources.map(({ contributor, version }) => [contributor, version])).toEqual([[bob?.address.toLowerCase(), 2]]);
  expect(await notPassed(world, receipt)).toEqual([]);
  expect([(await estimate(shared, 1)).records, (await estimate(shared, 2)).records]).toEqual([2, 2]);
});

test('a training that was accepted before goes on with it, also after a restart, and another operator can serve it', async () => {
  world.engine.behaviour.stepDelayMs = 800;
  const { jobId, modelId } = await openJob(world, proposer as Actor, lone, { spec: { training: { ...training, epochs: 4 } } });
  await acceptQuote(world, proposer as Actor, jobId);
  await until('the training', async () => (await world.gateway.job(jobId)).status === 'training');
  await revoke(lone, alice, 0);
  await world.kill();
  await world.start();
  await isAttested(jobId);
  expect(await contributionsOf(jobId)).toEqual(lone.contributionIds);
  await world.transact(proposer as Actor, world.contracts.models, 'setListed', [modelId, true]);
  const second = await openWorld({
    environment: { OPENLEDGER_ENGINE_URL: world.engine.url, OPENLEDGER_IPFS_URL: world.ipfsUrl, OPENLEDGER_TRAINS: 'no' },
  });
  try {
    await second.start();
    await until('the adopted release', async () =>
      (await second.gateway.models()).data.some(({ id }) => id === `model/${modelId}`),
    );
  } finally {
    await second.stop();
  }
});

test('where nothing is left, nothing is trained or cited, and the reason is said', async () => {
  await expect(estimate(lone, 1)).rejects.toMatchObject({ status: 400, code: 'no_records' });
  const { jobId } = await openJob(world, proposer as Actor, lone);
  await until('the refusal', async () => (await world.gateway.job(jobId)).status === 'declined');
  expect((await world.gateway.job(jobId)).error).toContain('withdrew');
  await until('its index to go', async () => (await shelved()).every(({ datanetId }) => datanetId !== lone.datanetId));
  const { status, body } = await ask('where does the heron nest', { datanets: [lone.datanetId] });
  expect([status, JSON.stringify(body)]).toEqual([404, expect.stringContaining('no_records')]);
  expect([...world.engine.retrieval.keys()].some((key) => key.startsWith(`${lone.datanetId}@`))).toBe(false);
});
