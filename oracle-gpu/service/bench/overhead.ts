// What the gateway adds to a call beyond generation: session and voucher check, money set aside, receipt computed,
// stored and signed. A real chain, database and IPFS node; the engine is a double that answers at once, so that the
// engine's own time, taken alone in the same run, can be subtracted call by call.
import { cpus, loadavg } from 'node:os';
import { readConfig } from '../src/config.ts';
import { openLog } from '../src/log.ts';
import { startService } from '../src/service.ts';
import { makeSession } from '../test/support/story.ts';
import { openStage, question } from './stage.ts';

const warmUp = 100;
const rounds = 300;
const goal = 5; // ms at the median

let service: Awaited<ReturnType<typeof startService>> | undefined;
const { stage, engine, url, model, adapter, close } = await openStage({}, async (environment) => {
  service = await startService(readConfig(environment), openLog('error'));
});
const { apiKey } = await makeSession(stage, await stage.newActor(), { ceiling: 500n * 10n ** 18n });

const messages = [{ role: 'user', content: question }];
const post = async (url: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.headers.get('content-type')?.includes('json') ? response.json() : response.text();
};
const throughGateway = () =>
  post(`${url}/v1/chat/completions`, { model, messages, max_tokens: 16, temperature: 0 }, { authorization: `Bearer ${apiKey}` });
/** The same three questions to the engine that the gateway asks. */
const engineAlone = async (): Promise<void> => {
  await post(`${engine.url}/v1/tokenize`, { messages });
  const stream = String(
    await post(`${engine.url}/v1/generate`, { adapter, messages, maxTokens: 16, temperature: 0, topP: 1, seed: 0, stop: [] }),
  );
  const done = JSON.parse(stream.split('event: done\ndata: ')[1] ?? '{}') as { promptTokenIds: number[]; tokenIds: number[] };
  await post(`${engine.url}/v1/attribute`, { adapter, promptTokenIds: done.promptTokenIds, tokenIds: done.tokenIds, top: 32 });
};
type Spent = { wall: number; cpu: number }; // ms; cpu of this process: service and double, without database and chain
const time = async (work: () => Promise<unknown>): Promise<Spent> => {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - start, cpu: (user + system) / 1000 };
};

const overheads: Spent[] = [];
for (let round = 0; round < warmUp + rounds; round += 1) {
  const alone = await time(engineAlone);
  const whole = await time(throughGateway);
  if (round >= warmUp) overheads.push({ wall: whole.wall - alone.wall, cpu: whole.cpu - alone.cpu });
}
const at = (share: number, of: keyof Spent): number => {
  const sorted = overheads.map((spent) => spent[of]).sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 100) / 100;
};
const median = at(0.5, 'wall');

console.log(
  `load of the machine: ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores (above one a core, times are those of a crowd)`,
);
console.log(
  `gateway overhead over ${rounds} calls: median ${median} ms, 95 % ${at(0.95, 'wall')} ms; processor time ${at(0.5, 'cpu')} ms`,
);
const measures = [
  { measure: 'gateway_overhead_p95_ms', value: at(0.95, 'wall'), unit: 'ms' },
  { measure: 'gateway_overhead_cpu_ms', value: at(0.5, 'cpu'), unit: 'ms' },
  { measure: 'gateway_overhead_ms', value: median, unit: 'ms', goal: `<=${goal}`, ok: median <= goal },
];
for (const measure of measures) console.log(JSON.stringify({ bench: 'loop', ...measure }));

await service?.stop();
await close();
process.exit(0);
