import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { temporaryFolder } from '../access.ts';
import { freeOffset } from './freePort.ts';

/**
 * Runs this program again with ports and a state folder of its own, and ends with what it ended with. Does nothing in
 * that second run. Settings are read when config.ts is imported, so a program can't change its own.
 */
export async function ownPorts(): Promise<void> {
  if (process.env.OPENLEDGER_OWN_PORTS) return;
  const state = temporaryFolder('own-ports');
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: 'inherit',
    env: {
      ...process.env,
      OPENLEDGER_OWN_PORTS: 'yes',
      OPENLEDGER_STATE: state,
      OPENLEDGER_PORT_OFFSET: String(await freeOffset()),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  rmSync(state, { recursive: true, force: true });
  process.exit(code ?? 1);
}
