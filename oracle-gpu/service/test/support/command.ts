import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { tools } from '../../../../script/dev/config.ts';
import { run } from '../../src/cli/run.ts';
import { until } from './until.ts';

const main = resolve(import.meta.dirname, '../../src/cli/main.ts');

/** Starts `openledger` as a process of its own. */
export function startCommand(
  args: readonly string[],
  given: { command?: string; program?: string; environment?: NodeJS.ProcessEnv } = {},
) {
  const { command = tools.node, program = main, environment = process.env } = given;
  const child: ChildProcess = spawn(command, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    output: () => output,
    /** Waits until it has written that. */
    says: (text: string): Promise<true> => until(`"${text}" in: ${output}`, async () => output.includes(text)),
    ended,
    /** Asks it to end, as Ctrl-C does. Returns its exit code. */
    stop: async (): Promise<number | null> => {
      child.kill('SIGINT');
      return ended;
    },
  };
}

/**
 * Runs `openledger` to its end, in this process: what it says is the same, without the seconds that starting one takes.
 * One at a time, since it reads this process's environment.
 */
export async function openledger(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  let output = '';
  const collect = (text: string): void => {
    output += `${text}\n`;
  };
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    return { code: await run(args, { print: collect, complain: collect }), output };
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
