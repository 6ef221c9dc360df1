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
  /** What must answer before it is started again after it died: several may have died together. */
  needs?: () => Promise<boolean>;
  /** Processes, by name, whose end this one does not survive well: it is ended with them and starts after them. */
  endsWith?: string[];
  /** Longest time to become healthy, in seconds. */
  startWithin: number;
  /** How long an orderly stop may take before the process is killed, in seconds. */
  stopWithin?: number;
}

interface Surroundings {
  log: ReturnType<typeof openLog>;
  pids: ReturnType<typeof pidFolder>;
  environment: Record<string, string>;
  say: (line: string) => void;
  /** Called when the process ended although nobody stopped it. */
  ended?: () => void;
  /** First wait before a restart and longest one, in milliseconds. */
  backOff?: { first: number; longest: number };
  /** How often health is asked for, and how many bad answers in a row end a process, so that it starts anew. */
  watch?: { every: number; patience: number };
}

/** A process that is kept alive: restarted with a growing pause when it dies, until it is stopped. */
export function superviseService(spec: ServiceSpec, { log, pids, environment, say, ended: tell, ...times }: Surroundings) {
  const { first, longest } = times.backOff ?? { first: 500, longest: 30_000 };
  // A minute of silence: training on all cores, or a large dump, may keep a healthy process from answering for a while.
  const { every, patience } = times.watch ?? { every: 5_000, patience: 12 };
  let child: ChildProcess | undefined;
  let stopping = false;
  let pause = first;
  let restarts = 0;
  let launchedAt = 0;
  let watching: NodeJS.Timeout | undefined;

  const healthy = () => spec.healthy().catch(() => false);

  /** Asks for health again and again: says when a process that was started again is well, and ends one that hangs. */
  const watch = () => {
    let silent = 0;
    let wellSince = restarts; // the launch that has been seen well
    const ask = async () => {
      const well = await healthy();
      if (stopping) return;
      if (well && wellSince !== restarts) say(`${spec.name} is well again`);
      if (well) wellSince = restarts;
      const starting = wellSince !== restarts;
      const late = starting && Date.now() - launchedAt > spec.startWithin * 1000;
      silent = well || starting ? 0 : silent + 1;
      const runs = child?.pid && child.exitCode === null && child.signalCode === null;
      if ((silent >= patience || late) && child?.pid && runs) {
        silent = 0;
        say(`${spec.name} runs but does not answer: ending it`);
        killGroup(child.pid, 'SIGKILL');
      }
      watching = setTimeout(ask, wellSince === restarts ? every : Math.min(every, 1000));
    };
    watching = setTimeout(ask, every);
  };

  const relaunch = async (wait: number) => {
    await sleep(wait);
    while (!stopping && spec.needs && !(await spec.needs().catch(() => false))) await sleep(300);
    if (!stopping) launch();
  };

  const launch = () => {
    log.write(`\n--- ${new Date().toISOString()} ${spec.command} ${spec.args.join(' ')}\n`);
    const began = Date.now();
    launchedAt = began;
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
      tell?.();
      void relaunch(wait);
    };
    current.on('error', (error) => onEnd(error.message));
    current.on('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`));
  };

  const untilWell = async () => {
    const deadline = Date.now() + spec.startWithin * 1000;
    while (!(await healthy())) {
      if (stopping) throw new Error(`${spec.name} was stopped while it started.`);
      if (Date.now() > deadline || restarts >= 5) {
        throw new Error(`${spec.name} did not become healthy within ${spec.startWithin} s: see ${log.path}`);
      }
      await sleep(150);
    }
    watch();
  };

  /** Ends the process in order, or by force when it takes too long. */
  const end = async () => {
    stopping = true;
    clearTimeout(watching);
    const current = child;
    if (!current?.pid || current.exitCode !== null || current.signalCode !== null) return;
    const exited = once(current, 'exit');
    current.kill('SIGTERM');
    const inTime = await Promise.race([exited.then(() => true), sleep((spec.stopWithin ?? 10) * 1000, false, { ref: false })]);
    killGroup(current.pid, 'SIGKILL');
    if (!inTime) await exited;
  };

  return {
    name: spec.name,
    endsWith: spec.endsWith ?? [],
    restarts: () => restarts,
    pid: () => child?.pid,
    healthy,
    /** Ends the process at once; it is started again like one that died. */
    kill: () => child?.pid && child.exitCode === null && killGroup(child.pid, 'SIGKILL'),
    /** Starts it and waits until it is well. Throws one sentence that says where to look. */
    start: async () => {
      launch();
      await untilWell();
    },
    /** Ends it in order, so that it stores what it knows, and starts it again. */
    restart: async () => {
      await end();
      stopping = false;
      launch();
      await untilWell();
    },
    /** From now on its end is no reason to start it again. */
    release: () => {
      stopping = true;
      clearTimeout(watching);
    },
    stop: async () => {
      await end();
      pids.forget(spec.name);
      log.close();
    },
  };
}

export type Service = ReturnType<typeof superviseService>;
