import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'openledger-bootstrap-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const main = join(root, 'script/dev/bootstrap/main.mjs');

/** Runs the bootstrap with only the given programs to be found; each is a shell script. */
function bootstrapWith(programs: Record<string, string>, args = ['start']) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync('/bin/sh', join(bin, 'sh'));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const result = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: { PATH: bin } });
  return { status: result.status, sentence: result.stderr.trim() };
}
const git = 'echo git version 2';

test('a missing git is one sentence that says what to do', () => {
  expect(bootstrapWith({})).toEqual({
    status: 1,
    sentence: 'git is needed: install it (on Debian and Ubuntu: sudo apt-get install git).',
  });
});

test('a missing, an old and a crippled Python are told apart', () => {
  expect(bootstrapWith({ git }).sentence).toMatch(/^Python 3\.11 or newer is needed \(none was found\): install it/);
  rmSync(join(folder, 'bin'), { recursive: true });
  expect(bootstrapWith({ git, python3: 'echo 3.9' }).sentence).toMatch(/python3 is 3\.9\): install it/);
  rmSync(join(folder, 'bin'), { recursive: true });
  const crippled = 'case "$2" in *venv*) exit 1;; esac; echo 3.12';
  expect(bootstrapWith({ git, python3: crippled }).sentence).toMatch(/^python3 \(3\.12\) lacks venv: install it/);
});

test('an unsupported system, an old Node and a full disk are one sentence each', async () => {
  const { checkSystem } = (await import(join(import.meta.dirname, 'system.mjs'))) as {
    checkSystem: (root: string, machine: { platform: string; arch: string; node: string; free: number }) => string;
  };
  const machine = { platform: 'linux', arch: 'x64', node: '22.1.0', free: 100 * 1024 ** 3 };
  expect(() => checkSystem(folder, { ...machine, platform: 'darwin' })).toThrow(/^The local stack runs on Linux x64.*use a/);
  expect(() => checkSystem(folder, { ...machine, arch: 'arm64' })).toThrow(/this is linux arm64/);
  expect(() => checkSystem(folder, { ...machine, node: '18.20.4' })).toThrow(/^Node 20 or newer is needed, and this is 18/);
  expect(() => checkSystem(folder, { ...machine, free: 3 * 1024 ** 3 })).toThrow(/^Only 3\.0 GiB are free.*5 GiB are needed/);
  expect(checkSystem(folder, machine)).toMatch(/^python3/);
});

test('an unknown command names the known ones', () => {
  expect(bootstrapWith({ git }, ['strat']).sentence).toMatch(/There is no command "strat": use one of start, test/);
});

/** A program that runs two steps of the bootstrap in `folder` and prints what happened. */
const program = `
  import { announce, runSteps, command } from './run.mjs';
  import { makeStep } from './steps.mjs';
  const root = process.argv[2];
  const step = (name, inputs, more) =>
    makeStep(root, { name, title: name, seconds: 1, inputs, outputs: [], run: async () => console.log('ran ' + name), ...more });
  const steps = [step('first', ['a.txt']), step('second', ['b'], { after: ['first'] })];
  if (process.argv[3] === 'offline') {
    const log = root + '/log.txt';
    steps[0].run = () => command('sh', ['-c', 'echo getaddrinfo ENOTFOUND registry; exit 1'], { log, cwd: root });
  }
  const due = steps.filter((one) => !one.done());
  announce(due);
  await runSteps(due, steps).catch((error) => { console.log(error.message); process.exit(1); });
`;
function steps(...args: string[]) {
  cpSync(join(root, 'script/dev/bootstrap'), join(folder, 'code'), { recursive: true });
  writeFileSync(join(folder, 'code/program.mjs'), program);
  const result = spawnSync(process.execPath, [join(folder, 'code/program.mjs'), folder, ...args], { encoding: 'utf8' });
  return {
    output: result.stdout,
    ran: [...result.stdout.matchAll(/^ran (\w+)/gm)].map(([, name]) => name),
    error: result.stderr,
  };
}

test('a step runs again only when its inputs have changed, and after what it needs', () => {
  mkdirSync(join(folder, 'b'));
  writeFileSync(join(folder, 'a.txt'), 'one');
  writeFileSync(join(folder, 'b/x.txt'), 'one');
  expect(steps().ran).toEqual(['first', 'second']);
  expect(steps()).toMatchObject({ ran: [], output: '', error: '' });
  writeFileSync(join(folder, 'b/x.txt'), 'two');
  expect(steps().ran).toEqual(['second']);
});

test('without a network it says so, does not go on, and does not count the step as done', () => {
  writeFileSync(join(folder, 'a.txt'), 'one');
  const { ran, output } = steps('offline');
  expect(ran).toEqual([]);
  expect(output).toContain('cannot be reached: check the network connection');
  expect(steps().ran).toEqual(['first', 'second']);
});
