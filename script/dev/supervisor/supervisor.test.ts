import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../testing/freePort.ts';
import { openLog } from './log.ts';
import { pidFolder, startedAt } from './pids.ts';
import { supervisor } from './supervisor.ts';

let stateFolder: string;
let lines: string[];
const backOff = { first: 50, longest: 200 };

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'openledger-supervisor-'));
  lines = [];
});
afterEach(() => rmSync(stateFolder, { recursive: true }));

/** A server that answers with its process number, with a child of its own that would live on. */
const program = `
  const { spawn } = require('node:child_process');
  const child = spawn('sleep', ['300']);
  require('node:http').createServer((_, out) => out.end(process.pid + ' ' + child.pid)).listen(process.env.PORT, '127.0.0.1');
`;
async function spec(name: string) {
  const port = await freePort();
  const ask = () => fetch(`http://127.0.0.1:${port}`).then((response) => response.text());
  return {
    ask,
    spec: {
      name,
      command: process.execPath,
      args: ['-e', program],
      env: { PORT: String(port) },
      healthy: () => ask().then(() => true),
      startWithin: 20,
    },
  };
}
const until = async (condition: () => Promise<boolean> | boolean) => {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error('the condition did not come true');
};
const make = () => supervisor({ stateFolder, environment: {}, say: (line) => lines.push(line), backOff });

test('starts a process that died again, with its children ended, and says so', async () => {
  const stack = make();
  const { spec: web, ask } = await spec('web');
  const service = await stack.start(web);
  const [pid, child] = (await ask()).split(' ').map(Number);
  process.kill(pid as number, 'SIGKILL');
  await until(async () => service.restarts() === 1 && (await service.healthy()));
  expect((await ask()).split(' ')[0]).not.toBe(String(pid));
  await until(() => startedAt(child as number) === undefined);
  expect(lines.join()).toContain('web ended (SIGKILL); starting it again in 0.1 s');
  await stack.stop();
});

test('stops every process and their children', async () => {
  const stack = make();
  const { spec: one, ask } = await spec('one');
  const { spec: two, ask: askTwo } = await spec('two');
  await stack.start(one);
  await stack.start(two);
  const pids = [...(await ask()).split(' '), ...(await askTwo()).split(' ')].map(Number);
  await stack.stop();
  await until(() => pids.every((pid) => startedAt(pid) === undefined));
  expect(pidFolder(join(stateFolder, 'pids')).running()).toBeUndefined();
});

test('starts nothing again that a signal to all ends while it stops', async () => {
  const stack = make();
  const { spec: one } = await spec('one');
  const { spec: two } = await spec('two');
  const first = await stack.start(one);
  await stack.start(two);
  const stopped = stack.stop();
  first.kill();
  await stopped;
  expect(lines).toEqual([]);
});

test('refuses a second run on the same state', async () => {
  const stack = make();
  expect(make).toThrow(/already runs on this state/);
  await stack.stop();
});

test('ends what a killed supervisor left behind', async () => {
  const stack = make();
  const { spec: orphan, ask } = await spec('orphan');
  await stack.start(orphan);
  const pids = (await ask()).split(' ').map(Number);
  expect(pidFolder(join(stateFolder, 'pids')).sweep()).toEqual(['orphan']);
  await until(() => startedAt(pids[1] as number) === undefined);
  await stack.stop();
});

test('ends a process that runs but does not answer, and starts it again', async () => {
  const stack = supervisor({
    stateFolder,
    environment: {},
    say: (line) => lines.push(line),
    backOff,
    watch: { every: 50, patience: 3 },
  });
  const { spec: hung, ask } = await spec('hung');
  let answers = true;
  const service = await stack.start({ ...hung, healthy: async () => answers && Boolean(await ask()) });
  await sleep(100);
  expect(service.restarts()).toBe(0);
  answers = false;
  await until(() => service.restarts() === 1);
  answers = true;
  await until(() => lines.includes('hung is well again'));
  expect(lines[0]).toContain('does not answer');
  await stack.stop();
});

test('starts a dead process again only when what it needs answers', async () => {
  const stack = make();
  const { spec: web } = await spec('web');
  let there = false;
  const service = await stack.start({ ...web, needs: async () => there });
  process.kill(service.pid() as number, 'SIGKILL');
  await until(() => service.restarts() === 1);
  await sleep(600);
  expect(await service.healthy()).toBe(false);
  there = true;
  await until(() => service.healthy());
  await stack.stop();
});

test('ends what does not survive the end of another, and starts it again', async () => {
  const stack = make();
  const { spec: database } = await spec('database');
  const { spec: index } = await spec('index');
  const first = await stack.start(database);
  const second = await stack.start({ ...index, endsWith: ['database'] });
  first.kill();
  await until(() => second.restarts() === 1);
  await until(() => second.healthy());
  await stack.stop();
});

test('begins a new log file when one grows too large', () => {
  const path = join(stateFolder, 'logs/one.log');
  const log = openLog(path, 100);
  log.write('a'.repeat(101));
  log.write('b');
  log.close();
  log.write('after the end');
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')]).toEqual(['b', 'a'.repeat(101)]);
});

test('gives up on a process that never becomes well, and names its log', async () => {
  const stack = make();
  const broken = { name: 'broken', command: process.execPath, args: ['-e', 'process.exit(3)'], startWithin: 5 };
  await expect(stack.start({ ...broken, healthy: async () => false })).rejects.toThrow(
    /broken did not become healthy.*broken\.log/,
  );
  expect(lines[0]).toContain('exit code 3');
  await stack.stop();
});
