// How many paid calls a second the gateway takes on one core: API key and voucher checked, money set aside, receipt
// computed, signed and stored, answer sent. The engine answers from memory (bench/served.ts); chain, database and
// IPFS node are real and share the other cores with the callers.
//   node oracle-gpu/service/bench/gateway.ts [calls]
// With `BENCH_APART=1` everything else keeps off the gateway's core; without, it runs on all of them.
// Says on the way what memory it holds: with `1000000` whether that stays flat.
import { cpus, loadavg } from 'node:os';
import { openDatabaseView } from './database.ts';
import { openLoad } from './load.ts';
import { leaveServiceCore, type ServedProcess, startServed } from './process.ts';
import { openStage } from './stage.ts';

const calls = Number(process.argv[2] ?? 20_000);
const warmUp = 2_000;
const round = (value: number): number => Math.round(value * 100) / 100;
const mebibytes = (bytes: number): number => round(bytes / 2 ** 20);
const goals = { callsPerSecond: 1_500, p99: 20 };

const isApart = process.env.BENCH_APART === '1';
if (isApart) leaveServiceCore();

let service: ServedProcess | undefined;
const opened = await openStage(
  { OPENLEDGER_CALLS_PER_KEY: '64', OPENLEDGER_BATCH_RECEIPTS: process.env.BENCH_BATCH ?? '1024' },
  async (environment) => {
    service = await startServed(environment);
  },
);
if (!service) throw new Error('The service was not started.');
const { usage, stop } = service;
const database = await openDatabaseView(opened.databaseUrl);
const load = await openLoad(opened);

await load(warmUp);
const before = { ...(await usage()), callers: process.cpuUsage(), database: await database.cpu() };
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
const after = { ...(await usage()), callers: process.cpuUsage(), database: await database.cpu() };

const stored = await database.stored();
await database.close();
if (stored.receipts !== calls + warmUp || stored.signatures !== stored.receipts)
  throw new Error(`${calls + warmUp} calls were answered and ${stored.receipts} receipts stored: this run says nothing.`);

const at = (share: number): number => round(times[Math.floor(share * (times.length - 1))] ?? 0);
const perSecond = round(calls / seconds);
const perCall = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage): number =>
  round((to.user + to.system - from.user - from.system) / 1000 / calls);
console.log(
  `load of the machine: ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores; the gateway on one of them, callers, database and chain on ${isApart ? 'the others' : 'all'}`,
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
  { measure: 'settled_receipts', value: stored.settled, unit: '' },
  { measure: 'stored_bytes_per_call', value: Math.round(stored.bytes / stored.receipts), unit: 'B' },
];
for (const measure of measures) console.log(JSON.stringify({ bench: 'gateway', ...measure }));

await stop();
await opened.close();
process.exit(0);
