// A new operator's first command, on a real chain: what it checks, what it stakes, and what it says when something is missing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommand } from './support/command.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world?.stop());

async function init(environment: Record<string, string> = {}, ...words: string[]) {
  const command = startCommand(['operator', 'init', ...words], { environment: { ...world.environment, ...environment } });
  return { code: await command.ended, output: command.output() };
}

const isActive = () =>
  world.client.readContract({ ...world.contracts.operators, functionName: 'isActive', args: [world.operator.address] });

test('it stakes nothing without being told to', async () => {
  const { code, output } = await init();
  expect(output).toContain('✓ engine: test-double');
  expect(output).toContain('Nothing was staked');
  expect(code).toBe(1);
  expect(await isActive()).toBe(false);
});

test('it says what is missing', async () => {
  expect((await init({ OPENLEDGER_ENGINE_URL: 'http://127.0.0.1:9' })).output).toContain(
    'No engine answers at http://127.0.0.1:9',
  );
  expect((await init({ OPENLEDGER_IPFS_URL: 'http://127.0.0.1:9' })).output).toContain('No IPFS node answers');
  const poor = { OPENLEDGER_OPERATOR_KEY: `0x${'5c'.repeat(32)}` };
  expect((await init(poor, '--yes')).output).toContain('ether: send it at least 0.01 for gas');
});

test('it registers, stakes and answers once; another run finds all of it done', async () => {
  const first = await init({}, '--yes');
  expect(first.output).toMatch(/✓ registered and staked [\d.]+ OPEN/);
  expect(first.output).toMatch(/✓ self-test: \d+ tokens in .*Answer say that you are ready/);
  expect(first.code).toBe(0);
  expect(await isActive()).toBe(true);
  const staked = await world.query("SELECT 1 FROM transactions WHERE purpose = 'register'");
  const second = await init({}, '--yes');
  expect(second.output).toContain('is registered and active');
  expect(second.code).toBe(0);
  expect(await world.query("SELECT 1 FROM transactions WHERE purpose = 'register'")).toEqual(staked);
});

test('while its service runs it leaves the database alone', async () => {
  await world.start();
  const { code, output } = await init({}, '--yes');
  expect(output).toContain('its service is running; stop it first');
  expect(code).toBe(1);
});
