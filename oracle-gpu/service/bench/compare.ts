// Two versions of the gateway in turns, on one machine in one hour, since what else runs there changes every figure:
//   node oracle-gpu/service/bench/compare.ts OTHER_CHECKOUT/oracle-gpu/service/bench/served.ts [rounds] [calls]
// Prints of each round what both took, and at the end the median ratio of this version to the other one.
import { join } from 'node:path';
import { openDatabaseView } from './database.ts';
import { openLoad } from './load.ts';
import { type ServedProcess, startServed } from './process.ts';
import { openStage } from './stage.ts';

const [, , other, rounds = '5', calls = '4000'] = process.argv;
if (!other) throw new Error('Name the other version: the path of its oracle-gpu/service/bench/served.ts.');
const warmUp = 2_000;
const own = join(import.meta.dirname, 'served.ts');

let environment: Record<string, string> = {};
let service: ServedProcess | undefined;
const opened = await openStage(
  { OPENLEDGER_CALLS_PER_KEY: '64', OPENLEDGER_BATCH_RECEIPTS: process.env.BENCH_BATCH ?? '1000000' },
  async (made) => {
    environment = made;
    service = await startServed(environment);
  },
);
const load = await openLoad(opened);
await service?.stop();
const database = await openDatabaseView(opened.databaseUrl);

type Taken = { cpu: number; database: number; wall: number; p99: number }; // ms a call
async function measure(served: string): Promise<Taken> {
  const { usage, stop } = await startServed(environment, served);
  await load(warmUp);
  const before = { ...(await usage()), database: await database.cpu() };
  const began = performance.now();
  const times = (await load(Number(calls))).sort((a, b) => a - b);
  const wall = performance.now() - began;
  const after = { ...(await usage()), database: await database.cpu() };
  await stop();
  const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1000;
  return {
    cpu: cpu / Number(calls),
    database: (after.database - before.database) / Number(calls),
    wall: wall / Number(calls),
    p99: times[Math.floor(0.99 * (times.length - 1))] ?? 0,
  };
}

const show = (taken: Taken): string =>
  Object.entries(taken)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join(', ');
const pairs: { mine: Taken; theirs: Taken }[] = [];
for (let index = 0; index < Number(rounds); index += 1) {
  // The first of a pair is another one each time.
  const first = await measure(index % 2 === 0 ? own : other);
  const second = await measure(index % 2 === 0 ? other : own);
  const pair = index % 2 === 0 ? { mine: first, theirs: second } : { mine: second, theirs: first };
  pairs.push(pair);
  console.log(`round ${index + 1}: this one ${show(pair.mine)}; the other ${show(pair.theirs)}`);
}
for (const name of ['cpu', 'database', 'wall', 'p99'] as const) {
  const ratios = pairs.map(({ mine, theirs }) => mine[name] / theirs[name]).sort((a, b) => a - b);
  const median = Math.round((ratios[Math.floor(ratios.length / 2)] ?? 0) * 1000) / 1000;
  console.log(JSON.stringify({ bench: 'gateway-compare', measure: `${name}_ratio`, value: median, unit: '' }));
}

await database.close();
await opened.close();
process.exit(0);
