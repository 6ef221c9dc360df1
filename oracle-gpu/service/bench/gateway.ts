// How many paid calls a second the gateway takes on one core: API key and voucher checked, money set aside, receipt
// computed, signed and stored, answer sent. The engine answers from memory (bench/served.ts); chain, database and
// IPFS node are real and share the other cores with the callers.
//   node oracle-gpu/service/bench/gateway.ts [calls]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Session } from '@openledger/sdk';
import pg from 'pg';
import { makeSession } from '../test/support/story.ts';
import { openStage, question } from './stage.ts';

const calls = Number(process.argv[2] ?? 20_000);
const callers = 16; // connections, each with a session of its own, each asking again as soon as it was answered
const warmUp = 2_000;
const goals = { callsPerSecond: 1_500, p99: 20 };

type Usage = { heap: number; resident: number; cpu: { user: number; system: number } };

let child: ReturnType<typeof fork> | undefined;
const { stage, url, model, databaseUrl, close } = await openStage(
  { OPENLEDGER_CALLS_PER_KEY: '64', OPENLEDGER_BATCH_RECEIPTS: process.env.BENCH_BATCH ?? '1024' },
  async (environment) => {
    const served = fork(join(import.meta.dirname, 'served.ts'), [], {
      env: { ...process.env, ...environment },
      execPath: 'taskset',
      execArgv: ['-c', '0', process.execPath, '--expose-gc', ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [])],
    });
    child = served;
    await once(served, 'message');
  },
);
const usage = async (): Promise<Usage> => {
  const answered = once(child as NonNullable<typeof child>, 'message');
  child?.send('usage');
  return ((await answered) as [Usage])[0];
};

const sessions: Session[] = [];
for (let index = 0; index < callers; index += 1)
  sessions.push(await makeSession(stage, await stage.newActor(), { ceiling: 900n * 10n ** 18n }));

const agent = new Agent({ keepAlive: true, maxSockets: callers });
const body = JSON.stringify({ model, messages: [{ role: 'user', content: question }], max_tokens: 16, temperature: 0, seed: 1 });

function call(apiKey: string): Promise<number> {
  const began = performance.now();
  return new Promise((done, failed) => {
    const sent = request(
      `${url}/v1/chat/completions`,
      {
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          authorization: `Bearer ${apiKey}`,
        },
      },
      (response) => {
        let last = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          last = text;
        });
        response.on('end', () =>
          response.statusCode === 200 ? done(performance.now() - began) : failed(new Error(`${response.statusCode}: ${last}`)),
        );
      },
    );
    sent.on('error', failed);
    sent.end(body);
  });
}

/** Has all callers ask until `total` calls are answered. @returns each call's time, ms */
async function load(total: number): Promise<number[]> {
  const times: number[] = [];
  let asked = 0;
  await Promise.all(
    sessions.map(async ({ apiKey }) => {
      while (asked < total) {
        asked += 1;
        times.push(await call(apiKey));
      }
    }),
  );
  return times;
}

await load(warmUp);
const before = await usage();
const began = performance.now();
const times = (await load(calls)).sort((a, b) => a - b);
const seconds = (performance.now() - began) / 1000;
const after = await usage();

const database = new pg.Client({ connectionString: databaseUrl });
await database.connect();
const stored = (
  await database.query('SELECT count(*)::int AS receipts, count(DISTINCT signature)::int AS signatures FROM receipts')
).rows[0] as { receipts: number; signatures: number };
await database.end();
if (stored.receipts !== calls + warmUp || stored.signatures !== stored.receipts)
  throw new Error(`${calls + warmUp} calls were answered and ${stored.receipts} receipts stored: this run says nothing.`);

const round = (value: number): number => Math.round(value * 100) / 100;
const at = (share: number): number => round(times[Math.floor(share * (times.length - 1))] ?? 0);
const perSecond = round(calls / seconds);
const cpu = round((after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000 / calls);
console.log(
  `load of the machine: ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores; the gateway on one of them, callers, database and chain on all`,
);
const measures = [
  {
    measure: 'calls_per_second',
    value: perSecond,
    unit: '1/s',
    goal: `>=${goals.callsPerSecond}`,
    ok: perSecond >= goals.callsPerSecond,
  },
  { measure: 'p50_ms', value: at(0.5), unit: 'ms' },
  { measure: 'p99_ms', value: at(0.99), unit: 'ms', goal: `<=${goals.p99}`, ok: at(0.99) <= goals.p99 },
  { measure: 'cpu_per_call_ms', value: cpu, unit: 'ms' },
  { measure: 'heap_growth_bytes_per_call', value: round((after.heap - before.heap) / calls), unit: 'B' },
  { measure: 'resident_mib', value: round(after.resident / 2 ** 20), unit: 'MiB' },
];
for (const measure of measures) console.log(JSON.stringify({ bench: 'gateway', ...measure }));

child?.kill('SIGTERM');
await once(child as NonNullable<typeof child>, 'exit');
await close();
process.exit(0);
