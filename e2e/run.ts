// Boots the real stack through `npm start` on its own ports and state, demonstration included, and lets Playwright play
// the stories on it. Ends with one line that counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../script/dev/access.ts';
import { root } from '../script/dev/config.ts';

/** The part of Playwright's JSON report that is read here. */
interface Report {
  stats: { expected: number; unexpected: number; flaky: number };
}

const state = process.env.OPENLEDGER_STATE ?? temporaryFolder('e2e');
const env = {
  ...process.env,
  OPENLEDGER_STATE: state,
  OPENLEDGER_PORT_OFFSET: process.env.OPENLEDGER_PORT_OFFSET ?? '20000',
  OPENLEDGER_DEMO_MEASURE: 'no',
  CI: 'true',
};

const stack = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
const ended = new Promise<number>((done) => stack.on('exit', (code) => done(code ?? 1)));
const ready = new Promise<boolean>((done) => {
  let seen = '';
  stack.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    seen = (seen + chunk.toString()).slice(-4000);
    if (/ready.*\(web\)/.test(seen)) done(true);
  });
  void ended.then(() => done(false));
});
const stop = async () => {
  try {
    process.kill(-(stack.pid as number), 'SIGINT');
  } catch {
    // it has ended already
  }
  await ended;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    playwright?.kill(signal);
    void stop().then(() => process.exit(1));
  });
}

let playwright: ReturnType<typeof spawn> | undefined;
let passed = 0;
let failed = 0;
if (await ready) {
  passed += 1; // the demonstration: had one of its assertions failed, the stack would have ended
  const reportFile = join(state, 'e2e.json');
  playwright = spawn('npx', ['playwright', 'test', '--config', 'e2e/playwright.config.ts'], {
    cwd: root,
    env: { ...env, E2E_REPORT: reportFile },
    stdio: 'inherit',
  });
  await once(playwright, 'exit');
  const { stats } = JSON.parse(await readFile(reportFile, 'utf8')) as Report;
  passed += stats.expected + stats.flaky;
  failed += stats.unexpected;
  // The analysts' notebook reads what the stories have left.
  const notebook = spawn(process.execPath, ['script/dev/notebook.ts'], { cwd: root, env, stdio: 'inherit' });
  const [code] = (await once(notebook, 'exit')) as [number | null];
  if (code === 0) passed += 1;
  else failed += 1;
} else {
  failed += 1;
  console.log('The stack did not become ready; its logs:');
  for (const name of ['chain', 'postgres', 'ipfs', 'indexer', 'engine', 'oracle', 'oracle2', 'web']) {
    const log = await readFile(join(state, 'logs', `${name}.log`), 'utf8').catch(() => '(none)');
    console.log(`--- ${name}\n${log.slice(-1500)}`);
  }
}
await stop();
if (!process.env.OPENLEDGER_STATE) await rm(state, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
