// `npm test`: every suite, from nothing, on ports and state of its own; ends with one line that sums all of them.
//   npm test -- contracts sdk     only these
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters, styleText } from 'node:util';
import { temporaryFolder } from './access.ts';
import { modelsFolder, root, tools } from './config.ts';
import { killGroup } from './supervisor/pids.ts';
import { type Count, countForge, countLine, countPytest, countVitest } from './testing/counts.ts';

interface Suite {
  name: string;
  /** Where a suite is run in parts: which one this is, as "1/3". */
  part?: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  count: (output: string) => Count;
}

const node = tools.node;
const npm = (workspace: string) => ({ command: 'npm', args: ['test', '-w', workspace] });
/** A part of the service's suite, with a chain and a database of its own. */
const service = (part: string): Suite => ({
  name: 'service',
  part,
  command: 'npm',
  args: ['test', '-w', 'oracle-gpu/service', '--', `--shard=${part}`],
  count: countVitest,
});

/**
 * Lanes of a stage run beside each other, the suites of a lane one after another. Two of them keep the two cores busy;
 * the service's suite waits much for a chain and a database, so two thirds of it have a lane of their own. The last stage
 * has the machine to itself.
 */
const stages: Suite[][][] = [
  [
    [
      {
        name: 'contracts',
        command: tools.forge,
        args: ['test'],
        env: { FOUNDRY_PROFILE: 'tests' },
        count: countForge,
      },
      { name: 'sdk', ...npm('sdk'), count: countVitest },
      { name: 'stack', command: 'npx', args: ['vitest', 'run'], count: countVitest },
      { name: 'web', ...npm('web'), count: countVitest },
      { name: 'subgraph', ...npm('subgraph'), count: countLine },
    ],
    [
      {
        name: 'engine',
        command: tools.python,
        args: ['-m', 'pytest'],
        cwd: join(root, 'oracle-gpu/engine'),
        count: countPytest,
      },
      service('3/3'),
    ],
    [service('1/3'), service('2/3')],
  ],
  [[{ name: 'end-to-end', command: node, args: [join(root, 'e2e/run.ts')], count: countLine }]],
];
const suites = stages.flat(2);

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length) {
  console.error(`There is no suite "${unknown[0]}": use ${[...new Set(suites.map(({ name }) => name))].join(', ')}.`);
  process.exit(1);
}

const state = temporaryFolder('test');
const logs = join(root, '.openledger/logs/test');
mkdirSync(logs, { recursive: true });
// Servers that the caller's environment names are not for tests.
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^OPENLEDGER_.*_URL$/.test(name)));
const environment = {
  ...inherited,
  OPENLEDGER_STATE: state,
  OPENLEDGER_MODELS: modelsFolder,
  OPENLEDGER_PORT_OFFSET: process.env.OPENLEDGER_TEST_PORT_OFFSET ?? '20000',
  FORCE_COLOR: '0',
  NO_COLOR: '1',
};

const nameOf = ({ name, part }: Suite): string => (part ? `${name} ${part}` : name);

/** Longest time a suite may take, in minutes: one that hangs fails, and the others still run. */
const suiteLimit = 45;

const running = new Set<ChildProcess>();
let stopping = false;
const end = (child: ChildProcess, signal: NodeJS.Signals) => {
  if (child.pid && child.exitCode === null) killGroup(child.pid, signal);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopping = true;
    for (const child of running) end(child, signal);
  });
}

function run(suite: Suite): Promise<{ output: string; code: number }> {
  return new Promise((done) => {
    const began = Date.now();
    const child = spawn(suite.command, suite.args, {
      cwd: suite.cwd ?? root,
      env: { ...environment, ...suite.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // its own group, so that all of it can be ended
    });
    running.add(child);
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    const beat = setInterval(() => {
      const now = stripVTControlCharacters(output).trimEnd().split('\n').at(-1)?.trim().slice(0, 110);
      console.log(`${nameOf(suite)} … ${Math.round((Date.now() - began) / 1000)} s so far${now ? `: ${now}` : ''}`);
    }, 30_000);
    const limit = setTimeout(() => {
      output += `\nThe suite took longer than ${suiteLimit} minutes and was ended.\n`;
      end(child, 'SIGTERM');
      setTimeout(() => end(child, 'SIGKILL'), 30_000).unref();
    }, suiteLimit * 60_000);
    const finish = (code: number) => {
      clearInterval(beat);
      clearTimeout(limit);
      running.delete(child);
      done({ output, code });
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => {
      output += error.message;
      finish(1);
    });
    child.on('close', (code) => finish(code ?? 1));
  });
}

const total = { passed: 0, failed: 0 };

async function runAndCount(suite: Suite): Promise<void> {
  const began = Date.now();
  console.log(`${nameOf(suite)} …`);
  const { output, code } = await run(suite);
  const log = join(logs, `${nameOf(suite).replaceAll(/[ /]/g, '-')}.log`);
  writeFileSync(log, output);
  const count = suite.count(output);
  // A suite that ends badly, or that ran nothing, has at least one failure.
  if ((code !== 0 && count.failed === 0) || count.passed + count.failed === 0) count.failed += 1;
  total.passed += count.passed;
  total.failed += count.failed;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  const mark = count.failed ? styleText('red', '✗') : styleText('green', '✓');
  console.log(`${mark} ${nameOf(suite)}: ${count.passed} passed, ${count.failed} failed (${seconds} s)`);
  if (count.failed) console.log(`${output.slice(-12_000)}\n(whole log: ${log})`);
}

async function runLane(lane: Suite[]): Promise<void> {
  for (const suite of lane) {
    if (!stopping && (!chosen.length || chosen.includes(suite.name))) await runAndCount(suite);
  }
}

for (const stage of stages) await Promise.all(stage.map(runLane));
if (existsSync(state)) await rm(state, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = stopping || total.failed || total.passed === 0 ? 1 : 0;
