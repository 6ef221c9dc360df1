import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webServer } from './server.ts';

const build = mkdtempSync(join(tmpdir(), 'openledger-web-'));
let server: Awaited<ReturnType<typeof webServer>>;
let chainId = 31337;

beforeAll(async () => {
  mkdirSync(join(build, '_app/immutable'), { recursive: true });
  writeFileSync(join(build, 'index.html'), '<!doctype html><title>OpenLedger</title>');
  writeFileSync(join(build, '_app/immutable/start.abc.js'), 'x'.repeat(5000));
  server = await webServer({ build, config: async () => ({ chainId }) });
});
afterAll(async () => {
  await server.close();
  rmSync(build, { recursive: true });
});
const get = (url: string, headers = {}) => server.inject({ method: 'GET', url, headers });

test('answers every route of the app with its page, which is asked for anew each time', async () => {
  for (const route of ['/', '/datanets', '/datanets/1', '/models/7?tab=use']) {
    const page = await get(route);
    expect(page.body).toContain('<title>OpenLedger');
    expect(page.headers['cache-control']).toBe('no-cache');
  }
});

test('keeps files with a hash in their name for ever, compressed', async () => {
  const script = await get('/_app/immutable/start.abc.js', { 'accept-encoding': 'br' });
  expect(script.headers['cache-control']).toContain('immutable');
  expect(script.headers['content-encoding']).toBe('br');
  expect(script.rawPayload.length).toBeLessThan(1000);
});

test('does not take a missing file for a page', async () => {
  expect((await get('/_app/immutable/gone.js')).statusCode).toBe(404);
  expect((await get('/..%2f..%2fetc/passwd')).body).not.toContain('root:');
});

test('reads the configuration anew for each request', async () => {
  expect((await get('/config.json')).json()).toEqual({ chainId: 31337 });
  chainId = 10;
  const second = await get('/config.json');
  expect(second.json()).toEqual({ chainId: 10 });
  expect(second.headers['cache-control']).toBe('no-store');
});

test('lets no other site frame the app', async () => {
  expect((await get('/_app/immutable/start.abc.js')).headers['x-frame-options']).toBe('DENY');
  expect((await get('/')).headers['x-frame-options']).toBe('DENY');
});
