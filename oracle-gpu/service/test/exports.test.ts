import { createHash } from 'node:crypto';
import type { Hex } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { doubleBase } from './support/engineDouble/behaviour.ts';
import { makeDatanet, makeModel, makeRecord } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let releaseHash: Hex;
let datanetId: number;

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_EXPORTS_PER_MINUTE: '100' } });
  await world.start();
  const datanet = await makeDatanet(world, [[await world.newActor(), [makeRecord('what does burn do', 'it destroys tokens')]]]);
  datanetId = datanet.datanetId;
  ({ releaseHash } = await makeModel(world, await world.newActor(), datanet));
});

afterAll(() => world?.stop());

afterEach(() => {
  Object.assign(world.engine.behaviour, { ggufRefusal: undefined, isExportQueueFull: false });
  doubleBase.licence = 'Apache-2.0';
});

const fetchFile = (format: string, name: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(world.gateway.exportFileUrl(releaseHash, format, name), { headers });

async function made(format: 'peft' | 'merged'): Promise<void> {
  await world.gateway.startExport(releaseHash, format);
  await until('the export', async () => {
    const { formats } = await world.gateway.exports(releaseHash);
    return formats.find((one) => one.format === format)?.status === 'done';
  });
}

test('a release is exported, followed and downloaded, whole and in parts, with its digest', async () => {
  const before = await world.gateway.exports(releaseHash);
  expect(before.formats.map(({ format, status }) => [format, status])).toEqual([
    ['peft', 'none'],
    ['merged', 'none'],
    ['gguf-f16', 'none'],
    ['gguf-q8_0', 'none'],
  ]);
  await made('peft');
  const peft = (await world.gateway.exports(releaseHash)).formats[0];
  expect(peft?.files?.map(({ name }) => name).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
  for (const { name, bytes, sha256 } of peft?.files ?? []) {
    const response = await fetchFile('peft', name);
    const body = Buffer.from(await response.arrayBuffer());
    const digest = createHash('sha256').update(body).digest();
    expect([body.length, `0x${digest.toString('hex')}`]).toEqual([bytes, sha256]);
    expect(response.headers.get('repr-digest')).toBe(`sha-256=:${digest.toString('base64')}:`);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
    const part = await fetchFile('peft', name, { range: 'bytes=1-4' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1-4/${bytes}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(body.subarray(1, 5));
  }
  expect((await fetchFile('peft', 'README.md', { range: 'bytes=99999-100000' })).status).toBe(416);
});

test('its card says where it comes from', async () => {
  await made('peft');
  const card = await (await fetchFile('peft', 'README.md')).text();
  const said = JSON.parse(card.split('\n\n')[1] ?? '');
  expect(said).toMatchObject({
    releaseHash,
    datanets: [{ datanetId, version: 1 }],
    training: { kind: 'lora', epochs: 1 },
    evaluation: { heldOutLossBefore: 3.1, heldOutLossAfter: 2.1 },
  });
  expect(said.trainingLogRoot).toMatch(/^0x[0-9a-f]{64}$/);
});

test('files that contain the base are handed out only where its licence allows it', async () => {
  await made('merged');
  doubleBase.licence = 'llama3.1';
  await until('the licence to be read', async () => (await world.gateway.exports(releaseHash)).base.licence === 'llama3.1');
  const { formats } = await world.gateway.exports(releaseHash);
  expect(formats.map(({ refused }) => refused === null)).toEqual([true, false, false, false]);
  expect(formats[1]?.refused).toContain('(llama3.1)');
  await expect(world.gateway.startExport(releaseHash, 'merged')).rejects.toMatchObject({ status: 403, code: 'licence_forbids' });
  expect((await fetchFile('merged', 'README.md')).status).toBe(403); // made before
});

test('what cannot be made, or not now, says why', async () => {
  await until('the licence to be read', async () => (await world.gateway.exports(releaseHash)).base.licence === 'Apache-2.0');
  world.engine.behaviour.ggufRefusal = 'Its tokenizer is not known to llama.cpp. Choose peft or merged.';
  const { formats } = await world.gateway.exports(releaseHash);
  expect(formats.map(({ refused }) => refused)).toEqual([null, null, ...Array(2).fill(world.engine.behaviour.ggufRefusal)]);
  world.engine.behaviour.isExportQueueFull = true;
  await expect(world.gateway.startExport(releaseHash, 'gguf-f16')).rejects.toMatchObject({
    status: 429,
    code: 'too_many_exports',
    detail: { retryAfter: 60 },
  });
  await expect(world.gateway.exports(`0x${'00'.repeat(32)}`)).rejects.toMatchObject({ status: 404, code: 'release_not_found' });
  expect((await fetchFile('peft', '..%2fother')).status).toBe(404);
  expect((await fetchFile('onnx', 'README.md')).status).toBe(400);
  expect((await fetchFile('gguf-q8_0', 'README.md')).status).toBe(404); // nobody asked for it
});
