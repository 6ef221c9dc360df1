import { parseJsonl, recordLimits, recordsRoot } from '@openledger/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { contribute, makeDatanet, makeRecord, toJsonl } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_UPLOADS_PER_MINUTE: '40' } });
  await world.start();
});

afterAll(() => world?.stop());

const errorSchema = z.object({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    details: z.array(z.object({ line: z.int(), reason: z.string() })).optional(),
  }),
});

async function upload(kind: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.url}/v1/files?kind=${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/jsonl', ...headers },
    body,
  });
  const value: unknown = await response.json();
  return { status: response.status, value, error: response.ok ? undefined : errorSchema.parse(value).error };
}

const good = makeRecord('what is a token', 'a thing that is counted');

test('a good file is pinned under the CID of its bytes and described as the SDK reads it', async () => {
  const file = toJsonl([good, makeRecord('what is a role', 'a right')]);
  const { value } = await upload('records', file);
  const { recordIds } = parseJsonl(file);
  expect(value).toEqual({
    cid: expect.stringMatching(/^bafk/),
    bytes: Buffer.byteLength(file),
    count: 2,
    recordsRoot: recordsRoot(recordIds),
    recordIds,
  });
  expect(await world.readFile((value as { cid: string }).cid)).toBe(file);
});

test('every malformed line is named with its reason, and nothing is stored', async () => {
  const bad = [JSON.stringify(good), '{"messages":', JSON.stringify({ ...good, extra: 1 }), JSON.stringify(good)].join('\n');
  const { status, error } = await upload('records', bad);
  expect([status, error?.code]).toEqual([400, 'invalid_records']);
  expect(error?.details?.map(({ line }) => line)).toEqual([2, 3, 4]);
  expect(error?.details?.every(({ reason }) => reason.length > 5)).toBe(true);
  const parts = await fetch(`${world.ipfsUrl}/ipfs/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku`); // an empty file, as a control
  expect(parts.status).toBe(404);
});

test('a record that is too long is named', async () => {
  const { status, error } = await upload('records', toJsonl([good, makeRecord('long', 'x'.repeat(recordLimits.recordBytes))]));
  expect([status, error?.code, error?.details?.[0]?.line]).toEqual([400, 'invalid_records', 2]);
});

test('a file that is too large is refused', async () => {
  const { status, error } = await upload('records', new Uint8Array(recordLimits.fileBytes + 1));
  expect([status, error?.code]).toEqual([413, 'file_too_large']);
  const document = await upload('document', 'x'.repeat(256 * 1024 + 1), { 'content-type': 'text/plain' });
  expect([document.status, document.error?.code]).toEqual([413, 'file_too_large']);
});

test('a document is pinned as it is, of whatever type it says it is', async () => {
  const { value } = await upload('document', '{"a":1}', { 'content-type': 'application/json' });
  expect(await world.readFile((value as { cid: string }).cid)).toBe('{"a":1}');
  expect((await upload('document', 'words', { 'content-type': 'text/plain' })).status).toBe(200);
  expect((await upload('document', '', { 'content-type': 'text/plain' })).error?.code).toBe('empty_file');
  expect((await upload('document', new Uint8Array([0xff, 0xfe]))).error?.code).toBe('invalid_document');
  expect((await upload('picture', 'x')).error?.code).toBe('invalid_request');
});

test('a reviewer is shown what a contribution copies, spaces or not', async () => {
  const alice = await world.newActor();
  const mallory = await world.newActor();
  const originals = [
    makeRecord('what does transfer do', 'it moves tokens from the caller to another account'),
    makeRecord('what does approve do', 'it lets a spender take tokens later on'),
  ];
  const datanet = await makeDatanet(world, [[alice, originals]]);
  const copies = [
    makeRecord('what  does transfer do', 'it moves tokens  from the caller to another account'),
    originals[1] as typeof good,
    makeRecord('something new', 'that nobody said before at all'),
  ];
  const { contributionId } = await contribute(world, datanet.datanetId, mallory, copies);
  const found = await until('the comparison', async () => world.gateway.duplicates(contributionId).catch(() => undefined));
  expect(found.compared).toBe(2);
  expect(found.duplicates.map(({ position, kind, of }) => [position, kind, of.contributionId, of.position])).toEqual([
    [0, 'whitespace', datanet.contributionIds[0], 0],
    [1, 'exact', datanet.contributionIds[0], 1],
  ]);
  expect(found.share).toBeCloseTo(2 / 3);
});

test('what is not there is said so', async () => {
  const response = await fetch(`${world.url}/v1/nothing`);
  expect([response.status, errorSchema.parse(await response.json()).error.code]).toEqual([404, 'not_found']);
  expect((await fetch(`${world.url}/v1/contributions/99999/duplicates`)).status).toBe(404);
  expect((await fetch(`${world.url}/v1/jobs/99999`)).status).toBe(404);
  expect((await fetch(`${world.url}/v1/receipts/0x${'0'.repeat(64)}`)).status).toBe(404);
});

test('browsers of every origin may read, and send keys', async () => {
  const preflight = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://example.org',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    },
  });
  expect(preflight.status).toBeLessThan(300);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://example.org');
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
});

test('health, information and metrics are there', async () => {
  const health = await (await fetch(`${world.url}/health`)).json();
  expect(health).toMatchObject({ status: 'ok', engine: 'ok' });
  const info = await world.gateway.info();
  expect(info.operator).toBe(world.operator.address.toLowerCase());
  expect(info.limits.contextLength).toBe(128);
  expect(info.batch.window).toBe(30);
  expect((await world.gateway.bases())[0]).toMatchObject({ name: 'test-double' });
  expect(await (await fetch(`${world.url}/metrics`)).text()).toContain('openledger_calls_total');
});

test('uploads are limited per address', async () => {
  const answers = await Promise.all(
    Array.from({ length: 45 }, () => upload('document', 'again', { 'content-type': 'text/plain' })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.error?.code).toBe('too_many_requests');
});
