// The stack of one test file: a database, an IPFS node, an engine double and the service, on the shared chain.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createGateway, deploymentSchema, type Gateway } from '@openledger/sdk';
import pg from 'pg';
import { inject } from 'vitest';
import { tools } from '../../../../script/dev/config.ts';
import { ipfsServer } from '../../../../script/dev/ipfs/server.ts';
import { freePort } from '../../../../script/dev/testing/freePort.ts';
import { openActors } from './actors.ts';
import { startEngineDouble } from './engineDouble/start.ts';
import type {} from './globalSetup.ts'; // what `inject` gives
import { lockTable } from './tableLock.ts';

const main = resolve(import.meta.dirname, '../../src/main.ts');

export type World = Awaited<ReturnType<typeof openWorld>>;

/** @param options.environment variables of the service that differ from the test's usual ones */
export async function openWorld(options: { environment?: Record<string, string>; chainUrl?: string } = {}) {
  const deploymentFile = inject('deploymentFile');
  const chainUrl = inject('chainUrl');
  const actors = openActors(chainUrl, deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8'))));
  const folder = await mkdtemp(join(tmpdir(), 'openledger-world-'));
  const ipfs = await ipfsServer({ folder });
  const ipfsUrl = await ipfs.listen({ host: '127.0.0.1', port: 0 });
  const engine = await startEngineDouble();
  const database = `test_${Date.now()}`;
  const server = inject('databaseServer');
  const admin = new pg.Client({ connectionString: `${server}postgres` });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.end();
  const databaseUrl = `${server}${database}`;
  const operator = await actors.newActor();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    ...process.env,
    PORT: String(port),
    OPENLEDGER_RPC_URL: options.chainUrl ?? chainUrl,
    OPENLEDGER_DATABASE_URL: databaseUrl,
    OPENLEDGER_IPFS_URL: ipfsUrl,
    OPENLEDGER_ENGINE_URL: engine.url,
    OPENLEDGER_DEPLOYMENT: deploymentFile,
    OPENLEDGER_OPERATOR_KEY: operator.key,
    OPENLEDGER_LOG_LEVEL: process.env.OPENLEDGER_TEST_LOG ?? 'error',
    OPENLEDGER_BATCH_SECONDS: '3600', // batches are settled when a test asks
    OPENLEDGER_POLL_SECONDS: '0.2',
    OPENLEDGER_TRAINING_SECONDS: '600',
    ...options.environment,
  };

  let child: ReturnType<typeof spawn> | undefined;
  let output = '';

  /** Starts the service as its own process and waits until it answers. */
  async function start(extra: Record<string, string> = {}): Promise<void> {
    output = '';
    const started = spawn(tools.node, [main], { env: { ...environment, ...extra }, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      if (process.env.OPENLEDGER_TEST_LOG) process.stderr.write(chunk);
    };
    started.stdout.on('data', collect);
    started.stderr.on('data', collect);
    for (let attempt = 0; ; attempt += 1) {
      const isUp = await fetch(`${url}/health`).then(
        (response) => response.ok,
        () => false,
      );
      if (isUp) return;
      if (started.exitCode !== null || attempt > 600) throw new Error(`The service did not start: ${output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Ends the service as a power cut would. */
  async function kill(): Promise<void> {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = once(dying, 'exit');
    dying.kill('SIGKILL');
    await gone;
  }

  async function stop(): Promise<void> {
    const dying = child;
    child = undefined;
    if (dying && dying.exitCode === null && dying.signalCode === null) {
      const gone = once(dying, 'exit');
      dying.kill('SIGTERM');
      await gone;
    }
    await Promise.all([engine.stop(), ipfs.close()]);
    await rm(folder, { recursive: true, force: true });
  }

  const gateway: Gateway = createGateway(url);
  return {
    ...actors,
    actors,
    url,
    gateway,
    engine,
    ipfsUrl,
    databaseUrl,
    environment,
    operator,
    start,
    kill,
    stop,
    output: () => output,
    /** Rows of the service's database, for what no route shows. */
    query: async (text: string): Promise<Record<string, unknown>[]> => {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(text)).rows;
      } finally {
        await client.end();
      }
    },
    lock: (table: string) => lockTable(databaseUrl, table),
    readFile: async (cid: string): Promise<string> => (await fetch(`${ipfsUrl}/ipfs/${cid}`)).text(),
  };
}
