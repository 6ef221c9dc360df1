import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { openLog } from './log.ts';
import { killGroup, type pidFolder } from './pids.ts';

/** One process of the stack: how it starts and how one knows that it is well. */
export interface ServiceSpec {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Resolves to true when the process answers as it should. */
  healthy: () => Promise<boolean>;
  /** Longest time to become healthy, in seconds. */
  startWithin: number;
  /** How long an orderly stop may take before the process is killed, in seconds. */
  stopWithin?: number;
  /** What else must be well first, by name. */
  after?: string[];
}

interface Surroundings {
  log: ReturnType<typeof openLog>;
  pids: ReturnType<typeof pidFolder>;
  environment: Record<string, string>;
  say: (line: string) => void;
  /** First wait before a restart and longest one, in milliseconds. */
  backOff?: { first: number; longest: number };
}

/** A process that is kept alive: restarted with a growing pause when it dies, until it is stopped. */
export function superviseService(spec: ServiceSpec, { log, pids, environment, say, backOff }: Surroundings) {
  const { first, longest } = backOff ?? { first: 500, longest: 30_000 };
  let child: ChildProcess | undefined;
  let stopping = false;
  let pause = first;
  let restarts = 0;

  const launch = () => {
    log.write(`\n--- ${new Date().toISOString()} ${spec.command} ${spec.args.join(' ')}\n`);
    const began = Date.now();
    const current = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...process.env, ...environment, ...spec.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // its own group, so that its children end with it
    });
    child = current;
    if (current.pid) pids.remember(spec.name, current.pid);
    current.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
    current.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
    let ended = false;
    const onEnd = (reason: string) => {
      if (ended) return;
      ended = true;
      if (current.pid) killGroup(current.pid, 'SIGKILL'); // what it started must not outlive it
      if (stopping) return;
      if (Date.now() - began > 60_000) pause = first;
      say(`${spec.name} ended (${reason}); starting it again in ${(pause / 1000).toFixed(1)} s, log: ${log.path}`);
      const wait = pause;
      pause = Math.min(pause * 2, longest);
      restarts++;
      setTimeout(() => !stopping && launch(), wait);
    };
    current.on('error', (error) => onEnd(error.message));
    current.on('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`));
  };

  return {
    name: spec.name,
    after: spec.after ?? [],
    restarts: () => restarts,
    pid: () => child?.pid,
    healthy: () => spec.healthy().catch(() => false),
    /** Starts it and waits until it is well. Throws one sentence that says where to look. */
    start: async () => {
      launch();
      const deadline = Date.now() + spec.startWithin * 1000;
      while (!(await spec.healthy().catch(() => false))) {
        if (stopping) throw new Error(`${spec.name} was stopped while it started.`);
        if (Date.now() > deadline || restarts >= 5) {
          throw new Error(`${spec.name} did not become healthy within ${spec.startWithin} s: see ${log.path}`);
        }
        await sleep(150);
      }
    },
    stop: async () => {
      stopping = true;
      const current = child;
      if (current?.pid && current.exitCode === null && current.signalCode === null) {
        const exited = once(current, 'exit');
        current.kill('SIGTERM');
        const inTime = await Promise.race([
          exited.then(() => true),
          sleep((spec.stopWithin ?? 10) * 1000, false, { ref: false }),
        ]);
        killGroup(current.pid, 'SIGKILL');
        if (!inTime) await exited;
      }
      pids.forget(spec.name);
      log.close();
    },
  };
}

export type Service = ReturnType<typeof superviseService>;
