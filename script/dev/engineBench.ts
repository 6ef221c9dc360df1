import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, tools } from './config.ts';

/** Runs a benchmark of the engine (oracle-gpu/engine/bench/<name>.py), which prints its figures as measure.ts does. */
export function runEngineBench(name: string, args: string[]): Promise<void> {
  const cwd = join(root, 'oracle-gpu/engine');
  return new Promise((done, failed) => {
    const child = spawn(tools.python, ['-m', `bench.${name}`, ...args], {
      cwd,
      env: { ...process.env, PYTHONPATH: cwd },
      stdio: 'inherit',
    });
    child.on('error', failed);
    child.on('exit', (code) => (code === 0 ? done() : failed(new Error(`bench.${name} ended with ${code}`))));
  });
}
