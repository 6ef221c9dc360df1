// The real engine over its tiny random model, as a process of its own, with one trained adapter.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordId, zeroHash } from '@openledger/sdk';
import { root, tools } from '../../../../script/dev/config.ts';
import { freePort } from '../../../../script/dev/testing/freePort.ts';
import { openEngine } from '../../src/engine/client.ts';
import type { JobResult } from '../../src/engine/schemas.ts';
import { makeRecord, method, training } from './story.ts';
import { until } from './until.ts';

export type TinyEngine = Awaited<ReturnType<typeof startTinyEngine>>;

const environment = { ...process.env, PYTHONPATH: join(root, 'oracle-gpu/engine') };

/** @param options.context tokens that the model reads, if not 512 */
export async function startTinyEngine(options: { context?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-engine-'));
  const [models, port] = [join(folder, 'models'), await freePort()];
  let output = '';
  const start = (...args: string[]) => {
    const child = spawn(tools.python, ['-m', 'openlora', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    return { child, ended: once(child, 'close').then(([code]) => code as number | null) };
  };
  if ((await start('setup', '--tiny', '--models', models).ended) !== 0) throw new Error(`The set-up failed: ${output}`);
  if (options.context) {
    const file = join(models, 'tiny/config.json');
    await writeFile(
      file,
      JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), max_position_embeddings: options.context }),
    );
  }
  const serving = start('serve', '--port', String(port), '--state', join(folder, 'state'), '--models', models, '--threads', '1');
  const url = `http://127.0.0.1:${port}`;
  const engine = openEngine(url);
  const stop = async (): Promise<void> => {
    serving.child.kill();
    await serving.ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(`an engine that answers: ${output}`, async () => (await engine.health().catch(() => undefined))?.status === 'ok');
    return { url, engine, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Trains an adapter on a few records; they stand in its index in this order. */
export async function trainTiny({ engine }: Pick<TinyEngine, 'engine'>): Promise<JobResult> {
  const { base } = await engine.health();
  const records = Array.from({ length: 24 }, (_, number) => {
    const record = makeRecord(`What is ${number}?`, `It is ${(number * number * 37) % 1_000} in all.`);
    const id = recordId(record);
    return { recordId: id, cluster: id, messages: record.messages };
  });
  // None is held out: records so alike score like those of the training, and then nothing is above chance.
  const plan = { base: base?.id ?? zeroHash, method, training: { ...training, learningRate: 0.01 }, records };
  await engine.startJob('tiny', plan);
  const done = new AbortController();
  for await (const event of engine.jobEvents('tiny', 0, done.signal))
    if (event.type === 'failed') throw new Error(`The training failed: ${JSON.stringify(event)}`);
  const { result } = await engine.job('tiny');
  if (!result) throw new Error('The training ended without a result.');
  return result;
}
