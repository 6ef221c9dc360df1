import type { Session } from '@openledger/sdk';
import type { Hex } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { acceptQuote, type Datanet, makeDatanet, makeRecord, makeSession, openJob, training } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let requester: Actor;
let session: Session;
let datanet: Datanet;
let base: Hex;

const question = { messages: [{ role: 'user' as const, content: 'what does mint do' }], maxTokens: 8 };

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_FREE_ANSWERS_PER_MINUTE: '20' } });
  await world.start();
  datanet = await makeDatanet(world, [[await world.newActor(), [makeRecord('what does burn do', 'it destroys tokens')]]]);
  requester = await world.newActor();
  session = await makeSession(world, requester);
  base = (await world.gateway.bases())[0]?.id ?? '0x';
});

afterAll(() => world?.stop());

test('whoever opened a job asks its checkpoint while it trains, free, and nobody else does', async () => {
  world.engine.behaviour.stepDelayMs = 700;
  const { jobId } = await openJob(world, requester, datanet, { spec: { training: { ...training, epochs: 12 } } });
  expect(await world.gateway.checkpoints(jobId)).toEqual([]); // nobody trains it yet
  await acceptQuote(world, requester, jobId);
  const [first] = await until('a checkpoint', async () => {
    const found = await world.gateway.checkpoints(jobId);
    return found.length > 0 && found;
  });
  const step = first?.step ?? 0;
  const before = await world.gateway.session(session.apiKey);
  const answer = await world.gateway.askCheckpoint(jobId, step, question, session.apiKey);
  expect(answer).toMatchObject({ text: 'Answer what does mint do', finishReason: 'stop', step });
  const asked = world.engine.asked.at(-1) as { adapter: string };
  expect([...world.engine.jobs.values()].some(({ adapter }) => adapter === asked.adapter)).toBe(false); // no release
  expect((await world.gateway.job(jobId)).status).toBe('training');
  expect(await world.gateway.session(session.apiKey)).toEqual(before); // not charged

  const stranger = await makeSession(world, await world.newActor());
  await expect(world.gateway.askCheckpoint(jobId, step, question, stranger.apiKey)).rejects.toMatchObject({
    status: 403,
    code: 'not_the_requester',
  });
  await expect(world.gateway.askCheckpoint(jobId, step, question, `ol-${'9'.repeat(64)}`)).rejects.toMatchObject({ status: 401 });
  await expect(world.gateway.askCheckpoint(jobId, 9_999, question, session.apiKey)).rejects.toMatchObject({
    status: 404,
    code: 'checkpoint_not_found',
  });
  await expect(world.gateway.askCheckpoint(9_999, step, question, session.apiKey)).rejects.toMatchObject({ status: 404 });
  world.engine.behaviour.stepDelayMs = 0;
  await until('the release', async () => (await world.gateway.job(jobId)).status === 'attested');
});

test('the base answers for comparison: free, with a key, one at a time, so many a minute', async () => {
  const before = await world.gateway.session(session.apiKey);
  const answer = await world.gateway.askBase(base, question, session.apiKey);
  expect(answer).toMatchObject({ text: 'Answer what does mint do', completionTokens: 5 });
  expect(world.engine.asked.at(-1)).toMatchObject({ adapter: null, temperature: 0, maxTokens: 8 });
  expect(await world.gateway.session(session.apiKey)).toEqual(before);
  await expect(world.gateway.askBase(base, question, `ol-${'9'.repeat(64)}`)).rejects.toMatchObject({ status: 401 });
  await expect(world.gateway.askBase(`0x${'11'.repeat(32)}`, question, session.apiKey)).rejects.toMatchObject({
    status: 404,
    code: 'base_not_found',
  });
  await expect(world.gateway.askBase(base, { ...question, maxTokens: 10_000 }, session.apiKey)).rejects.toMatchObject({
    status: 400,
    code: 'invalid_request',
  });

  world.engine.behaviour.tokenDelayMs = 100;
  const slow = world.gateway.askBase(base, question, session.apiKey);
  await until('the engine', async () => world.engine.count.generate > 2);
  await expect(world.gateway.askBase(base, question, session.apiKey)).rejects.toMatchObject({ code: 'too_many_calls' });
  await slow;
  world.engine.behaviour.tokenDelayMs = 0;
  const asked = await Promise.allSettled(Array.from({ length: 24 }, () => world.gateway.askBase(base, question, session.apiKey)));
  const codes = asked.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code);
  expect(codes).toContain('too_many_requests');
});
