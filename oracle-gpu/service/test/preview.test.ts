import { createHash } from 'node:crypto';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { type Datanet, makeDatanet, makeModel, makeRecord, makeSession, toJsonl } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let alice: Actor;
let datanet: Datanet;
let modelId: number;
let apiKey: string;

const transfer = makeRecord('what does transfer do', 'moves tokens from the caller to another account');
const approve = makeRecord('what does approve do', 'lets a spender move tokens later');
const rival = makeRecord('how does transfer work in detail', 'transfer does move what tokens the caller has, and emits an event');
const foreign = makeRecord('wie wird das wetter', 'heiter bis wolkig');

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_PREVIEWS_PER_MINUTE: '30' } });
  await world.start();
  alice = await world.newActor();
  datanet = await makeDatanet(world, [[alice, [transfer, approve]]]);
  ({ modelId } = await makeModel(world, await world.newActor(), datanet));
  apiKey = (await makeSession(world, await world.newActor())).apiKey;
});

afterAll(() => world?.stop());

async function ask(times: number): Promise<void> {
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey, maxRetries: 0 });
  for (let call = 0; call < times; call += 1)
    await client.chat.completions.create({
      model: `model/${modelId}`,
      messages: [{ role: 'user', content: 'what does transfer do' }],
      max_tokens: 32,
      temperature: 0,
    });
}

const look = (...records: Parameters<typeof toJsonl>[0]) => world.gateway.previewFile(datanet.datanetId, toJsonl(records));

/** Everything that the service could have written: the rows of all its tables, and the files it pinned. */
async function traces(): Promise<string> {
  const tables = await world.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename");
  const hash = createHash('sha256');
  for (const { tablename } of tables) {
    if (tablename === 'cursors') continue; // the chain goes on, and the state of what was sent with it
    const written = tablename === 'transactions' ? "purpose || ' ' || data" : 't::text';
    const rows = await world.query(`SELECT ${written} AS row FROM "${String(tablename)}" t ORDER BY 1`);
    hash.update(`${String(tablename)} ${JSON.stringify(rows)}`);
  }
  const jobs = [...world.engine.jobs.keys()].join();
  return `${hash.digest('hex')} ${jobs}`;
}

test('with too few calls it says what repeats, and no amounts', async () => {
  await ask(4);
  const found = await look(transfer, rival);
  expect(found.calls).toMatchObject({ total: 4, replayed: 4, others: 0, missing: [] });
  expect(found.earned).toBeNull();
  expect(found.records.map(({ earned }) => earned)).toEqual([null, null]);
});

test('a new record earns beside those that were there, a copy is paid to the first, a stranger gets nothing', async () => {
  await ask(2);
  const again = makeRecord(
    'how does transfer work  in detail',
    'transfer does move what tokens the caller has, and emits an event',
  );
  const copy = makeRecord('what does  transfer do', 'moves tokens from the caller to another account');
  const progress: number[] = [];
  const found = await world.gateway.previewFile(datanet.datanetId, toJsonl([rival, again, copy, foreign]), {
    onProgress: (done) => progress.push(done),
  });
  expect(found.compared).toBe(2);
  expect(found.calls).toMatchObject({ total: 6, replayed: 6 });
  const [first, second, third, fourth] = found.records;
  expect(first?.repeats).toBeNull();
  expect(second?.repeats).toMatchObject({ kind: 'whitespace', ofRecord: first?.recordId });
  expect(third?.repeats).toMatchObject({
    kind: 'whitespace',
    of: { contributionId: datanet.contributionIds[0], position: 0, contributor: alice.address.toLowerCase() },
  });
  expect(first?.earned).toBeGreaterThan(0n);
  expect([second?.earned, third?.earned, fourth?.earned]).toEqual([0n, 0n, 0n]);
  // Six equal calls: every sample of them is worth the same, and the sum is exact.
  expect(found.earned).toEqual({ amount: first?.earned, low: first?.earned, high: first?.earned });
  expect((first?.earned ?? 0n) % 6n).toBe(0n);
  expect(progress.at(0)).toBe(0);
  expect(progress.at(-1)).toBe(1);
});

test('nothing of the file is written anywhere', async () => {
  await until('the chain to be read', async () => true);
  const before = await traces();
  const pinned = await world.gateway.uploadRecords(toJsonl([foreign])); // a control: this does leave a trace
  expect(await world.readFile(pinned.cid)).toContain('wetter');
  await look(rival, foreign);
  expect(await traces()).toBe(before);
  expect(world.output()).not.toContain('wolkig');
  expect(world.output()).not.toContain('emits an event');
});

test('a bad line is named, a file that is too large refused, and a datanet that is not there said so', async () => {
  const send = (body: string) => world.gateway.previewFile(datanet.datanetId, body);
  await expect(send(`${JSON.stringify(rival)}\n{"messages":`)).rejects.toMatchObject({
    code: 'invalid_records',
    status: 400,
    detail: { details: [{ line: 2 }] },
  });
  await expect(send('')).rejects.toMatchObject({ code: 'invalid_records' });
  await expect(send('x'.repeat(8 * 1024 * 1024 + 1))).rejects.toMatchObject({ code: 'file_too_large', status: 413 });
  const many = Array.from({ length: 513 }, (_, i) => makeRecord(`question ${i}`, `answer ${i}`));
  await expect(send(toJsonl(many))).rejects.toMatchObject({ code: 'invalid_records' });
  await expect(world.gateway.previewFile(99_999, toJsonl([rival]))).rejects.toMatchObject({
    code: 'datanet_not_found',
    status: 404,
  });
});

test('a release that cannot place new records is told apart from one that would pay nothing', async () => {
  world.engine.behaviour.failPreview = [409, 'no_record_maps', 'The index of this release cannot place new records.'];
  const found = await look(rival).finally(() => {
    world.engine.behaviour.failPreview = undefined;
  });
  expect(found.calls).toMatchObject({ total: 0, replayed: 0, missing: [{ modelId, calls: 6, code: 'no_record_maps' }] });
  expect(found.earned).toBeNull();
});

test('an engine that fails is said so, and the next file is looked at', async () => {
  world.engine.behaviour.failPreview = [500, 'internal', 'The engine failed.'];
  await expect(look(rival)).rejects.toMatchObject({ code: 'engine_unavailable' });
  world.engine.behaviour.failPreview = undefined;
  expect((await look(rival)).earned?.amount).toBeGreaterThan(0n);
});

test('one file at a time; a reader who leaves frees the place', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = false;
  world.engine.behaviour.onPreview = () => {
    entered = true;
    return held;
  };
  const leaving = new AbortController();
  const first = world.gateway
    .previewFile(datanet.datanetId, toJsonl([rival]), { signal: leaving.signal })
    .catch((error: unknown) => error);
  await until('the engine to be asked', async () => entered);
  await expect(look(rival)).rejects.toMatchObject({ code: 'preview_busy', status: 503 });
  world.engine.behaviour.onPreview = undefined;
  leaving.abort();
  await first;
  const found = await until('the place to be free', () => look(rival).catch(() => undefined));
  expect(found.earned?.amount).toBeGreaterThan(0n);
  release();
});

test('files are limited per address', async () => {
  const answers = await Promise.all(Array.from({ length: 35 }, () => look(rival).catch((error: unknown) => error)));
  expect(answers).toContainEqual(expect.objectContaining({ code: 'too_many_requests' }));
});
