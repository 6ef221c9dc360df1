import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type Usage = { heap: number; resident: number; cpu: { user: number; system: number } };
export type ServedProcess = Awaited<ReturnType<typeof startServed>>;

/**
 * Starts the service pinned to the first core.
 * @param served a `served.ts`, of this or of another checkout of the project
 */
export async function startServed(environment: Record<string, string>, served = join(import.meta.dirname, 'served.ts')) {
  const child = fork(served, [], {
    env: { ...process.env, ...environment },
    execPath: 'taskset',
    execArgv: ['-c', '0', process.execPath, '--expose-gc', ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [])],
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
