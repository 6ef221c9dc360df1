// `npm start`, once everything is installed: brings the stack up, runs the demonstration once, keeps running.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { environment, root, stateFolder, tools, urls } from './config.ts';
import { say } from './progress.ts';
import { demonstrationNote, demonstrationRan, startStack } from './stack.ts';

const empty = process.argv.includes('--empty');
mkdirSync(stateFolder, { recursive: true });

let stack: Awaited<ReturnType<typeof startStack>> | undefined;
let demonstration: ReturnType<typeof spawn> | undefined;
let leaving = false;
async function leave(code: number) {
  if (leaving) return;
  leaving = true;
  say('stopping every process …');
  demonstration?.kill('SIGTERM');
  await stack?.stop();
  say('stopped; the state stays, `npm start` continues from it');
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave(0));

try {
  stack = await startStack();
} catch (error) {
  console.error(styleText('red', error instanceof Error ? error.message : String(error)));
  process.exit(1);
}
if (leaving) await stack.stop();

if (!empty && !demonstrationRan()) {
  say('the demonstration: from a datanet to a vote, about eight minutes');
  demonstration = spawn(tools.node, [join(root, 'script/dev/demo/main.ts')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(demonstration, 'exit');
  demonstration = undefined;
  if (code === 0) writeFileSync(demonstrationNote, JSON.stringify({ ranAt: new Date().toISOString() }));
  else if (!leaving) {
    say(
      styleText('red', `the demonstration failed (exit code ${code}); the stack keeps running, logs are in ${stateFolder}/logs`),
    );
    if (process.env.CI) await leave(1);
  }
}

if (!leaving) {
  say(`${styleText('green', 'ready')}: ${urls.web} (web)  ${urls.gateway}/v1 (API)  ${urls.subgraph} (GraphQL)`);
  say(`logs: ${join(stateFolder, 'logs')} · stop with Ctrl-C · forget everything with \`npm run reset\``);
}
