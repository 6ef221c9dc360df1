import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { serviceNodeFlags } from '../../../script/dev/config.ts';

export type Usage = { heap: number; resident: number; cpu: { user: number; system: number } };
export type ServedProcess = Awaited<ReturnType<typeof startServed>>;

const serviceCore = process.env.BENCH_CORE ?? '0';

/** Leaves the service's core to it: this process, and what it starts from now on, run on the others. */
export function leaveServiceCore(): void {
  const others = [...cpus().keys()].map(String).filter((core) => core !== serviceCore);
  execFileSync('taskset', ['-a', '-c', '-p', others.join(','), String(process.pid)], { stdio: 'ignore' });
}

/**
 * Starts the service pinned to one core, the first or `BENCH_CORE`.
 * @param served a `served.ts`, of this or of another checkout of the project
 */
export async function startServed(environment: Record<string, string>, served = join(import.meta.dirname, 'served.ts')) {
  const flags = [...serviceNodeFlags, '--expose-gc', ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [])];
  const child = fork(served, [], {
    env: { ...process.env, ...environment },
    execPath: 'taskset',
    execArgv: ['-c', serviceCore, process.execPath, ...flags],
  });
  child.once('exit', (code) => {
    if (code) throw new Error(`The service ended with code ${code}.`);
  });
  await once(child, 'message');
  return {
    /** What it holds after a collection, and the processor time that it has taken, in microseconds. */
    usage: async (): Promise<Usage> => {
      const answered = once(child, 'message');
      child.send('usage');
      return ((await answered) as [Usage])[0];
    },
    stop: async (): Promise<void> => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
