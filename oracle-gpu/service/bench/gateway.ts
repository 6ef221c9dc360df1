// How many paid calls a second the gateway takes on one core: API key and voucher checked, money set aside, receipt
// computed, signed and stored, answer sent. The engine answers from memory (bench/served.ts); chain, database and
// IPFS node are real and share the other cores with the callers.
//   node oracle-gpu/service/bench/gateway.ts [calls]
// Says on the way what memory it holds: with `1000000` whether that stays flat.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
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
const round = (value: number): number => Math.round(value * 100) / 100;
const mebibytes = (bytes: number): number => round(bytes / 2 ** 20);
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
    served.once('exit', (code) => {
      if (code) throw new Error(`The service ended with code ${code}.`);
    });
    await once(served, 'message');
  },
);
const usage = async (): Promise<Usage> => {
  const answered = once(child as NonNullable<typeof child>, 'message');
  child?.send('usage');
  return ((await answered) as [Usage])[0];
};

const database = new pg.Client({ connectionString: databaseUrl });
await database.connect();
/** Processor time of all of the database's processes that live, ms. */
async function databaseCpu(): Promise<number> {
  const { rows } = await database.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return rows
    .map(({ pid }) => {
      const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
      const [user, system] = fields.split(' ').slice(11, 13).map(Number); // in ticks of 10 ms
      return ((user ?? 0) + (system ?? 0)) * 10;
    })
    .reduce((sum, one) => sum + one, 0);
}

const newSession = async (): Promise<Session> =>
  makeSession(stage, await stage.newActor(), { ceiling: 900n * 10n ** 18n, seconds: 1_000_000 });
const sessions: Session[] = [];
while (sessions.length < callers) sessions.push(await newSession());

const agent = new Agent({ keepAlive: true, maxSockets: callers });
const body = JSON.stringify({ model, messages: [{ role: 'user', content: question }], max_tokens: 16, temperature: 0, seed: 1 });

/** @returns how long the answer took, ms; undefined when the session's money is used up */
function call(apiKey: string): Promise<number | undefined> {
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
        response.on('end', () => {
          if (response.statusCode === 200) done(performance.now() - began);
          else if (response.statusCode === 402) done(undefined);
          else failed(new Error(`${response.statusCode}: ${last}`));
        });
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
    sessions.map(async (_, index) => {
      while (asked < total) {
        asked += 1;
        const time = await call((sessions[index] as Session).apiKey);
        if (time !== undefined) {
          times.push(time);
          continue;
        }
        asked -= 1;
        sessions[index] = await newSession();
      }
    }),
  );
  return times;
}

await load(warmUp);
const before = { ...(await usage()), callers: process.cpuUsage(), database: await databaseCpu() };
const began = performance.now();
let times: number[] = [];
let pauses = 0;
for (const upTo of [...[10_000, 100_000, 200_000, 300_000, 500_000, 700_000].filter((count) => count < calls), calls]) {
  times = times.concat(await load(upTo - times.length));
  const paused = performance.now();
  const { heap, resident } = await usage();
  console.log(`after ${upTo} calls: ${mebibytes(heap)} MiB of heap, ${mebibytes(resident)} MiB resident`);
  pauses += performance.now() - paused;
}
const seconds = (performance.now() - began - pauses) / 1000;
times.sort((a, b) => a - b);
const after = { ...(await usage()), callers: process.cpuUsage(), database: await databaseCpu() };

const stored = (
  await database.query('SELECT count(*)::int AS receipts, count(DISTINCT signature)::int AS signatures FROM receipts')
).rows[0] as { receipts: number; signatures: number };
await database.end();
if (stored.receipts !== calls + warmUp || stored.signatures !== stored.receipts)
  throw new Error(`${calls + warmUp} calls were answered and ${stored.receipts} receipts stored: this run says nothing.`);

const at = (share: number): number => round(times[Math.floor(share * (times.length - 1))] ?? 0);
const perSecond = round(calls / seconds);
const perCall = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage): number =>
  round((to.user + to.system - from.user - from.system) / 1000 / calls);
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
  { measure: 'p95_ms', value: at(0.95), unit: 'ms' },
  { measure: 'p99_ms', value: at(0.99), unit: 'ms', goal: `<=${goals.p99}`, ok: at(0.99) <= goals.p99 },
  { measure: 'max_ms', value: at(1), unit: 'ms' },
  { measure: 'cpu_per_call_ms', value: perCall(before.cpu, after.cpu), unit: 'ms' },
  { measure: 'database_cpu_per_call_ms', value: round((after.database - before.database) / calls), unit: 'ms' },
  { measure: 'callers_cpu_per_call_ms', value: perCall(before.callers, after.callers), unit: 'ms' },
  { measure: 'heap_growth_bytes_per_call', value: round((after.heap - before.heap) / calls), unit: 'B' },
  { measure: 'resident_mib', value: mebibytes(after.resident), unit: 'MiB' },
];
for (const measure of measures) console.log(JSON.stringify({ bench: 'gateway', ...measure }));

child?.kill('SIGTERM');
await once(child as NonNullable<typeof child>, 'exit');
await close();
process.exit(0);
